//! What must be true of the whole.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    closest,
    duration::Seconds,
    hours::{self, Hours},
    item::Kind,
    model::{
        ABOUT_TOKENS, Algorithm, Centre, Key, MAX_KEYS, MAX_VARIABLES, Overflow, Queue, Site,
        Target, USUAL,
    },
    template,
};

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Where in the file: `queues[0].name`.
    pub path: String,
    /// What, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { path: path.into(), message: message.into() });
    }

    fn unless(&mut self, right: bool, path: impl Into<String>, message: impl Into<String>) {
        if !right {
            self.add(path, message);
        }
    }

    fn number(&mut self, path: impl Into<String>, value: u64, least: u64, most: u64) {
        let path = path.into();
        let unit = if path.ends_with("_seconds") {
            format!(" seconds ({})", Seconds(most))
        } else {
            String::new()
        };
        self.unless(
            (least..=most).contains(&value),
            path,
            format!("must be between {least} and {most}{unit}"),
        );
    }

    fn short_name(&mut self, path: String, id: &str) {
        self.unless(is_short_name(id), path, "must be 1 to 64 of a–z, 0–9, - and _");
    }

    fn title(&mut self, path: String, text: &str) {
        if text.trim().is_empty() {
            self.add(path, "must not be empty");
        } else if text.chars().count() > 200 || text.chars().any(char::is_control) {
            self.add(path, "must be one line of at most 200 characters");
        } else if text.chars().any(crate::reply::turns_text) {
            self.add(path, "must not have characters that turn the direction of writing");
        }
    }

    fn text(&mut self, path: String, text: &str) {
        self.unless(text.chars().count() <= 4000, path, "must have at most 4000 characters");
    }

    fn user(&mut self, path: String, id: &str) {
        let valid = ruma_identifiers_validation::user_id::validate(id).is_ok();
        self.unless(valid, path, "must be a full Matrix user id such as @anna:example.org");
    }

    fn twice<'a>(&mut self, list: &str, field: &str, values: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (n, value) in values.enumerate() {
            let new = seen.insert(value.trim().to_lowercase());
            self.unless(
                new,
                format!("{list}[{n}].{field}"),
                format!("“{value}” is the {field} of another one already"),
            );
        }
    }
}

/// Whether this can be the id of something: 1 to 64 of `a–z 0–9 - _`.
#[must_use]
pub fn is_short_name(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}

impl Centre {
    /// Everything that is wrong, in the order of the file.
    #[must_use]
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        let p = &mut problems;
        p.unless(hours::zone(&self.time_zone).is_some(), "time_zone", no_zone(&self.time_zone));
        p.number("misses", self.misses.into(), 0, 100);
        p.unless(!self.queues.is_empty(), "queues", "there must be at least one");
        p.twice("queues", "id", self.queues.iter().map(|q| q.id.as_str()));
        p.twice("queues", "name", self.queues.iter().map(|q| q.name.as_str()));
        for (n, queue) in self.queues.iter().enumerate() {
            self.queue_problems(p, &format!("queues[{n}]"), queue);
        }
        self.overflow_loops(p);
        self.people_problems(p);
        p.twice("sites", "id", self.sites.iter().map(|s| s.id.as_str()));
        for (n, site) in self.sites.iter().enumerate() {
            let at = format!("sites[{n}]");
            site_problems(p, &at, site);
            p.unless(!site.queues.is_empty(), format!("{at}.queues"), "must name a queue");
            self.queue_names(p, &format!("{at}.queues"), &site.queues);
        }
        p.twice("messages", "id", self.messages.iter().map(|m| m.id.as_str()));
        for (n, message) in self.messages.iter().enumerate() {
            let at = format!("messages[{n}]");
            p.short_name(format!("{at}.id"), &message.id);
            p.title(format!("{at}.title"), &message.title);
            if !message.group.is_empty() {
                p.title(format!("{at}.group"), &message.group);
            }
            p.unless(!message.text.trim().is_empty(), format!("{at}.text"), "must not be empty");
            p.text(format!("{at}.text"), &message.text);
            if let Err(error) = template::parse(&message.text) {
                p.add(format!("{at}.text"), error);
            }
            self.queue_names(p, &format!("{at}.queues"), &message.queues);
        }
        problems.0
    }

    /// What is allowed but hardly meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let profiles = self.effective_profiles();
        for queue in &self.queues {
            if !profiles.iter().any(|p| p.queues.iter().any(|s| s.queue == queue.id)) {
                warnings.push(format!(
                    "no profile has queue `{}`, so nobody is asked for its chats: \
                     `!profile serve PROFILE {0}`",
                    queue.id
                ));
            }
        }
        for site in &self.sites {
            for key in site.keys.iter().filter(|key| !key.is_usable()) {
                warnings.push(format!(
                    "key `{}` of site `{}` came without its secret, so nothing signed with it is \
                     believed: `!site key rotate {1}` makes a new one",
                    key.id, site.id
                ));
            }
        }
        if self.administrators.is_empty() {
            warnings.push("there is no administrator, so nobody is told of problems".to_owned());
        }
        warnings
    }

    /// A place in the file in words: `queues[0].name` is “queue `sales`, name”.
    #[must_use]
    pub fn in_words(&self, problem: &Problem) -> String {
        let named = Kind::LISTS.iter().find_map(|(kind, list)| {
            let (number, rest) =
                problem.path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
            let number: usize = number.parse().ok()?;
            let item = self.items().into_iter().filter(|item| item.kind == *kind).nth(number)?;
            let rest = rest.trim_start_matches('.');
            let rest = rest.strip_suffix("_seconds").unwrap_or(rest).replace(['_', '.'], " ");
            Some(if rest.is_empty() { item.to_string() } else { format!("{item}, {rest}") })
        });
        let place = named.unwrap_or_else(|| problem.path.replace('_', " "));
        format!("{place}: {}", problem.message)
    }

    fn queue_problems(&self, p: &mut Problems, at: &str, queue: &Queue) {
        p.short_name(format!("{at}.id"), &queue.id);
        p.title(format!("{at}.name"), &queue.name);
        for (field, value, least, most) in [
            ("request_timeout_seconds", queue.request_timeout_seconds, 1, 3600),
            ("second_round_after_seconds", queue.second_round_after_seconds, 0, 3600),
            ("max_wait_seconds", queue.max_wait_seconds, 0, 604_800),
            ("return_grace_seconds", queue.return_grace_seconds, 0, 3600),
            ("close_after_seconds", queue.close_after_seconds, 0, 604_800),
            ("max_length", queue.max_length.into(), 1, 100_000),
            ("max_pending_messages", queue.max_pending_messages.into(), 1, 1000),
            ("retention_days", queue.retention_days.into(), 0, 36_500),
        ] {
            p.number(format!("{at}.{field}"), value, least, most);
        }
        p.text(format!("{at}.greeting"), &queue.greeting);
        p.text(format!("{at}.closed_text"), &queue.closed_text);
        if let Some(Overflow { after_seconds, when_nobody_ready, to }) = &queue.overflow {
            let at = format!("{at}.overflow");
            if let Some(after) = after_seconds {
                p.number(format!("{at}.after_seconds"), *after, 1, 604_800);
            }
            p.unless(
                after_seconds.is_some() || *when_nobody_ready,
                at.as_str(),
                "never happens: say after how long, or when nobody is ready",
            );
            if let Target::Queue(id) = to {
                self.queue_names(p, &format!("{at}.to"), std::slice::from_ref(id));
            }
        }
        if let Some(hours) = &queue.hours {
            hours_problems(p, &format!("{at}.hours"), hours);
        }
    }

    fn overflow_loops(&self, p: &mut Problems) {
        let next = |queue: &Queue| match queue.overflow.as_ref().map(|o| &o.to) {
            Some(Target::Queue(id)) => self.queues.iter().position(|q| q.id == *id),
            _ => None,
        };
        for (n, queue) in self.queues.iter().enumerate() {
            let mut way = vec![n];
            while let Some(to) = next(&self.queues[way[way.len() - 1]]) {
                if to == n && way.iter().all(|&on_it| on_it >= n) {
                    let names: Vec<_> =
                        way.iter().map(|&on_it| self.queues[on_it].id.as_str()).collect();
                    p.add(
                        format!("queues[{n}].overflow.to"),
                        format!("chats would go round: {} → {}", names.join(" → "), queue.id),
                    );
                }
                if way.contains(&to) {
                    break;
                }
                way.push(to);
            }
        }
    }

    fn queue_names(&self, p: &mut Problems, at: &str, names: &[String]) {
        let mut seen = BTreeSet::new();
        for name in names {
            if self.queue(name).is_none() {
                let all = self.queues.iter().map(|q| q.id.as_str());
                p.add(at, format!("there is no queue `{name}`{}", closest::hint(name, all)));
            } else if !seen.insert(name) {
                p.add(at, format!("names queue `{name}` twice"));
            }
        }
    }

    fn people_problems(&self, p: &mut Problems) {
        p.twice("profiles", "id", self.profiles.iter().map(|x| x.id.as_str()));
        p.twice("profiles", "name", self.profiles.iter().map(|x| x.name.as_str()));
        for (n, profile) in self.profiles.iter().enumerate() {
            let at = format!("profiles[{n}]");
            p.short_name(format!("{at}.id"), &profile.id);
            p.title(format!("{at}.name"), &profile.name);
            p.unless(!profile.queues.is_empty(), format!("{at}.queues"), "must have a queue");
            let names: Vec<_> = profile.queues.iter().map(|s| s.queue.clone()).collect();
            self.queue_names(p, &format!("{at}.queues"), &names);
            for (m, served) in profile.queues.iter().enumerate() {
                p.number(format!("{at}.queues[{m}].priority"), served.priority.into(), 1, 9);
                p.number(
                    format!("{at}.queues[{m}].delay_seconds"),
                    served.delay_seconds,
                    0,
                    86_400,
                );
            }
        }
        p.twice("agents", "id", self.agents.iter().map(|x| x.id.as_str()));
        let profiles = self.effective_profiles();
        for (n, agent) in self.agents.iter().enumerate() {
            let at = format!("agents[{n}]");
            p.user(format!("{at}.id"), &agent.id);
            p.title(format!("{at}.name"), &agent.name);
            p.number(format!("{at}.capacity"), agent.capacity.into(), 1, 100);
            for id in &agent.profiles {
                if !profiles.iter().any(|profile| profile.id == *id) {
                    let all = profiles.iter().map(|profile| profile.id.as_str());
                    let hint = closest::hint(id, all);
                    p.add(format!("{at}.profiles"), format!("there is no profile `{id}`{hint}"));
                }
            }
        }
        p.twice("administrators", "id", self.administrators.iter().map(|x| x.id.as_str()));
        for (n, administrator) in self.administrators.iter().enumerate() {
            p.user(format!("administrators[{n}].id"), &administrator.id);
        }
        p.twice("supervisors", "id", self.supervisors.iter().map(|x| x.id.as_str()));
        for (n, supervisor) in self.supervisors.iter().enumerate() {
            p.user(format!("supervisors[{n}].id"), &supervisor.id);
            self.queue_names(p, &format!("supervisors[{n}].queues"), &supervisor.queues);
        }
    }
}

fn no_zone(name: &str) -> String {
    format!("“{name}” is no time zone: write a name such as Europe/Berlin or UTC")
}

/// Whether one of the widget's words can be called that: names in camel case, joined by dots.
fn is_word(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    name.len() <= 64 && name.split('.').all(part)
}

fn hours_problems(p: &mut Problems, at: &str, hours: &Hours) {
    if let Some(name) = &hours.time_zone {
        p.unless(hours::zone(name).is_some(), format!("{at}.time_zone"), no_zone(name));
    }
    for (n, opening) in hours.week.iter().enumerate() {
        for earlier in &hours.week[..n] {
            let overlap = opening
                .ranges
                .iter()
                .any(|a| earlier.ranges.iter().any(|b| a.from < b.to && b.from < a.to));
            if let (true, Some(day)) = (overlap, opening.shared_day(earlier)) {
                p.add(
                    format!("{at}.week[{n}]"),
                    format!("“{opening}” and “{earlier}” overlap on {day}"),
                );
            }
        }
    }
    p.number(format!("{at}.exceptions"), hours.exceptions.len() as u64, 0, 1000);
    let mut dates = BTreeSet::new();
    for (n, exception) in hours.exceptions.iter().enumerate() {
        let new = dates.insert(exception.date);
        p.unless(new, format!("{at}.exceptions[{n}].date"), "is there twice");
    }
}

fn site_problems(p: &mut Problems, at: &str, site: &Site) {
    let id_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let id = (1..=64).contains(&site.id.len()) && site.id.bytes().all(id_byte);
    p.unless(id, format!("{at}.id"), "must be 1 to 64 of a–z, 0–9 and -");
    p.unless(site.id != "assets", format!("{at}.id"), "is taken by the widget's own files");
    p.title(format!("{at}.title"), &site.title);
    p.text(format!("{at}.greeting"), &site.greeting);
    let colour = site.colour.strip_prefix('#').unwrap_or_default();
    let colour = colour.len() == 6 && colour.bytes().all(|byte| byte.is_ascii_hexdigit());
    p.unless(colour, format!("{at}.colour"), "must look like #0b5cad");
    for (n, origin) in site.origins.iter().enumerate() {
        if let Err(message) = check_origin(origin) {
            p.add(format!("{at}.origins[{n}]"), message);
        }
    }
    for (name, text) in &site.texts {
        p.unless(
            is_word(name),
            format!("{at}.texts.{name}"),
            "is none of the widget's words: they are named like `send` and `ended.agent`",
        );
        p.text(format!("{at}.texts.{name}"), text);
    }
    variable_problems(p, at, site);
    p.unless(
        site.keys.len() <= MAX_KEYS,
        format!("{at}.keys"),
        "at most two keys are live: remove the one that is no longer used",
    );
    p.twice(&format!("{at}.keys"), "id", site.keys.iter().map(|key| key.id.as_str()));
    for (n, key) in site.keys.iter().enumerate() {
        key_problems(p, &format!("{at}.keys[{n}]"), key);
    }
}

fn variable_problems(p: &mut Problems, at: &str, site: &Site) {
    p.unless(
        site.variables.len() <= MAX_VARIABLES,
        format!("{at}.variables"),
        "at most twelve are declared",
    );
    for (name, label) in &site.variables {
        let byte = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let good = name.len() <= 32
            && name.bytes().all(byte)
            && name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        let at = format!("{at}.variables.{name}");
        p.unless(good, at.clone(), "must be a letter and up to 31 more letters, digits, - and _");
        let usual = USUAL.iter().any(|(usual, _)| usual == name);
        p.unless(!usual, at.clone(), "is there without being declared");
        let token = ABOUT_TOKENS.contains(&name.as_str());
        p.unless(!token, at.clone(), "is about the token, not about the customer (RFC 7519)");
        p.title(at, label);
    }
}

fn key_problems(p: &mut Problems, at: &str, key: &Key) {
    p.short_name(format!("{at}.id"), &key.id);
    let base64 = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    match key.algorithm {
        Algorithm::Hs256 => {
            let good = key
                .secret
                .as_ref()
                .is_none_or(|s| (43..=512).contains(&s.reveal().len()) && base64(s.reveal()));
            p.unless(good, format!("{at}.secret"), "must be at least 32 bytes as base64url");
            let none = key.public_key.is_none();
            p.unless(none, format!("{at}.public_key"), "is for eddsa keys; hs256 has a secret");
        }
        Algorithm::Eddsa => {
            let good = key.public_key.as_ref().is_some_and(|k| k.len() == 43 && base64(k));
            p.unless(
                good,
                format!("{at}.public_key"),
                "must be the 32 bytes of an Ed25519 public key as base64url without padding",
            );
            let none = key.secret.is_none();
            p.unless(none, format!("{at}.secret"), "is for hs256 keys; the site keeps this one's");
        }
    }
    let added = key.added.is_empty() || key.added.parse::<jiff::Timestamp>().is_ok();
    p.unless(added, format!("{at}.added"), "must be a time such as 2026-11-24T10:00:00Z");
}

/// An origin must be written as browsers write it, so that comparing bytes is enough.
fn check_origin(origin: &str) -> Result<(), String> {
    let form = || "must be an exact origin such as https://shop.example".to_owned();
    let url = Url::parse(origin).map_err(|_| form())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(form());
    }
    let exact = url.origin().ascii_serialization();
    if exact == origin { Ok(()) } else { Err(format!("must be written as {exact}")) }
}
