//! What supervisors and agents are shown of what is going on.

use switchboard_centre::{
    Reply,
    commands::Period,
    statistics::Counts,
    views::{
        chats::{self, ChatNow, Ended, OwnChat, OwnQueue, OwnWork, Stage},
        live::{self, AgentNow, Named, QueueNow, WaitingChat},
        stats::{self, Counted},
    },
    wall_clock::WallClock,
};
use switchboard_engine::{Span, Status, Time};

/// A Monday, ten in the morning in Berlin.
const NOW: Time = Time(1_795_424_400_000);

fn clock() -> WallClock {
    WallClock::new("Europe/Berlin", NOW)
}

fn ago(seconds: u64) -> Time {
    Time(NOW.0 - seconds * 1000)
}

fn named(id: &str, name: &str) -> Named {
    Named { id: id.to_owned(), name: name.to_owned() }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Both forms of some answers, one below the other.
fn shown(replies: &[Reply]) -> String {
    let forms = |reply: &Reply| {
        let html = reply.html.replace("<tr>", "\n<tr>").replace("<li>", "\n<li>");
        format!("{}\n\n{html}", reply.text)
    };
    replies.iter().map(forms).collect::<Vec<_>>().join("\n\n════\n\n")
}

fn quiet(id: &str, name: &str) -> QueueNow {
    QueueNow {
        queue: named(id, name),
        open: true,
        changes: None,
        waiting: 0,
        longest: None,
        ready: 0,
        logged_on: 0,
        chats: 0,
        messages: 0,
    }
}

#[test]
fn queues_now() {
    let queues = [
        QueueNow {
            changes: Some(Time(NOW.0 + 7 * 3_600_000)),
            waiting: 12,
            longest: Some(ago(754)),
            ready: 3,
            logged_on: 10,
            chats: 9,
            ..quiet("sales", "Sales")
        },
        QueueNow {
            open: false,
            changes: Some(Time(NOW.0 + 24 * 3_600_000)),
            messages: 2,
            ..quiet("support-2", "Support <second line>")
        },
        quiet("press", "Press"),
    ];
    insta::assert_snapshot!(
        "queues_now",
        shown(&[live::queues(&queues, &clock()), live::queues(&[], &clock())])
    );
}

fn agent(id: &str, name: &str, status: Status) -> AgentNow {
    AgentNow {
        agent: named(id, name),
        status,
        pausing: false,
        since: ago(3_725),
        reason: None,
        profile: (status != Status::LoggedOff).then(|| "By day".to_owned()),
        chats: 0,
        capacity: 3,
        asked: None,
    }
}

#[test]
fn agents_now() {
    let agents = [
        agent("@zoe:x.org", "Zoë", Status::LoggedOff),
        AgentNow {
            since: ago(2 * 86_400),
            chats: 1,
            ..agent("@yan:x.org", "Yan", Status::LoggedOff)
        },
        AgentNow {
            reason: Some("lunch, back at one ".repeat(5)),
            ..agent("@ben:x.org", "Ben", Status::Paused)
        },
        agent("@carla:x.org", "Carla", Status::Paused),
        agent("@dan:x.org", "Dan", Status::NotResponding),
        AgentNow { pausing: true, chats: 2, ..agent("@eva:x.org", "Eva", Status::Ready) },
        AgentNow { asked: Some(42), chats: 2, ..agent("@anna:x.org", "Anna", Status::Ready) },
    ];
    insta::assert_snapshot!(
        "agents_now",
        shown(&[live::agents(&agents, &clock()), live::agents(&[], &clock())])
    );
}

fn chat(number: u64, customer: &str) -> WaitingChat {
    WaitingChat {
        number,
        queue: "Sales".to_owned(),
        customer: customer.to_owned(),
        since: ago(1000 - number),
        place: 1,
        asked: Vec::new(),
        rejected: 0,
        missed: 0,
        message: false,
    }
}

#[test]
fn chats_that_wait() {
    let chats = [
        WaitingChat { message: true, since: ago(60_000), ..chat(7, "Night owl") },
        WaitingChat { place: 2, ..chat(43, "Customer 43") },
        WaitingChat { asked: names(&["Anna"]), rejected: 2, missed: 1, ..chat(42, "Clara `rm`") },
        WaitingChat {
            queue: "Support".to_owned(),
            asked: names(&["Anna", "Ben", "Carla", "Dan", "Eva"]),
            ..chat(44, &"very long ".repeat(10))
        },
    ];
    insta::assert_snapshot!(
        "waiting",
        shown(&[
            live::waiting(None, &chats, &clock()),
            live::waiting(Some("Sales"), &chats[..1], &clock()),
            live::waiting(Some("Sales"), &[], &clock()),
            live::waiting(None, &[], &clock()),
        ])
    );
}

/// However many there are, and whatever they are called.
#[test]
fn answers_fit_an_event() {
    let name = "\"\\<".repeat(20);
    let id = format!("@{}:x.org", "a".repeat(240));
    let agents: Vec<_> = (0..1000).map(|_| agent(&id, &name, Status::Ready)).collect();
    let chats: Vec<_> = (0..1000).map(|n| chat(n, &name)).collect();
    let queues: Vec<_> = (0..1000).map(|_| quiet(&"q".repeat(64), &name)).collect();
    let room = format!("https://matrix.to/#/!{}", "r".repeat(240));
    let own = OwnWork {
        profiles: (0..1000).map(|_| named(&"p".repeat(64), &name)).collect(),
        queues: (0..1000)
            .map(|_| OwnQueue { name: name.clone(), waiting: 1, longest: None, messages: 0 })
            .collect(),
        chats: (0..1000).map(|n| own_chat(n, &name, &room)).collect(),
        ..own_work(Status::Ready)
    };
    let counts = Counts { started: u64::MAX / 2000, ..Counts::default() };
    let counted = Counted {
        period: Period::Week,
        queues: queues.iter().map(|queue| (queue.queue.clone(), counts.clone())).collect(),
        days: (0..7).map(|n| (clock().date().days_before(n), counts.clone())).collect(),
        unreadable: 1,
    };
    for reply in [
        live::queues(&queues, &clock()),
        live::agents(&agents, &clock()),
        live::waiting(None, &chats, &clock()),
        chats::status(&own, &clock()),
        stats::stats(&counted, &clock()),
    ] {
        let size = serde_json::to_string(&(&reply.text, &reply.html)).expect("JSON").len();
        assert!(size < 60 * 1024, "{size}: {}", &reply.text[..200]);
        assert!(reply.text.contains(" more."), "{}", reply.text);
    }
}

fn chat_now(stage: Stage) -> ChatNow {
    ChatNow {
        number: 42,
        stage,
        queue: named("support-2", "Support"),
        customer: "Clara".to_owned(),
        began: Some(ago(86_400)),
        taken: None,
        ended: None,
        rejected: Vec::new(),
        missed: Vec::new(),
        room: Some("https://matrix.to/#/!room?via=x.org".to_owned()),
    }
}

#[test]
fn one_chat() {
    let active = |agents: &[&str], returns| Stage::Active { agents: names(agents), returns };
    let ended = |why, agents: &[&str]| Stage::Ended { why, agents: names(agents) };
    let waiting =
        |asked: &[&str], message| Stage::Waiting { place: 3, asked: names(asked), message };
    let replies = [
        ChatNow { room: None, ..chat_now(waiting(&[], false)) },
        ChatNow {
            rejected: vec![("Ben".to_owned(), 1), ("Dan".to_owned(), 3)],
            missed: vec![("Ben".to_owned(), 1)],
            ..chat_now(waiting(&["Anna"], false))
        },
        chat_now(waiting(&["Anna", "Ben"], true)),
        chat_now(Stage::Form),
        ChatNow { taken: Some(ago(60)), ..chat_now(active(&["Anna", "Ben"], None)) },
        ChatNow { taken: Some(ago(60)), ..chat_now(active(&[], Some(Time(NOW.0 + 30_000)))) },
        ChatNow {
            ended: Some(ago(5)),
            ..chat_now(ended(Ended::Agent("Anna".to_owned()), &["Ben"]))
        },
        chat_now(ended(Ended::Customer, &[])),
        chat_now(ended(Ended::Abandoned, &[])),
        chat_now(ended(Ended::NoAgent, &[])),
    ]
    .map(|chat| chats::chat(&chat, &clock()));
    let states: Vec<_> =
        replies[2..].iter().map(|reply| reply.text.lines().nth(4).unwrap_or_default()).collect();
    insta::assert_snapshot!("chat", format!("{}\n\n{}", shown(&replies[..2]), states.join("\n")));
    let absent = [chats::no_chat(7), chats::not_your_chat(7)];
    insta::assert_snapshot!("no_chat", shown(&absent));
}

fn own_work(status: Status) -> OwnWork {
    OwnWork {
        status,
        pausing: false,
        since: ago(3_725),
        reason: None,
        profile: (status != Status::LoggedOff).then(|| named("days", "By day")),
        capacity: 3,
        asked: None,
        queues: Vec::new(),
        chats: Vec::new(),
        profiles: vec![named("days", "By day")],
    }
}

fn own_chat(number: u64, customer: &str, room: &str) -> OwnChat {
    OwnChat {
        number,
        queue: "Sales".to_owned(),
        customer: customer.to_owned(),
        room: Some(room.to_owned()),
    }
}

#[test]
fn own_status() {
    let queue = |name: &str, waiting, messages| OwnQueue {
        name: name.to_owned(),
        waiting,
        longest: (waiting > 0).then(|| ago(75)),
        messages,
    };
    let off = own_work(Status::LoggedOff);
    let replies = [
        OwnWork {
            asked: Some(44),
            queues: vec![queue("Sales", 2, 0), queue("Support", 0, 1)],
            chats: vec![
                own_chat(42, "Clara", "https://matrix.to/#/!a?via=x.org"),
                OwnChat { room: None, ..own_chat(43, "Customer 43", "") },
            ],
            ..own_work(Status::Ready)
        },
        OwnWork {
            pausing: true,
            queues: vec![queue("Sales", 0, 0), queue("Support", 0, 0)],
            ..own_work(Status::Ready)
        },
        OwnWork {
            reason: Some("lunch".to_owned()),
            queues: vec![queue("Sales", 0, 0)],
            ..own_work(Status::Paused)
        },
        own_work(Status::NotResponding),
        off.clone(),
        OwnWork {
            profiles: vec![named("days", "By day"), named("all-round", "All-round")],
            chats: vec![own_chat(42, "Clara", "https://matrix.to/#/!a?via=x.org")],
            ..off
        },
    ]
    .map(|own| chats::status(&own, &clock()));
    insta::assert_snapshot!("own_status", shown(&replies));
}

fn busy(times: u64) -> Counts {
    let mut counts = Counts {
        started: 40 * times,
        closed: 3,
        full: 1,
        taken: 4,
        messages_taken: 1,
        rejected: 5 * times,
        missed: 2,
        abandoned: 4,
        no_agent: 1,
        overflowed_out: 2,
        moved_out: 1,
        forms: 4,
        messages: 2,
        ended: 38,
        ..Counts::default()
    };
    for seconds in [4, 40, 70, 754] {
        counts.waits.add(Span::seconds(seconds * times));
    }
    counts
}

#[test]
fn statistics() {
    let today = Counted {
        period: Period::Today,
        queues: vec![
            (named("sales", "Sales"), busy(1)),
            (named("support-2", "Support"), Counts { overflowed_in: 2, ..busy(10) }),
            (named("press", "Press"), Counts::default()),
        ],
        days: vec![(clock().date(), busy(1))],
        unreadable: 0,
    };
    let nothing = Counted { queues: today.queues[2..].to_vec(), ..today.clone() };
    let week = Counted {
        period: Period::Week,
        queues: today.queues[..1].to_vec(),
        days: vec![
            (clock().date(), busy(1)),
            (clock().date().days_before(1), Counts::default()),
            (clock().date().days_before(2), busy(2)),
        ],
        unreadable: 1,
    };
    let none = Counted { queues: Vec::new(), ..today.clone() };
    let replies = [today, week, nothing, none].map(|counted| stats::stats(&counted, &clock()));
    insta::assert_snapshot!("stats", shown(&replies));
}
