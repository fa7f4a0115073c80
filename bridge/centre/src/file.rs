//! The file form: the tables of the bridge's configuration file that administrators manage.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::{
    closest,
    difference::{self, Difference},
    model::Centre,
    validate::Problem,
};

/// The other tables of the configuration file. An import leaves them alone.
const ELSEWHERE: [&str; 8] =
    ["homeserver", "appservice", "gateway", "operations", "store", "files", "log", "spaces"];

/// The names of the settings and tables here, in the order of the file.
pub const TABLES: [&str; 9] = [
    "time_zone",
    "misses",
    "queues",
    "profiles",
    "agents",
    "administrators",
    "supervisors",
    "sites",
    "messages",
];

/// What an import would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How everything would be.
    pub centre: Centre,
    /// What would change.
    pub differences: Vec<Difference>,
    /// What is allowed but hardly meant.
    pub warnings: Vec<String>,
    /// How everything was when it was made.
    pub base: Box<Centre>,
}

impl Centre {
    /// The file. It has no secrets: keys are in it without them.
    #[must_use]
    pub fn export(&self) -> String {
        let mut open = self.clone();
        for key in open.sites.iter_mut().flat_map(|site| &mut site.keys) {
            key.secret = None;
        }
        // Our types have string keys and no values that TOML cannot hold, so this does not fail.
        let tables = toml::to_string_pretty(&open).unwrap_or_default();
        format!(
            "# Queues, profiles, people, sites and predefined messages, as exported. The bridge can\n\
             # start from this together with its other settings. Secrets of keys are not in it.\n\n\
             {tables}"
        )
    }

    /// Reads a file; everything that is wrong with it is told at once. Tables that concern the
    /// bridge itself (`homeserver` and so on) are passed over.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Problem>> {
        Self::read(text).and_then(|centre| {
            let problems = centre.validate();
            if problems.is_empty() { Ok(centre) } else { Err(problems) }
        })
    }

    /// What reading a file in the place of everything would do. A key that has no secret in the
    /// file keeps the one that is stored.
    pub fn import(&self, text: &str) -> Result<Plan, Vec<Problem>> {
        let mut centre = Self::read(text)?;
        centre.keep_secrets_of(self);
        let mut problems = centre.validate();
        if centre.administrators.is_empty() && !self.administrators.is_empty() {
            problems.push(Problem {
                path: "administrators".to_owned(),
                message: "there must be at least one, or nobody could undo this".to_owned(),
            });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let differences = difference::compare(self, &centre);
        let warnings = centre.warnings();
        Ok(Plan { centre, differences, warnings, base: Box::new(self.clone()) })
    }

    /// Gives the keys that came from a file without their secrets those of `stored`.
    pub fn keep_secrets_of(&mut self, stored: &Self) {
        for site in &mut self.sites {
            let Some(stored) = stored.site(&site.id) else { continue };
            for key in site.keys.iter_mut().filter(|key| key.secret.is_none()) {
                let same =
                    stored.keys.iter().find(|k| (&k.id, k.algorithm) == (&key.id, key.algorithm));
                key.secret = same.and_then(|key| key.secret.clone());
            }
        }
    }

    fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let mut table: Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text.get(..span.start).unwrap_or_default().matches('\n').count() + 1
            });
            vec![Problem { path: format!("line {line}"), message: error.message().to_owned() }]
        })?;
        let mut problems = Vec::new();
        let p = &mut problems;
        let default = Self::default();
        let centre = Self {
            time_zone: one(&mut table, "time_zone", p).unwrap_or(default.time_zone),
            misses: one(&mut table, "misses", p).unwrap_or(default.misses),
            queues: list(&mut table, "queues", p),
            profiles: list(&mut table, "profiles", p),
            agents: list(&mut table, "agents", p),
            administrators: list(&mut table, "administrators", p),
            supervisors: list(&mut table, "supervisors", p),
            sites: list(&mut table, "sites", p),
            messages: list(&mut table, "messages", p),
        };
        for name in table.keys().filter(|name| !ELSEWHERE.contains(&name.as_str())) {
            let known = TABLES.into_iter().chain(ELSEWHERE);
            let message = format!("is no known setting{}", closest::hint(name, known));
            p.push(Problem { path: name.clone(), message });
        }
        if problems.is_empty() { Ok(centre) } else { Err(problems) }
    }
}

fn one<T: DeserializeOwned>(table: &mut Table, name: &str, p: &mut Vec<Problem>) -> Option<T> {
    read_value(table.remove(name)?, name, p)
}

fn list<T: DeserializeOwned>(table: &mut Table, name: &str, p: &mut Vec<Problem>) -> Vec<T> {
    match table.remove(name) {
        None => Vec::new(),
        Some(Value::Array(entries)) => entries
            .into_iter()
            .enumerate()
            .filter_map(|(n, entry)| read_value(entry, &format!("{name}[{n}]"), p))
            .collect(),
        Some(_) => {
            let message = format!("must be a list: each begins with [[{name}]]");
            p.push(Problem { path: name.to_owned(), message });
            Vec::new()
        }
    }
}

fn read_value<T: DeserializeOwned>(value: Value, at: &str, p: &mut Vec<Problem>) -> Option<T> {
    match serde_path_to_error::deserialize(value) {
        Ok(value) => Some(value),
        Err(error) => {
            let inside = error.path().to_string();
            let error: toml::de::Error = error.into_inner();
            let path = match inside.as_str() {
                "." => at.to_owned(),
                inside => format!("{at}.{inside}"),
            };
            p.push(Problem { path, message: plainly(error.message()) });
            None
        }
    }
}

/// What the parser says, in our words.
fn plainly(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.starts_with("unknown field")
        && let [wrong, right @ ..] = quoted.as_slice()
    {
        let right = right.iter().copied();
        return format!("there is no setting `{wrong}`{}", closest::hint(wrong, right));
    }
    if message.starts_with("unknown variant")
        && let [wrong, right @ ..] = quoted.as_slice()
    {
        return format!("“{wrong}” is none of {}", right.join(", "));
    }
    if message.starts_with("missing field")
        && let [name] = quoted.as_slice()
    {
        return format!("`{name}` is missing");
    }
    if message.contains("integer `-") {
        return "must not be negative".to_owned();
    }
    if message.starts_with("invalid value: integer") {
        return "is too large".to_owned();
    }
    [", expected u64", ", expected u32", ", expected u8"]
        .iter()
        .fold(message.to_owned(), |text, end| text.replace(end, ", expected a whole number"))
}
