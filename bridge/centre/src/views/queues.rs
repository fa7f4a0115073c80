//! Queues and their hours.

use jiff::Timestamp;
use switchboard_engine::{Strategy, Time};

use crate::{
    change::ChangeError,
    duration::Seconds,
    hours,
    item::Kind,
    model::{Centre, Queue, Target},
    reply::Reply,
};

impl Centre {
    pub(super) fn queue_list(&self, now: Time) -> Reply {
        let rows = self.queues.iter().map(|queue| {
            vec![
                queue.id.clone(),
                queue.name.clone(),
                strategy(queue.strategy).to_owned(),
                Seconds(queue.request_timeout_seconds).to_string(),
                queue.max_length.to_string(),
                overflow(queue),
                if self.is_open(queue, now) { "open" } else { "closed" }.to_owned(),
            ]
        });
        let head = ["Queue", "Name", "Strategy", "Rings", "At most", "Overflow", "Now"];
        Reply::new().heading("Queues").table(&head, rows)
    }

    pub(super) fn hours_of_queue(&self, name: &str, now: Time) -> Result<Reply, ChangeError> {
        let id = self.find(Kind::Queue, name)?;
        let found = self.queue(&id).and_then(|queue| Some((queue, queue.hours.as_ref()?)));
        let Some((queue, hours)) = found else {
            return Ok(Reply::say(format!("Queue `{id}` is open around the clock.")));
        };
        let name = hours.time_zone.as_ref().unwrap_or(&self.time_zone);
        let state = if self.is_open(queue, now) { "open" } else { "closed" };
        let until = hours::next_change(queue.hours.as_ref(), &self.time_zone, now)
            .and_then(|time| written(time, name))
            .map_or_else(String::new, |time| format!(" until {time}"));
        let mut reply = Reply::new()
            .heading(format!("Hours of queue `{id}`"))
            .paragraph(format!("It is {state} now{until}. Time zone: {name}."));
        reply = if hours.week.is_empty() {
            reply.paragraph("Every day around the clock.")
        } else {
            reply.list(hours.week.iter().map(ToString::to_string))
        };
        if hours.exceptions.is_empty() {
            return Ok(reply);
        }
        let rows = hours.exceptions.iter().map(|e| vec![e.date.to_string(), e.hours.to_string()]);
        Ok(reply.table(&["Date", "Hours"], rows))
    }
}

fn written(time: Time, zone: &str) -> Option<String> {
    let moment = Timestamp::from_millisecond(i64::try_from(time.0).ok()?).ok()?;
    let local = hours::zone(zone)?.to_datetime(moment);
    Some(local.strftime("%a %Y-%m-%d %H:%M").to_string())
}

fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::LongestIdle => "longest idle",
        Strategy::LeastBusy => "least busy",
        Strategy::RoundRobin => "round robin",
        Strategy::RingAll => "ring all",
    }
}

fn overflow(queue: &Queue) -> String {
    let Some(overflow) = &queue.overflow else { return "none".to_owned() };
    let to = match &overflow.to {
        Target::Message => "leave a message",
        Target::Queue(id) => id,
    };
    let after = overflow.after_seconds.map(|after| format!("after {}", Seconds(after)));
    let ready = overflow.when_nobody_ready.then(|| "when nobody is ready".to_owned());
    let when: Vec<_> = after.into_iter().chain(ready).collect();
    format!("{to} {}", when.join(" or "))
}
