//! Changes of queues.

use super::{ChangeError, apply::set, fields::OverflowChoice, fields::QueueFields};
use crate::{
    closest,
    hours::{Exception, Hours, IsoDate, Opening},
    item::{Item, Kind},
    model::{Centre, Overflow, Queue, Target},
};

type Done = Result<(), ChangeError>;

impl Centre {
    pub(super) fn add_queue(&mut self, id: &str, fields: &QueueFields) -> Done {
        if self.queue(id).is_some() {
            return Err(ChangeError::Exists(Item::new(Kind::Queue, id)));
        }
        self.queues.push(Queue::new(id, id));
        let done = self.fill_queue(self.queues.len() - 1, fields);
        if done.is_err() {
            self.queues.pop();
        }
        done
    }

    pub(super) fn set_queue(&mut self, name: &str, fields: &QueueFields) -> Done {
        let index = self.queue_index(name)?;
        if fields == &QueueFields::default() {
            return Err(ChangeError::NoSetting("!queue set sales --request-timeout 1m"));
        }
        self.fill_queue(index, fields)
    }

    fn fill_queue(&mut self, index: usize, fields: &QueueFields) -> Done {
        let to = match &fields.overflow {
            Some(OverflowChoice::To(Target::Queue(name))) => {
                Some(Some(Target::Queue(self.find(Kind::Queue, name)?)))
            }
            Some(OverflowChoice::To(Target::Message)) => Some(Some(Target::Message)),
            Some(OverflowChoice::None) => Some(None),
            None => None,
        };
        let queue = &mut self.queues[index];
        set(&mut queue.name, fields.name.as_ref());
        set(&mut queue.strategy, fields.strategy.as_ref());
        for (place, value) in [
            (&mut queue.request_timeout_seconds, fields.request_timeout),
            (&mut queue.second_round_after_seconds, fields.second_round_after),
            (&mut queue.max_wait_seconds, fields.max_wait),
            (&mut queue.return_grace_seconds, fields.return_grace),
            (&mut queue.close_after_seconds, fields.close_after),
        ] {
            set(place, value.map(|seconds| seconds.0).as_ref());
        }
        set(&mut queue.max_length, fields.max_length.as_ref());
        set(&mut queue.max_pending_messages, fields.max_pending_messages.as_ref());
        set(&mut queue.retention_days, fields.retention_days.as_ref());
        set(&mut queue.mention_waiting, fields.mention_waiting.as_ref());
        set(&mut queue.greeting, fields.greeting.as_ref());
        set(&mut queue.closed_text, fields.closed_text.as_ref());
        match to {
            Some(None) => queue.overflow = None,
            Some(Some(to)) => match &mut queue.overflow {
                Some(overflow) => overflow.to = to,
                none => {
                    *none = Some(Overflow { after_seconds: None, when_nobody_ready: false, to });
                }
            },
            None => {}
        }
        if fields.overflow_after.is_some() || fields.overflow_when_nobody_ready.is_some() {
            let Some(overflow) = &mut queue.overflow else {
                return Err(ChangeError::NoOverflow(queue.id.clone()));
            };
            if let Some(after) = fields.overflow_after {
                overflow.after_seconds = (after.0 > 0).then_some(after.0);
            }
            set(&mut overflow.when_nobody_ready, fields.overflow_when_nobody_ready.as_ref());
        }
        Ok(())
    }

    /// Returns from where to where its chats go.
    pub(super) fn delete_queue(
        &mut self,
        id: &str,
        move_to: Option<&str>,
        chats: u64,
    ) -> Result<Option<(String, String)>, ChangeError> {
        let to = move_to.map(|name| self.find(Kind::Queue, name)).transpose()?;
        if to.as_deref() == Some(id) {
            return Err(ChangeError::MoveToItself);
        }
        let users = self.users_of_queue(id);
        let Some(to) = to else {
            if !users.is_empty() {
                return Err(ChangeError::InUse {
                    item: Item::new(Kind::Queue, id),
                    by: users,
                    advice: format!(
                        "Say which queue takes its place there: `!queue delete {id} --move-to QUEUE`"
                    ),
                });
            }
            if chats > 0 {
                return Err(ChangeError::HasChats { queue: id.to_owned(), chats });
            }
            self.queues.retain(|queue| queue.id != id);
            return Ok(None);
        };
        self.queues.retain(|queue| queue.id != id);
        self.replace_queue(id, &to);
        Ok(Some((id.to_owned(), to)))
    }

    /// What refers to a queue, in words.
    #[must_use]
    pub fn users_of_queue(&self, id: &str) -> Vec<String> {
        let mut users = Vec::new();
        let names = |list: &[String]| list.iter().any(|name| name == id);
        for profile in &self.profiles {
            if profile.queues.iter().any(|served| served.queue == id) {
                users.push(format!("profile `{}`", profile.id));
            }
        }
        for site in self.sites.iter().filter(|site| names(&site.queues)) {
            users.push(format!("site `{}`", site.id));
        }
        for queue in self.queues.iter().filter(|queue| queue.id != id) {
            if queue.overflow.as_ref().is_some_and(|o| o.to == Target::Queue(id.to_owned())) {
                users.push(format!("the overflow of queue `{}`", queue.id));
            }
        }
        for supervisor in self.supervisors.iter().filter(|s| names(&s.queues)) {
            users.push(format!("supervisor `{}`", supervisor.id));
        }
        for message in self.messages.iter().filter(|m| names(&m.queues)) {
            users.push(format!("predefined message `{}`", message.id));
        }
        users
    }

    fn replace_queue(&mut self, id: &str, to: &str) {
        for profile in &mut self.profiles {
            if profile.queues.iter().any(|served| served.queue == to) {
                profile.queues.retain(|served| served.queue != id);
            }
            for served in profile.queues.iter_mut().filter(|served| served.queue == id) {
                to.clone_into(&mut served.queue);
            }
        }
        for queue in &mut self.queues {
            let here = queue.id == to;
            if let Some(overflow) = &mut queue.overflow
                && overflow.to == Target::Queue(id.to_owned())
            {
                overflow.to = Target::Queue(to.to_owned());
                // It overflowed into the one whose place it takes.
                if here {
                    queue.overflow = None;
                }
            }
        }
        let lists = self.sites.iter_mut().map(|site| &mut site.queues);
        let lists = lists.chain(self.supervisors.iter_mut().map(|s| &mut s.queues));
        for list in lists.chain(self.messages.iter_mut().map(|m| &mut m.queues)) {
            if list.iter().any(|name| name == to) {
                list.retain(|name| name != id);
            }
            for name in list.iter_mut().filter(|name| *name == id) {
                to.clone_into(name);
            }
        }
    }

    pub(super) fn set_hours(
        &mut self,
        queue: &str,
        week: Option<&[Opening]>,
        time_zone: Option<&str>,
    ) -> Done {
        let hours = self.hours_of(queue)?;
        if let Some(week) = week {
            hours.week = week.to_vec();
        }
        if let Some(zone) = time_zone {
            hours.time_zone = Some(zone.to_owned());
        }
        Ok(())
    }

    pub(super) fn clear_hours(&mut self, queue: &str) -> Done {
        let index = self.queue_index(queue)?;
        self.queues[index].hours = None;
        Ok(())
    }

    pub(super) fn set_exception(&mut self, queue: &str, exception: &Exception) -> Done {
        let hours = self.hours_of(queue)?;
        hours.exceptions.retain(|e| e.date != exception.date);
        hours.exceptions.push(exception.clone());
        hours.exceptions.sort_by_key(|e| e.date);
        Ok(())
    }

    pub(super) fn remove_exception(&mut self, queue: &str, date: IsoDate) -> Done {
        let index = self.queue_index(queue)?;
        let queue = &mut self.queues[index];
        let dates: Vec<_> = queue
            .hours
            .iter()
            .flat_map(|hours| hours.exceptions.iter().map(|e| e.date.to_string()))
            .collect();
        match &mut queue.hours {
            Some(hours) if hours.exceptions.iter().any(|e| e.date == date) => {
                hours.exceptions.retain(|e| e.date != date);
                Ok(())
            }
            _ => Err(ChangeError::NoPart {
                item: Item::new(Kind::Queue, &queue.id),
                part: format!("exception on {date}"),
                hint: closest::hint(&date.to_string(), dates.iter().map(String::as_str)),
            }),
        }
    }

    fn hours_of(&mut self, queue: &str) -> Result<&mut Hours, ChangeError> {
        let index = self.queue_index(queue)?;
        Ok(self.queues[index].hours.get_or_insert_default())
    }

    fn queue_index(&self, name: &str) -> Result<usize, ChangeError> {
        let id = self.find(Kind::Queue, name)?;
        // It was just found.
        Ok(self.queues.iter().position(|queue| queue.id == id).unwrap_or_default())
    }
}
