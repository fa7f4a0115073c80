//! Sites and predefined messages.

use super::all_or;
use crate::{change::ChangeError, item::Kind, model::Centre, reply::Reply};

impl Centre {
    pub(super) fn site_list(&self) -> Reply {
        let rows = self.sites.iter().map(|site| {
            vec![
                site.id.clone(),
                site.title.clone(),
                site.queues.join(", "),
                site.origins.join(", "),
                site.keys.len().to_string(),
            ]
        });
        let head = ["Site", "Title", "Queues", "Pages", "Keys"];
        Reply::new().heading("Sites").table(&head, rows)
    }

    pub(super) fn message_list(&self, queue: Option<&str>) -> Result<Reply, ChangeError> {
        let queue = queue.map(|name| self.find(Kind::Queue, name)).transpose()?;
        let mut messages: Vec<_> = self
            .messages
            .iter()
            .filter(|m| queue.as_ref().is_none_or(|q| m.queues.is_empty() || m.queues.contains(q)))
            .collect();
        messages.sort_by_key(|message| (&message.group, &message.title));
        if messages.is_empty() {
            return Ok(Reply::say(
                "There are none. `!message add SHORTCUT --title \"…\" --text \"…\"` adds one.",
            ));
        }
        let rows = messages.iter().map(|message| {
            vec![
                message.group.clone(),
                message.title.clone(),
                message.id.clone(),
                all_or(&message.queues),
            ]
        });
        let head = ["Group", "Title", "Shortcut", "Queues"];
        Ok(Reply::new().heading("Predefined messages").table(&head, rows))
    }

    pub(super) fn message_text(&self, name: &str) -> Result<Reply, ChangeError> {
        let id = self.find(Kind::Message, name)?;
        let Some(message) = self.message(&id) else { return Ok(Reply::new()) };
        let group = if message.group.is_empty() { "none" } else { &message.group };
        Ok(Reply::new().heading(&message.title).code(&message.text).paragraph(format!(
            "Shortcut: `{id}`. Group: {group}. Queues: {}.",
            all_or(&message.queues)
        )))
    }
}
