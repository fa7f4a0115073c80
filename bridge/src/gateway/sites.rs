//! The sites, as they are now.
//!
//! Sites change while the bridge runs: queues open and close, origins come and go. Whoever needs
//! one looks at the newest [`Sites`], and what is open looks again when they change.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use switchboard_centre::model::{Key, USUAL};

use super::wire::{LIMITS, QueueInfo, SiteInfo};

/// One embedding of the widget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name in addresses: 1 to 64 of `a–z 0–9 -`.
    pub id: String,
    /// The heading of the widget.
    pub title: String,
    /// Shown before the chat starts.
    pub greeting: String,
    /// The accent colour, `#rrggbb`.
    pub colour: String,
    /// Whether the customer is asked for a name first.
    pub ask_name: bool,
    /// The pages that may show the widget, as exact origins: `https://shop.example`.
    pub origins: Vec<String>,
    /// The queues that it offers. Who does not choose waits in the first.
    pub queues: Vec<QueueInfo>,
    /// Its own words in place of the widget's, by key. Plain text.
    pub texts: BTreeMap<String, String>,
    /// How transcripts of its chats are made, and who gets them.
    pub transcripts: Transcripts,
    /// The names of the variables that it states besides the usual ones.
    pub variables: Vec<String>,
    /// What it signs them with.
    pub keys: Vec<Key>,
}

/// How transcripts of a site's chats are made, and who gets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcripts {
    /// The IANA name of the time zone in which times are told.
    pub time_zone: String,
}

impl Default for Transcripts {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned() }
    }
}

impl Site {
    /// A site of which nothing but the name is known.
    #[cfg(test)]
    pub(super) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            greeting: String::new(),
            colour: "#0b5cad".to_owned(),
            ask_name: false,
            origins: Vec::new(),
            queues: Vec::new(),
            texts: BTreeMap::new(),
            transcripts: Transcripts::default(),
            variables: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// What the widget is told of it.
    pub(super) fn info(&self) -> SiteInfo {
        SiteInfo {
            title: self.title.clone(),
            greeting: self.greeting.clone(),
            colour: self.colour.clone(),
            ask_name: self.ask_name,
            queues: self.queues.clone(),
            texts: self.texts.clone(),
            limits: LIMITS,
        }
    }

    /// Whether it states such a variable.
    #[must_use]
    pub fn has_variable(&self, name: &str) -> bool {
        USUAL.iter().any(|(usual, _)| *usual == name) || self.variables.iter().any(|v| v == name)
    }

    /// Whether it offers this queue.
    #[must_use]
    pub fn offers(&self, queue: &str) -> bool {
        self.queues.iter().any(|offered| offered.id == queue)
    }
}

/// All sites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sites {
    by_id: HashMap<String, Arc<Site>>,
    /// Those of all sites.
    origins: HashSet<String>,
    /// The names of those that were deleted while chats of theirs ran.
    closing: HashSet<String>,
}

impl Sites {
    /// The site of this name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Site>> {
        self.by_id.get(id)
    }

    /// Whether any site has this origin, byte for byte.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// Adds sites that were deleted: the pages of their chats go on, but no new chat starts.
    #[must_use]
    pub fn with_closing(mut self, sites: impl IntoIterator<Item = Site>) -> Self {
        for site in sites {
            if self.by_id.contains_key(&site.id) {
                continue;
            }
            self.closing.insert(site.id.clone());
            self.origins.extend(site.origins.iter().cloned());
            self.by_id.insert(site.id.clone(), Arc::new(site));
        }
        self
    }

    /// Whether the site was deleted and is only there for the chats that run.
    #[must_use]
    pub fn is_closing(&self, id: &str) -> bool {
        self.closing.contains(id)
    }
}

/// Of two sites with one name, the later counts.
impl FromIterator<Site> for Sites {
    fn from_iter<T: IntoIterator<Item = Site>>(sites: T) -> Self {
        let by_id: HashMap<String, Arc<Site>> =
            sites.into_iter().map(|site| (site.id.clone(), Arc::new(site))).collect();
        let origins = by_id.values().flat_map(|site| site.origins.iter().cloned()).collect();
        Self { by_id, origins, closing: HashSet::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(id: &str, origins: &[&str]) -> Site {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Site { origins, ..Site::named(id) }
    }

    #[test]
    fn names_and_origins_are_exact() {
        let sites: Sites = [
            site("shop", &["https://shop.example", "https://both.example"]),
            site("club", &["https://both.example"]),
        ]
        .into_iter()
        .collect();
        assert_eq!(sites.get("shop").unwrap().title, "shop");
        assert!(sites.get("Shop").is_none());
        for (origin, known) in [
            ("https://shop.example", true),
            ("https://both.example", true),
            ("https://shop.example/", false),
            ("https://shop.example:443", false),
            ("http://shop.example", false),
            ("", false),
        ] {
            assert_eq!(sites.has_origin(origin), known, "{origin}");
        }
    }

    #[test]
    fn a_site_that_is_replaced_takes_its_origins_along() {
        let sites: Sites =
            [site("shop", &["https://old.example"]), site("shop", &["https://new.example"])]
                .into_iter()
                .collect();
        assert!(!sites.has_origin("https://old.example"));
        assert!(sites.has_origin("https://new.example"));
    }

    #[test]
    fn a_deleted_site_is_there_for_its_chats_only_until_there_is_a_new_one() {
        let old = || [site("shop", &["https://old.example"])];
        let sites = Sites::default().with_closing(old());
        assert!(sites.is_closing("shop") && sites.get("shop").is_some());
        assert!(sites.has_origin("https://old.example"));
        let new: Sites = [site("shop", &["https://new.example"])].into_iter().collect();
        let sites = new.with_closing(old());
        assert!(!sites.is_closing("shop") && !sites.has_origin("https://old.example"));
        assert_eq!(sites.get("shop").unwrap().origins, ["https://new.example"]);
    }
}
