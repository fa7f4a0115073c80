//! One change after the other, and what is refused.

use switchboard_centre::{Centre, Role};

use crate::{apply, decision, shop, told};

/// Carries out the commands one after the other and shows what was told.
fn story(lines: &[&str]) -> (Centre, String) {
    let mut centre = shop();
    let mut shown = Vec::new();
    for line in lines {
        let applied = apply(&centre, line).unwrap_or_else(|error| panic!("{line}: {error}"));
        shown.push(format!("> {line}\n{}", told(&applied)));
        assert_eq!(applied.centre.validate(), [], "{line}");
        centre = applied.centre;
    }
    (centre, shown.join("\n\n"))
}

#[test]
fn what_is_set_is_told_from_what_to_what() {
    let (_, shown) = story(&[
        "!queue add night --name “Night shift” --overflow message --overflow-after 5m",
        "!queue set Sales --request-timeout 1m --max-wait never --greeting \"\"",
        "!queue set press --overflow sales --overflow-when no --overflow-after 2m --mention-waiting no",
        "!queue set press --overflow none",
        "!queue hours set support mon-thu 08:00-12:00,13:00-18:00 fri 08:00-12:00 --time-zone Asia/Tokyo",
        "!queue hours add-exception sales 2026-12-25 11:00-12:00",
        "!queue hours remove-exception sales 2026-12-24",
        "!queue hours always support",
        "!profile add nights night support:2:1m --name Nights",
        "!profile serve days press --priority 3",
        "!profile unserve days press",
        "!profile set nights --name \"By night\"",
        "!agent add @eve:x.org --name Eve --profiles days,Nights",
        "!agent set anna --capacity 1",
        "!agent remove @ben:y.org",
        "!role add @eve:x.org supervisor",
        "!role add @eve:x.org supervisor --queues Press",
        "!role remove @eve:x.org supervisor",
        "!site set shop --queues support,sales --ask-name yes --origins https://a.example,https://b.example",
        "!site text shop send \"\"",
        "!site key add shop",
        "!site add help --title Help --origins https://help.example --queues all",
        "!site delete help",
        "!message add bye --title Goodbye --text \"Thank you, {{customer.name|dear customer}}!\"",
        "!message set hello --queues all --group \"\"",
        "!message delete bye",
        "!config set --misses 3 --time-zone UTC",
    ]);
    insta::assert_snapshot!("story", shown);
}

#[test]
fn what_cannot_be_is_refused_with_the_reason_and_a_way_out() {
    let centre = shop();
    let shown: Vec<String> = [
        "!queue set salse --max-length 5",
        "!queue add sales",
        "!queue add Sälës",
        "!queue add more --name \"  sAles \"",
        "!queue add more --name \" \"",
        "!queue set sales",
        "!queue set sales --name Sales",
        "!queue set sales --request-timeout 0s",
        "!queue set sales --request-timeout 2d",
        "!queue set sales --max-length 0",
        "!queue set sales --retention-days 999999",
        "!queue set sales --overflow nowhere",
        "!queue set sales --overflow sales",
        "!queue set support --overflow sales",
        "!queue set press --overflow-after 2m",
        "!queue set press --overflow sales",
        "!queue hours set sales --time-zone Europe/Berln",
        "!queue hours set sales mon-fri 09:00-17:00 fri 16:00-18:00",
        "!queue hours remove-exception sales 2026-12-26",
        "!queue delete sales",
        "!queue delete sales --move-to sales",
        "!queue delete sales --move-to nowhere",
        "!profile add days sales",
        "!profile add more nowhere",
        "!profile add more sales sales",
        "!profile set all-round --queues sales:0",
        "!profile serve all sales",
        "!profile unserve days press",
        "!profile delete days",
        "!agent add anna --name Anna",
        "!agent add @anna:x.org",
        "!agent add @eve:x.org --capacity 1000",
        "!agent add @eve:x.org --profiles dayz",
        "!agent set ben --capacity 2",
        "!agent set @zoe:x.org --capacity 2",
        "!agent remove Anne",
        "!role add eve supervisor",
        "!role add @eve:x.org supervisor --queues slaes",
        "!role remove @dan:x.org administrator",
        "!role remove @eve:x.org administrator",
        "!site add Shop --origins https://shop.example",
        "!site set shop --origins https://Shop.example/",
        "!site set shop --origins shop.example,*",
        "!site set shop --colour green",
        "!site set shop --queues nowhere",
        "!site key remove shop k2",
        "!site key add shop --algorithm eddsa --public-key tooshort",
        "!message add hello --text Hi",
        "!message add Hello! --text Hi",
        "!message add more --text \"Hello {{custmer.name}}\"",
        "!message add more --text \"About {{customer.order}}\"",
        "!message set hello --text \"Hello {{customer.name\"",
        "!config set --time-zone Mars/Olympus",
        "!config set --misses 1000",
        "!config set",
    ]
    .iter()
    .map(|line| {
        let error = apply(&centre, line).expect_err(line).to_string();
        format!("> {line}\n{error}")
    })
    .collect();
    insta::assert_snapshot!("refusals", shown.join("\n"));
}

#[test]
fn a_loop_of_overflows_is_found_however_long_it_is() {
    let (centre, _) = story(&[
        "!queue add a --overflow message --overflow-after 1m",
        "!queue add b --overflow a --overflow-after 1m",
        "!queue add c --overflow b --overflow-after 1m",
    ]);
    let error = apply(&centre, "!queue set a --overflow c").expect_err("a loop").to_string();
    assert_eq!(error, "queue `a`, overflow to: chats would go round: a → c → b → a");
    // Deleting may close a loop as well: c's place in the chain is taken by a.
    let applied = apply(&centre, "!queue delete c --move-to a").expect("no loop");
    assert_eq!(applied.centre.validate(), []);
}

#[test]
fn deleting_a_queue_leaves_nothing_behind() {
    let (centre, shown) = story(&[
        "!queue set press --overflow sales --overflow-after 1m",
        "!queue delete sales --move-to support",
        "!queue delete press --move-to support",
    ]);
    insta::assert_snapshot!("deleted", shown);
    assert!(!centre.export().contains("sales"), "{}", centre.export());
    // Nobody may watch more than before.
    assert!(!centre.supervises("@carla:x.org", "press"));
    // A queue that nothing refers to can go, unless chats are in it.
    let (centre, _) = story(&["!queue add spare"]);
    assert!(apply(&centre, "!queue delete spare").is_ok());
    let busy = centre.apply(&decision("!queue delete spare"), |_| 1).expect_err("a chat");
    assert_eq!(
        busy.to_string(),
        "there is a chat in queue `spare`; say where it goes: `!queue delete spare --move-to QUEUE`"
    );
    let moved =
        centre.apply(&decision("!queue delete spare --move-to press"), |_| 1).expect("moved");
    assert_eq!(moved.moved, Some(("spare".to_owned(), "press".to_owned())));
}

#[test]
fn a_queue_takes_the_place_of_another_where_it_stands_already() {
    let (centre, _) = story(&[
        "!site set shop --queues sales,press,support",
        "!message set hello --queues press,sales",
        "!role add @carla:x.org supervisor --queues sales,press",
        "!queue set press --overflow sales --overflow-after 1m",
        "!queue delete sales --move-to press",
    ]);
    assert_eq!(centre.sites[0].queues, ["press", "support"]);
    assert_eq!(centre.messages[0].queues, ["press"]);
    assert_eq!(centre.supervisors[0].queues, ["press"]);
    let served = |n: usize| centre.profiles[n].queues.iter().map(|s| s.queue.as_str());
    assert_eq!(served(0).collect::<Vec<_>>(), ["press", "support"]);
    assert_eq!(served(1).collect::<Vec<_>>(), ["support", "press"]);
    // It cannot overflow into itself.
    assert_eq!(centre.queue("press").expect("it stays").overflow, None);
}

#[test]
fn keys_are_rotated_and_never_shown() {
    let (centre, shown) = story(&["!site key rotate shop"]);
    let ids = |centre: &Centre| -> Vec<String> {
        centre.sites[0].keys.iter().map(|key| key.id.clone()).collect()
    };
    assert_eq!(ids(&centre), ["k1", "k-fresh"]);
    assert!(!shown.contains("ffff") && !shown.contains("ssss"), "{shown}");
    assert!(!format!("{centre:?}").contains("ssss"));
    let refused = apply(&centre, "!site key add shop").expect_err("two keys").to_string();
    insta::assert_snapshot!(refused, @"site `shop` has two keys already, `k1` and `k-fresh`: remove one with `!site key remove shop KEY`, or let `!site key rotate shop` replace the older one");
    let mut third = decision("!site key rotate shop");
    if let switchboard_centre::Change::RotateKey { key, .. } = &mut third.change {
        "k3".clone_into(&mut key.id);
    }
    let applied = centre.apply(&third, |_| 0).expect("rotated");
    assert_eq!(ids(&applied.centre), ["k-fresh", "k3"]);
    let applied = apply(&applied.centre, "!site key remove shop k3").expect("removed");
    assert_eq!(ids(&applied.centre), ["k-fresh"]);
}

#[test]
fn two_administrators_are_both_told_the_truth() {
    let centre = shop();
    // Both look at the same queue; the second confirms after the first has changed it.
    let first = centre.decide(decision("!queue set sales --max-length 5").change).expect("known");
    let second =
        centre.decide(decision("!queue delete sales --move-to support").change).expect("known");
    let other = centre.decide(decision("!queue set press --max-length 5").change).expect("known");
    let centre = centre.apply(&first, |_| 0).expect("nobody was faster").centre;
    let error = centre.apply(&second, |_| 0).expect_err("stale").to_string();
    insta::assert_snapshot!(error, @r"
    this was changed by somebody else in the meantime, so nothing was done:
    queue `sales` changed
      max length: 500 → 5
    If you still want it, write the command again.
    ");
    assert!(centre.apply(&other, |_| 0).is_ok(), "another queue");
    // Deciding again, with open eyes, works; and a third one finds the queue gone.
    let again = centre.decide(second.change.clone()).expect("known");
    let late = again.clone();
    let centre = centre.apply(&again, |_| 0).expect("not stale").centre;
    let error = centre.apply(&late, |_| 0).expect_err("gone").to_string();
    assert!(error.contains("queue `sales` removed"), "{error}");
    // The same thing added by both.
    let add = centre.decide(decision("!queue add new --name New").change).expect("free");
    let centre =
        centre.apply(&decision("!queue add new --name Newer"), |_| 0).expect("added").centre;
    let error = centre.apply(&add, |_| 0).expect_err("taken").to_string();
    assert!(error.contains("queue `new` added") && error.contains("name: Newer"), "{error}");
    // What both want alike is done once, and the second is told so.
    let error = apply(&centre, "!queue set press --max-length 500").expect_err("as it is");
    assert_eq!(error.to_string(), "queue `press` is like that already: nothing to change");
}

#[test]
fn roles_and_what_they_may_touch() {
    let (centre, _) =
        story(&["!role add @anna:x.org administrator", "!role add @sam:x.org supervisor"]);
    for (user, role) in [
        ("@anna:x.org", Some(Role::Administrator)),
        ("@carla:x.org", Some(Role::Supervisor)),
        ("@ben:x.org", Some(Role::Agent)),
        ("@eve:x.org", None),
        ("@ANNA:x.org", None),
        ("anna", None),
    ] {
        assert_eq!(centre.role_of(user), role, "{user}");
    }
    let edits = |user: &str, queues: &[&str]| {
        centre.may_edit(user, &queues.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    for (user, queues, may) in [
        ("@carla:x.org", vec!["sales"], true),
        ("@carla:x.org", vec!["sales", "support"], false),
        ("@carla:x.org", vec![], false),
        ("@sam:x.org", vec![], true),
        ("@dan:x.org", vec!["press"], true),
        ("@ben:x.org", vec!["sales"], false),
    ] {
        assert_eq!(edits(user, &queues), may, "{user} {queues:?}");
    }
    let profiles = |user: &str| -> Vec<String> {
        centre.profiles_of(user).into_iter().map(|profile| profile.id).collect()
    };
    assert_eq!(profiles("@ben:x.org"), ["days"]);
    assert_eq!(profiles("@anna:x.org"), ["days", "all-round"]);
    assert!(profiles("@carla:x.org").is_empty());
}

#[test]
fn supervisors_edit_the_messages_of_their_queues() {
    let (centre, _) = story(&["!message add back --text Back. --queues support"]);
    let shown: Vec<String> = [
        ("@carla:x.org", "!message set back --queues sales"),
        ("@carla:x.org", "!message set back --text Hi"),
        ("@carla:x.org", "!message delete back"),
        ("@carla:x.org", "!message set hello --text Hi"),
        ("@carla:x.org", "!message delete Greeting"),
        ("@carla:x.org", "!message add bye --text Bye --queues sales"),
        ("@carla:x.org", "!message add bye --text Bye"),
        ("@carla:x.org", "!message add bye --text Bye --queues sales,support"),
        ("@carla:x.org", "!message set hello --queues support"),
        ("@carla:x.org", "!message set hello --queues all"),
        ("@carla:x.org", "!message set helo --text Hi"),
        ("@carla:x.org", "!queue delete sales"),
        ("@ben:x.org", "!message delete hello"),
        ("@dan:x.org", "!message set hello --queues all"),
        ("@dan:x.org", "!queue delete sales"),
        ("@eve:x.org", "!config set --misses 1"),
    ]
    .into_iter()
    .map(|(user, line)| match centre.authorise(user, &decision(line).change) {
        Ok(()) => format!("{user} {line}: yes"),
        Err(error) => format!("{user} {line}: {error}"),
    })
    .collect();
    insta::assert_snapshot!("authorised", shown.join("\n"));
}

#[test]
fn the_profile_that_stands_for_all() {
    let mut centre = shop();
    centre.profiles.clear();
    centre.agents.iter_mut().for_each(|agent| agent.profiles.clear());
    assert_eq!(centre.validate(), []);
    assert_eq!(centre.profiles_of("@anna:x.org")[0].queues.len(), 3);
    let applied = apply(&centre, "!agent set ben@nowhere --profiles all").expect_err("nobody");
    assert!(applied.to_string().starts_with("there is no agent `ben@nowhere`"), "{applied}");
    let applied = apply(&centre, "!profile add days sales").expect("added");
    assert!(told(&applied).contains("the profile `all` that stood for every queue is gone"));
    assert!(told(&applied).contains("no profile has queue `press`"), "{}", told(&applied));
}
