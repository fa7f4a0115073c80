//! What customers' pages are told of their sites, as administrators want it and the hours have it.

use std::sync::Arc;

use switchboard_centre::{Centre, model};
use switchboard_engine::Time;

use super::state::State;
use crate::gateway::{
    sites::{Site, Sites, Transcripts},
    wire::QueueInfo,
};

impl State {
    /// Tells the gateway.
    pub(super) fn publish_sites(&self) {
        let former = self.kept.former_sites.iter().filter(|site| self.has_chats(site));
        let now = self.now();
        let former = former.map(|of| site(&self.centre, of, now));
        let sites = sites(&self.centre, now).with_closing(former);
        self.with.sites.send_if_modified(|known| {
            let new = **known != sites;
            if new {
                *known = Arc::new(sites);
            }
            new
        });
    }
}

/// All sites at a time.
fn sites(centre: &Centre, now: Time) -> Sites {
    centre.sites.iter().map(|of| site(centre, of, now)).collect()
}

fn site(centre: &Centre, site: &model::Site, now: Time) -> Site {
    let queues = site.queues.iter().filter_map(|id| centre.queue(id)).map(|queue| QueueInfo {
        id: queue.id.clone(),
        name: queue.name.clone(),
        open: centre.is_open(queue, now),
        closed_text: queue.closed_text.clone(),
        greeting: queue.greeting.clone(),
    });
    Site {
        id: site.id.clone(),
        title: site.title.clone(),
        greeting: site.greeting.clone(),
        colour: site.colour.clone(),
        ask_name: site.ask_name,
        origins: site.origins.clone(),
        queues: queues.collect(),
        texts: site.texts.clone(),
        transcripts: Transcripts { time_zone: centre.time_zone.clone() },
        variables: site.variables.keys().cloned().collect(),
        keys: site.keys.clone(),
    }
}
