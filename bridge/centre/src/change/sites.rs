//! Changes of sites and predefined messages.

use super::{
    ChangeError,
    apply::set,
    fields::{MessageFields, SiteFields},
};
use crate::{
    closest,
    item::{Item, Kind},
    model::{Centre, Key, MAX_KEYS, PredefinedMessage, Site},
};

type Done = Result<(), ChangeError>;

impl Centre {
    pub(super) fn add_site(&mut self, id: &str, fields: &SiteFields) -> Done {
        if self.site(id).is_some() {
            return Err(ChangeError::Exists(Item::new(Kind::Site, id)));
        }
        let mut site = Site::new(id, id);
        self.fill_site(&mut site, fields)?;
        self.sites.push(site);
        Ok(())
    }

    pub(super) fn set_site(&mut self, name: &str, fields: &SiteFields) -> Done {
        if fields == &SiteFields::default() {
            return Err(ChangeError::NoSetting("!site set shop --colour #0b5cad"));
        }
        let index = self.site_index(name)?;
        let mut site = self.sites[index].clone();
        self.fill_site(&mut site, fields)?;
        self.sites[index] = site;
        Ok(())
    }

    fn fill_site(&self, site: &mut Site, fields: &SiteFields) -> Done {
        set(&mut site.title, fields.title.as_ref());
        set(&mut site.greeting, fields.greeting.as_ref());
        set(&mut site.colour, fields.colour.as_ref());
        set(&mut site.ask_name, fields.ask_name.as_ref());
        set(&mut site.federate, fields.federate.as_ref());
        set(&mut site.origins, fields.origins.as_ref().map(|names| &names.0));
        if let Some(queues) = &fields.queues {
            // A site has no “all”: its queues are in the order in which they are offered.
            site.queues = match queues.0.as_slice() {
                [] => self.queues.iter().map(|queue| queue.id.clone()).collect(),
                names => self.find_queues(names)?,
            };
        }
        Ok(())
    }

    pub(super) fn set_site_text(&mut self, site: &str, name: &str, text: &str) -> Done {
        let index = self.site_index(site)?;
        let texts = &mut self.sites[index].texts;
        if text.is_empty() {
            texts.remove(name);
        } else {
            texts.insert(name.to_owned(), text.to_owned());
        }
        Ok(())
    }

    pub(super) fn set_site_variable(&mut self, site: &str, name: &str, label: &str) -> Done {
        let index = self.site_index(site)?;
        let variables = &mut self.sites[index].variables;
        if label.is_empty() {
            variables.remove(name);
        } else {
            variables.insert(name.to_owned(), label.to_owned());
        }
        Ok(())
    }

    pub(super) fn delete_site(&mut self, name: &str) -> Done {
        let index = self.site_index(name)?;
        self.sites.remove(index);
        Ok(())
    }

    pub(super) fn add_key(&mut self, site: &str, key: &Key) -> Done {
        let index = self.site_index(site)?;
        let site = &mut self.sites[index];
        if site.keys.len() >= MAX_KEYS {
            return Err(ChangeError::TwoKeys {
                site: site.id.clone(),
                keys: site.keys.iter().map(|key| format!("`{}`", key.id)).collect(),
            });
        }
        site.keys.push(key.clone());
        Ok(())
    }

    pub(super) fn rotate_key(&mut self, site: &str, key: &Key) -> Done {
        let index = self.site_index(site)?;
        let site = &mut self.sites[index];
        // The newest stays. Keys without a time came from a file: as old as can be.
        while site.keys.len() >= MAX_KEYS {
            let oldest = (0..site.keys.len())
                .min_by_key(|&n| site.keys[n].added.parse::<jiff::Timestamp>().ok());
            site.keys.remove(oldest.unwrap_or_default());
        }
        site.keys.push(key.clone());
        Ok(())
    }

    pub(super) fn remove_key(&mut self, site: &str, key: &str) -> Done {
        let index = self.site_index(site)?;
        let site = &mut self.sites[index];
        let ids: Vec<_> = site.keys.iter().map(|key| key.id.clone()).collect();
        if !ids.iter().any(|id| id == key) {
            return Err(ChangeError::NoPart {
                item: Item::new(Kind::Site, &site.id),
                part: format!("key `{key}`"),
                hint: closest::hint(key, ids.iter().map(String::as_str)),
            });
        }
        site.keys.retain(|k| k.id != key);
        Ok(())
    }

    fn site_index(&self, name: &str) -> Result<usize, ChangeError> {
        let id = self.find(Kind::Site, name)?;
        // It was just found.
        Ok(self.sites.iter().position(|site| site.id == id).unwrap_or_default())
    }

    pub(super) fn add_message(&mut self, id: &str, fields: &MessageFields) -> Done {
        if self.message(id).is_some() {
            return Err(ChangeError::Exists(Item::new(Kind::Message, id)));
        }
        let mut message = PredefinedMessage {
            id: id.to_owned(),
            group: String::new(),
            title: id.to_owned(),
            text: String::new(),
            queues: Vec::new(),
        };
        self.fill_message(&mut message, fields)?;
        self.messages.push(message);
        Ok(())
    }

    pub(super) fn set_message(&mut self, name: &str, fields: &MessageFields) -> Done {
        if fields == &MessageFields::default() {
            return Err(ChangeError::NoSetting("!message set hello --text \"Hello!\""));
        }
        let id = self.find(Kind::Message, name)?;
        let index = self.messages.iter().position(|m| m.id == id).unwrap_or_default();
        let mut message = self.messages[index].clone();
        self.fill_message(&mut message, fields)?;
        self.messages[index] = message;
        Ok(())
    }

    fn fill_message(&self, message: &mut PredefinedMessage, fields: &MessageFields) -> Done {
        set(&mut message.title, fields.title.as_ref());
        set(&mut message.text, fields.text.as_ref());
        set(&mut message.group, fields.group.as_ref());
        if let Some(queues) = &fields.queues {
            message.queues = self.find_queues(&queues.0)?;
        }
        Ok(())
    }

    pub(super) fn delete_message(&mut self, name: &str) -> Done {
        let id = self.find(Kind::Message, name)?;
        self.messages.retain(|message| message.id != id);
        Ok(())
    }
}
