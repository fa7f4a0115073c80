//! What is true of any centre.

use proptest::{collection::vec, option, prelude::*, sample::select};
use switchboard_centre::{
    Centre, Change, ChangeError,
    change::fields::{AgentFields, MessageFields, Names, OverflowChoice, QueueFields, SiteFields},
    duration::Seconds,
    hours::Exception,
    model::{Algorithm, Key, Role, Secret, Served, Target},
};

/// Mostly one of these, sometimes anything.
fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(names).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

fn queue() -> impl Strategy<Value = String> {
    one_of(&["sales", "support", "press", "night", "a", "Support"])
}

fn profile() -> impl Strategy<Value = String> {
    one_of(&["days", "all-round", "nights", "By day"])
}

fn user() -> impl Strategy<Value = String> {
    one_of(&["@anna:x.org", "@ben:x.org", "@ben:y.org", "@dan:x.org", "@eve:x.org"])
}

fn site() -> impl Strategy<Value = String> {
    one_of(&["shop", "help"])
}

fn message() -> impl Strategy<Value = String> {
    one_of(&["hello", "bye"])
}

fn key() -> impl Strategy<Value = String> {
    one_of(&["k1", "k2", "k3"])
}

fn text() -> impl Strategy<Value = Option<String>> {
    option::of(prop_oneof![
        2 => "[a-zA-Zäß“”'\"\\\\|. ]{1,20}",
        1 => "[ -~\n\t{}]{0,20}",
        1 => "\\PC{0,20}",
        2 => Just("Hi {{customer.name|x}}".to_owned()),
    ])
}

fn names(one: impl Strategy<Value = String>) -> impl Strategy<Value = Option<Names>> {
    option::of(vec(one, 0..3).prop_map(Names))
}

fn served() -> impl Strategy<Value = Served> {
    (queue(), 1..11_u8, 0..90_000_u64).prop_map(|(queue, priority, delay_seconds)| Served {
        queue,
        priority,
        delay_seconds,
    })
}

fn queue_fields() -> impl Strategy<Value = QueueFields> {
    let overflow = option::of(prop_oneof![
        Just(OverflowChoice::None),
        Just(OverflowChoice::To(Target::Message)),
        queue().prop_map(|name| OverflowChoice::To(Target::Queue(name))),
    ]);
    let seconds = || option::of((0..4000_u64).prop_map(Seconds));
    (
        text(),
        overflow,
        seconds(),
        option::of(any::<bool>()),
        seconds(),
        text(),
        option::of(0..110_000_u32),
    )
        .prop_map(
            |(name, overflow, overflow_after, ready, request_timeout, greeting, max_length)| {
                QueueFields {
                    name,
                    overflow,
                    overflow_after,
                    overflow_when_nobody_ready: ready,
                    request_timeout,
                    greeting,
                    max_length,
                    ..QueueFields::default()
                }
            },
        )
}

fn change() -> impl Strategy<Value = Change> {
    let day = (1..29_i8, any::<bool>()).prop_map(|(day, closed)| Exception {
        date: format!("2026-12-{day:02}").parse().expect("a date"),
        hours: if closed { "closed" } else { "10:00-12:00" }.parse().expect("hours"),
    });
    let agent_fields = || {
        (text(), option::of(0..120_u32), names(profile()))
            .prop_map(|(name, capacity, profiles)| AgentFields { name, capacity, profiles })
    };
    let site_fields = || {
        (
            text(),
            names(one_of(&["https://a.example", "http://b.example:8080"])),
            names(queue()),
            option::of(one_of(&["#0b5cad", "#FFFFFF"])),
        )
            .prop_map(|(title, origins, queues, colour)| SiteFields {
                title,
                origins,
                queues,
                colour,
                ..SiteFields::default()
            })
    };
    let message_fields = || {
        (text(), text(), text(), names(queue()))
            .prop_map(|(title, text, group, queues)| MessageFields { title, text, group, queues })
    };
    let new_key = || {
        (key(), any::<bool>()).prop_map(|(id, shared)| Key {
            id,
            algorithm: if shared { Algorithm::Hs256 } else { Algorithm::Eddsa },
            secret: shared.then(|| Secret::new("s".repeat(43))),
            public_key: (!shared).then(|| "p".repeat(43)),
            added: String::new(),
        })
    };
    let role = || select(vec![Role::Agent, Role::Supervisor, Role::Administrator]);
    prop_oneof![
        (queue(), queue_fields()).prop_map(|(id, fields)| Change::AddQueue { id, fields }),
        (queue(), queue_fields()).prop_map(|(id, fields)| Change::SetQueue { id, fields }),
        (queue(), option::of(queue()))
            .prop_map(|(id, move_to)| Change::DeleteQueue { id, move_to }),
        (queue(), day).prop_map(|(queue, exception)| Change::SetException { queue, exception }),
        (profile(), text(), vec(served(), 0..3))
            .prop_map(|(id, name, queues)| Change::AddProfile { id, name, queues }),
        (profile(), served()).prop_map(|(profile, served)| Change::Serve { profile, served }),
        (profile(), queue()).prop_map(|(profile, queue)| Change::Unserve { profile, queue }),
        profile().prop_map(|id| Change::DeleteProfile { id }),
        (user(), agent_fields()).prop_map(|(id, fields)| Change::AddAgent { id, fields }),
        (user(), agent_fields()).prop_map(|(id, fields)| Change::SetAgent { id, fields }),
        user().prop_map(|id| Change::RemoveAgent { id }),
        (user(), role(), vec(queue(), 0..2)).prop_map(|(user, role, queues)| Change::Grant {
            user,
            role,
            queues
        }),
        (user(), role()).prop_map(|(user, role)| Change::Revoke { user, role }),
        (site(), site_fields()).prop_map(|(id, fields)| Change::AddSite { id, fields }),
        (site(), site_fields()).prop_map(|(id, fields)| Change::SetSite { id, fields }),
        (site(), key(), text()).prop_map(|(site, name, text)| Change::SetSiteText {
            site,
            name,
            text: text.unwrap_or_default()
        }),
        (site(), key(), text()).prop_map(|(site, name, text)| Change::SetSiteVariable {
            site,
            name,
            label: text.unwrap_or_default()
        }),
        (site(), new_key()).prop_map(|(site, key)| Change::AddKey { site, key }),
        (site(), new_key()).prop_map(|(site, key)| Change::RotateKey { site, key }),
        (message(), message_fields()).prop_map(|(id, fields)| Change::AddMessage { id, fields }),
        (message(), message_fields()).prop_map(|(id, fields)| Change::SetMessage { id, fields }),
        message().prop_map(|id| Change::DeleteMessage { id }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is asked for, what is there stays valid, every difference is told, a refusal changes
    /// nothing, and an export read again is the same.
    #[test]
    fn changes_keep_everything_valid(changes in vec(change(), 1..40), chats in 0..2_u64) {
        let mut centre = crate::shop();
        for change in changes {
            let decision = change.clone().into();
            match centre.apply(&decision, |_| chats) {
                Ok(applied) => {
                    prop_assert_eq!(applied.centre.validate(), vec![], "{:?}", change);
                    prop_assert!(!applied.told.is_empty());
                    prop_assert_ne!(applied.centre.version(), centre.version());
                    let gone = |queue: &str| applied.centre.queue(queue).is_none();
                    let lost = centre.queues.iter().any(|q| gone(&q.id)) && chats > 0;
                    prop_assert!(!lost || applied.moved.is_some(), "chats without a queue");
                    centre = applied.centre;
                }
                Err(error) => {
                    let told = error.to_string();
                    prop_assert!(!told.is_empty());
                    prop_assert!(!matches!(error, ChangeError::Stale { .. }), "{}", told);
                }
            }
        }
        let plan = centre.import(&centre.export()).expect("an export is valid");
        prop_assert_eq!(&plan.centre, &centre);
        prop_assert!(plan.differences.is_empty());
        let json = serde_json::to_string(&centre).expect("stored");
        prop_assert_eq!(serde_json::from_str::<Centre>(&json).expect("loaded"), centre);
    }

    #[test]
    fn no_file_panics(text in "\\PC{0,200}", at in 0..crate::SHOP.len(), with in "[\\[\\]=\"'{}a-z0-9.\n-]{0,6}") {
        let _ = Centre::from_toml(&text);
        let mut damaged = crate::SHOP.to_owned();
        damaged.insert_str(at, &with);
        let _ = Centre::from_toml(&damaged);
        let _ = Centre::from_toml(&crate::SHOP[..at]);
    }
}
