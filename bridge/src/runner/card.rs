//! The card that is pinned in a chat's room: who the customer is. A lock before a value says that
//! the site vouches for it; no customer can write one into a value.

use switchboard_centre::model::{Site, USUAL};
use switchboard_engine::Time;

use super::{records::Conversation, state::State};
use crate::matrix::content::escape;

/// Before what the site vouches for.
const LOCK: &str = "🔒 ";

struct Row {
    label: String,
    value: String,
    locked: bool,
}

impl Row {
    fn plain(label: &str, value: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: value.into(), locked: false }
    }

    fn lock(&self) -> &'static str {
        if self.locked { LOCK } else { "" }
    }
}

impl State {
    /// The card, as text and as HTML.
    pub(super) fn card(&self, of: &Conversation) -> (String, String) {
        let site = self.site(&of.site);
        let mut rows = facts(of, site);
        rows.push(Row::plain("Queue", self.queue_name(&of.queue)));
        rows.push(Row::plain("Chat", of.number.to_string()));
        let mut remarks = Vec::new();
        if let Some(verified) = of.variables.iter().find_map(|v| v.verified.as_ref()) {
            remarks.push(format!("{LOCK}signed by {}", verified.issuer));
        }
        if let Some(fault) = of.token_fault {
            remarks.push(format!(
                "⚠ What the site signed was not accepted: {}. Nothing here is authenticated.",
                fault.told()
            ));
        }
        if let Some(earlier) = of.earlier {
            let clock = self.centre.wall_clock(self.batch_time());
            let (last, count) = (clock.tell(Time(earlier.last)), earlier.count);
            let chats =
                if count == 1 { "1 earlier chat" } else { &format!("{count} earlier chats") };
            remarks.push(format!("{chats}, the last one began {last}: !history"));
        }
        let text = rows.iter().map(|row| format!("{}{}: {}", row.lock(), row.label, row.value));
        let html = rows.iter().map(|row| {
            format!("{}<b>{}</b>: {}", row.lock(), escape(&row.label), escape(&row.value))
        });
        let text: Vec<String> = text.chain(remarks.iter().cloned()).collect();
        let html: Vec<String> = html.chain(remarks.iter().map(|remark| escape(remark))).collect();
        (text.join("\n"), html.join("<br>"))
    }
}

/// What is known of the customer, in the order in which it is read: how to call and reach them, what
/// the site tells, where they are.
fn facts(of: &Conversation, site: Option<&Site>) -> Vec<Row> {
    let declared = site.into_iter().flat_map(|site| &site.variables);
    let declared = declared.map(|(name, label)| (name.as_str(), label.as_str()));
    let (person, place) = USUAL.split_at(3);
    let names = person.iter().copied().chain(declared).chain(place.iter().copied());
    let row = |(name, label): (&str, &str)| {
        let variable = of.variable(name);
        let locked = variable.is_some_and(|variable| variable.verified.is_some());
        let (label, value) = match name {
            // With the mark that it may need.
            "name" => ("Customer", of.customer.clone()),
            _ => (label, variable?.value.clone()),
        };
        Some(Row { label: label.to_owned(), value, locked })
    };
    names.filter_map(row).collect()
}
