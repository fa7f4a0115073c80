//! What the values of the configuration must be.

use std::collections::BTreeSet;

use url::Url;

use super::{Config, Problem};
use crate::identity::InvalidNamespace;

impl Config {
    /// Everything that is wrong with the values.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        let p = &mut problems;
        web_address(p, "homeserver.url", &self.homeserver.url);
        web_address(p, "appservice.url", &self.appservice.url);
        if let Err(error) = self.namespace() {
            let path = match &error {
                InvalidNamespace::Server(..) => "homeserver.server_name",
                InvalidNamespace::Prefix(_) => "appservice.prefix",
            };
            p.add(path, error.to_string());
        }
        if self.appservice.id.trim().is_empty() {
            p.add("appservice.id", "must not be empty");
        }
        let token_text = |t: &str| t.bytes().all(|b| b.is_ascii_graphic());
        for (path, secret) in [
            ("appservice.as_token", &self.appservice.as_token),
            ("appservice.hs_token", &self.appservice.hs_token),
        ] {
            if secret.reveal().len() < 32 || !token_text(secret.reveal()) {
                p.add(path, "must be at least 32 random characters without spaces; try `openssl rand -hex 32`");
            }
        }
        if self.appservice.as_token.reveal() == self.appservice.hs_token.reveal() {
            p.add("appservice.hs_token", "must differ from as_token");
        }
        if let Err(found) = self.gateway.validate() {
            for problem in found {
                p.add(format!("gateway.{}", problem.path), problem.message);
            }
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.level).is_err() {
            p.add("log.level", "must be a level such as info, or levels by module");
        }
        self.queue_problems(p);
        self.people_problems(p);
        if self.sites.is_empty() {
            p.add("sites", "there must be at least one");
        }
        let mut sites = BTreeSet::new();
        for (n, site) in self.sites.iter().enumerate() {
            if let Err(found) = site.validate() {
                for problem in found {
                    p.add(format!("sites[{n}].{}", problem.path), problem.message);
                }
            }
            if !sites.insert(&site.id) {
                p.add(format!("sites[{n}].id"), "is used by another site");
            }
            if !self.queues.iter().any(|queue| queue.id == site.queue) {
                p.add(format!("sites[{n}].queue"), "there is no queue with this id");
            }
        }
        problems.0
    }

    fn queue_problems(&self, p: &mut Problems) {
        if self.queues.is_empty() {
            p.add("queues", "there must be at least one");
        }
        let mut ids = BTreeSet::new();
        for (n, queue) in self.queues.iter().enumerate() {
            let at = |field: &str| format!("queues[{n}].{field}");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
            if !(1..=64).contains(&queue.id.len()) || !queue.id.bytes().all(plain) {
                p.add(at("id"), "must be 1 to 64 of a–z, 0–9, - and _");
            }
            if !ids.insert(&queue.id) {
                p.add(at("id"), "is used by another queue");
            }
            if queue.name.trim().is_empty() {
                p.add(at("name"), "must not be empty");
            }
            for (field, value, least, most) in [
                ("request_timeout_seconds", queue.request_timeout_seconds, 1, 3600),
                ("second_round_after_seconds", queue.second_round_after_seconds, 0, 3600),
                ("max_wait_seconds", queue.max_wait_seconds, 0, 604_800),
                ("return_grace_seconds", queue.return_grace_seconds, 0, 3600),
                ("close_after_seconds", queue.close_after_seconds, 0, 604_800),
                ("max_length", queue.max_length.into(), 1, 100_000),
                ("max_pending_messages", queue.max_pending_messages.into(), 1, 1000),
            ] {
                if !(least..=most).contains(&value) {
                    p.add(at(field), format!("must be between {least} and {most}"));
                }
            }
        }
    }

    fn people_problems(&self, p: &mut Problems) {
        if self.agents.is_empty() {
            p.add("agents", "there must be at least one");
        }
        let mut ids = BTreeSet::new();
        for (n, agent) in self.agents.iter().enumerate() {
            let at = |field: &str| format!("agents[{n}].{field}");
            if ruma::UserId::parse(&agent.id).is_err() {
                p.add(at("id"), "must be a full Matrix user id such as @anna:example.org");
            }
            if !ids.insert(&agent.id) {
                p.add(at("id"), "is named twice");
            }
            if agent.name.trim().is_empty() {
                p.add(at("name"), "must not be empty: customers see it");
            }
            if !(1..=100).contains(&agent.capacity) {
                p.add(at("capacity"), "must be between 1 and 100");
            }
        }
        for (n, administrator) in self.administrators.iter().enumerate() {
            if ruma::UserId::parse(&administrator.id).is_err() {
                p.add(format!("administrators[{n}].id"), "must be a full Matrix user id");
            }
        }
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { path: path.into(), message: message.into() });
    }
}

fn web_address(p: &mut Problems, path: &str, url: &Url) {
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        p.add(path, "must be an http or https address");
    }
}
