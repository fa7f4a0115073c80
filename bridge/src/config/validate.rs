//! What the values of the configuration must be.

use url::Url;

use super::{Config, Problem, demands};
use crate::identity::InvalidNamespace;

impl Config {
    /// Everything that is wrong with the values.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        let p = &mut problems;
        web_address(p, "homeserver.url", &self.homeserver.url);
        web_address(p, "appservice.url", &self.appservice.url);
        let names = self.namespace();
        if let Err(error) = &names {
            let path = match error {
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
        for (path, problem) in self.files.problems() {
            p.add(path, problem);
        }
        if self.spaces.name.trim().is_empty() || self.spaces.name.len() > 200 {
            p.add("spaces.name", "must be 1 to 200 bytes");
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.level).is_err() {
            p.add("log.level", "must be a level such as info, or levels by module");
        }
        for (path, is_empty) in
            [("agents", self.agents.is_empty()), ("sites", self.sites.is_empty())]
        {
            if is_empty {
                p.add(path, "there must be at least one");
            }
        }
        let centre = self.centre();
        let demanded = names.map(|names| demands(&centre, &names)).unwrap_or_default();
        for problem in centre.validate().into_iter().chain(demanded) {
            p.add(problem.path, problem.message);
        }
        problems.0
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
