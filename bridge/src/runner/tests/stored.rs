//! The stored forms of what belongs to rooms in which people talk with the bot.

use switchboard_centre::{Decision, Snapshot};

use serde_json::json;

use super::{
    super::records::{BotRoom, Presence},
    *,
};
use crate::{outbox::effect::Asked, place::Place};

/// How a queue was when a command about it was asked about.
fn snapshot() -> Option<Snapshot> {
    let mut centre = Centre { queues: vec![Queue::new("sales", "Sales")], ..Centre::default() };
    centre.administrators = vec![switchboard_centre::model::Administrator { id: ANNA.to_owned() }];
    let command = switchboard_centre::commands::parse("!queue delete sales").expect("a command");
    let change = command.change(|| unreachable!("no key is made")).expect("a change");
    let Decision { seen, .. } = centre.decide(change).expect("decided");
    seen
}

#[test]
fn rooms_of_the_bot_and_their_questions_keep_their_form() {
    let agent = AgentId(ANNA.to_owned());
    let profiles = vec!["sales".to_owned(), "all".to_owned()];
    let seen = snapshot();
    assert!(seen.is_some(), "a queue can be remembered as it was");
    let questions = [
        Question::ConfirmEnd { agent: agent.clone() },
        Question::Close,
        Question::Desk { agent: agent.clone(), profiles: profiles.clone() },
        Question::Profile { agent: agent.clone(), profiles },
        Question::LogOff { agent: agent.clone() },
        Question::Ready { agent },
        Question::Command {
            user: ANNA.to_owned(),
            text: "queue delete sales".to_owned(),
            seen,
            version: Some("v1".to_owned()),
        },
        Question::Secret,
    ];
    let event = ruma::event_id!("$event").to_owned();
    let prompts = (17_u64..).zip(questions).map(|(effect, question)| Prompt {
        effect,
        event: Some(event.clone()),
        question,
        until: 120_000,
    });
    let presences = [Presence::Invited, Presence::Joined, Presence::Gone];
    let people = (0..).zip(presences).map(|(n, presence)| (format!("@p{n}:localhost"), presence));
    let room = BotRoom {
        place: Place::Desk(ANNA.to_owned()),
        room: Some(ruma::room_id!("!desk:localhost").to_owned()),
        opening: Some(3),
        direct: true,
        people: people.collect(),
        prompts: prompts.collect(),
        space: None,
    };
    insta::assert_json_snapshot!("bot_room", room);
    let read: BotRoom =
        serde_json::from_str(&serde_json::to_string(&room).expect("JSON")).expect("it is read");
    assert_eq!(read, room);
}

#[test]
fn effects_in_rooms_of_the_bot_keep_their_form() {
    let to = |thread: Option<&str>| {
        Some(Asked { event: "$asked".to_owned(), thread: thread.map(str::to_owned) })
    };
    let visited = ruma::room_id!("!visited:localhost").to_owned();
    let reason = || "r".to_owned();
    let effects: Vec<OutboxEffect> = [
        (
            Place::Desk(ANNA.to_owned()),
            Deed::OpenBotRoom { name: "n".to_owned(), topic: "t".to_owned() },
        ),
        (
            Place::Desk(ANNA.to_owned()),
            Deed::Invite { user: ANNA.to_owned(), reason: reason(), direct: true },
        ),
        (
            Place::Desk(ANNA.to_owned()),
            Deed::Card { text: "t".into(), html: "h".into(), reactions: vec!["✅".into()] },
        ),
        (
            Place::Control {},
            Deed::Notice {
                text: "t".into(),
                html: Some("h".into()),
                reactions: vec![],
                anchor: 0,
                to: to(Some("$thread")),
            },
        ),
        (
            Place::Control {},
            Deed::File {
                name: "n".into(),
                mime: "text/plain".into(),
                text: "t".into(),
                to: to(None),
            },
        ),
        (
            Place::Control {},
            Deed::Redact { event: ruma::event_id!("$secret").to_owned(), reason: reason() },
        ),
        (Place::Visited(visited.clone()), Deed::Join {}),
        (Place::Visited(visited), Deed::Decline { reason: reason() }),
    ]
    .map(|(place, deed)| OutboxEffect {
        place,
        lane: Lane::Members,
        after: vec![],
        created: 1,
        deed,
    })
    .into();
    insta::assert_json_snapshot!("bot_room_effects", effects);
    let read: Vec<OutboxEffect> =
        serde_json::from_str(&serde_json::to_string(&effects).expect("JSON")).expect("read");
    assert_eq!(read, effects);
}

#[test]
fn what_was_stored_before_there_were_desks_is_read() {
    let old = json!({
        "chat": CHAT.to_string(), "lane": "timeline", "created": 1,
        "deed": { "do": "notice", "text": "t", "html": null, "reactions": [], "anchor": 2 },
    });
    let effect: OutboxEffect = serde_json::from_value(old).expect("it is read");
    assert_eq!(effect.place, CHAT.into());
    let old = json!({
        "chat": CHAT.to_string(), "lane": "timeline", "created": 1,
        "deed": { "do": "card", "text": "t", "html": "h" },
    });
    let effect: OutboxEffect = serde_json::from_value(old).expect("it is read");
    assert_eq!(effect.deed, Deed::Card { text: "t".into(), html: "h".into(), reactions: vec![] });
    let old = json!({ "place": { "desk": ANNA }, "room": null, "opening": 3, "direct": true });
    let room: BotRoom = serde_json::from_value(old).expect("it is read");
    assert!(room.people.is_empty() && room.prompts.is_empty());
}
