//! What changed from what to what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    duration::Seconds,
    item::{Item, Snapshot},
    model::Centre,
};

/// What changed about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Which thing.
    pub item: Item,
    /// What became of it.
    pub what: What,
    /// Its settings that differ, in alphabetical order.
    pub fields: Vec<Field>,
}

/// What became of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// Its settings changed.
    Changed,
    /// It is gone.
    Removed,
}

/// A setting that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, as people say it.
    pub name: String,
    /// What it was.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Added => "added",
            What::Changed => "changed",
            What::Removed => "removed",
        };
        write!(f, "{} {what}", self.item)?;
        for field in &self.fields {
            match (&field.from, self.what) {
                (Some(was), What::Removed) => write!(f, "\n  {}: {was}", field.name)?,
                _ => write!(f, "\n  {field}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{}: {from} → {to}", self.name),
            (None, Some(to)) => write!(f, "{}: {to}", self.name),
            (Some(from), None) => write!(f, "{}: {from} → (not set)", self.name),
            (None, None) => f.write_str(&self.name),
        }
    }
}

/// What differs between two pictures of a thing.
#[must_use]
pub fn between(old: &Snapshot, new: &Snapshot) -> Option<Difference> {
    let what = match (&old.value, &new.value) {
        (None, Some(_)) => What::Added,
        (Some(_), None) => What::Removed,
        (Some(old), Some(new)) if old != new => What::Changed,
        _ => return None,
    };
    let (before, after) = (flat(old.value.as_ref()), flat(new.value.as_ref()));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    let fields = names
        .into_iter()
        .filter(|name| name != "id" && before.get(name) != after.get(name))
        .map(|name| {
            let (from, to) = (before.get(&name).cloned(), after.get(&name).cloned());
            Field { name, from, to }
        })
        .collect();
    Some(Difference { item: new.item.clone(), what, fields })
}

/// What differs between two centres: changes and additions, then removals.
#[must_use]
pub fn compare(old: &Centre, new: &Centre) -> Vec<Difference> {
    let now = new.items();
    let gone = old.items().into_iter().filter(|item| !now.contains(item)).collect::<Vec<_>>();
    now.iter()
        .chain(&gone)
        .filter_map(|item| between(&old.snapshot(item), &new.snapshot(item)))
        .collect()
}

/// A picture as names and values.
#[must_use]
pub fn flat(value: Option<&Value>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    if let Some(value) = value {
        flatten(value, "", &mut out);
    }
    out
}

fn flatten(value: &Value, name: &str, out: &mut BTreeMap<String, String>) {
    let join = |part: &str| {
        let part = part.strip_suffix("_seconds").unwrap_or(part).replace('_', " ");
        if name.is_empty() { part } else { format!("{name} {part}") }
    };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.ends_with("_seconds"), value.as_u64()) {
                    (true, Some(0)) if key == "max_wait_seconds" => {
                        out.insert(join(key), "never".to_owned());
                    }
                    (true, Some(seconds)) => {
                        out.insert(join(key), Seconds(seconds).to_string());
                    }
                    _ => flatten(value, &join(key), out),
                }
            }
        }
        Value::Array(entries) if entries.iter().any(Value::is_object) => {
            for (n, entry) in entries.iter().enumerate() {
                let key = ["id", "queue", "date"].iter().find_map(|key| entry[key].as_str());
                let mut entry = entry.clone();
                if let Some(fields) = entry.as_object_mut() {
                    fields.retain(|name, _| !matches!(name.as_str(), "id" | "queue" | "date"));
                }
                let n = (n + 1).to_string();
                flatten(&entry, &format!("{name} {}", key.unwrap_or(&n)), out);
            }
        }
        Value::Array(entries) => {
            let texts: Vec<_> = entries.iter().map(scalar).collect();
            out.insert(name.to_owned(), texts.join(", "));
        }
        _ => {
            out.insert(name.to_owned(), scalar(value));
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
