//! Administrators set up a contact centre by commands, and dangerous ones are asked about.

use serde_json::json;
use switchboard::gateway::wire::SiteInfo;
use switchboard_tests::{
    customer::{Customer, Http},
    desk::{Desk, LATER, NO, YES, bot},
    scene::Scene,
    wait::{DEADLINE, eventually, until},
};

async fn office() -> (Scene, Desk) {
    let scene = Scene::with_nobody_ready().await;
    let admin = Desk::administrators(&scene, "admin").await;
    (scene, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_group_of_commands_works_once_for_real() {
    let (scene, admin) = office().await;
    for (command, told) in [
        ("!queue add sales --name “Sales & more” --request-timeout 1m", "Sales & more"),
        (
            "!queue set sales --strategy least-busy --max-wait 20m --greeting \"Hello <you>\"",
            "Hello <you>",
        ),
        ("!queue hours set sales mon-fri 09:00-17:00 --time-zone Europe/Berlin", "mon-fri"),
        ("!queue hours add-exception sales 2026-12-25 closed", "2026-12-25"),
        ("!queue hours show sales", "2026-12-25"),
        ("!queue hours remove-exception sales 2026-12-25", "2026-12-25"),
        ("!queue list", "Sales & more"),
        ("!queue set sales --strategy ring_all", "ring_all"),
        ("!queue set sales --strategy least-busy", "least_busy"),
        ("!queue show sales", "least_busy"),
        ("!profile add days sales support:2:30s --name \"By day\"", "By day"),
        ("!profile serve days support --priority 3 --delay 10s", "delay: 30s → 10s"),
        ("!profile list", "By day"),
        ("!agent add @cleo:localhost --name Cleo --capacity 4 --profiles days", "Cleo"),
        ("!agent set cleo --capacity 5", "5"),
        ("!agent list", "Cleo"),
        ("!role add @carla:localhost supervisor --queues sales", "carla"),
        ("!role list", "carla"),
        ("!site add help --title \"Help\" --origins https://help.example --queues sales", "help"),
        ("!site set help --colour #0b6e4f --ask-name yes", "#0b6e4f"),
        ("!site text help send \"Send it\"", "Send it"),
        ("!site show help", "Send it"),
        (
            "!message add hello --title Greeting --text \"Hello {{customer.name|there}}!\" --queues sales",
            "Greeting",
        ),
        ("!message set hello --group \"First words\"", "First words"),
        ("!message show hello", "{{customer.name|there}}"),
        ("!config set --time-zone Europe/Berlin --misses 3", "Europe/Berlin"),
        ("!config show", "Europe/Berlin"),
    ] {
        admin.is_told(command, told).await;
    }
    // The gateway knows the site, the people have their desks.
    let visitor = Http::new(&scene.bridge.gateway_url());
    let site = eventually(DEADLINE, || async {
        visitor.call::<SiteInfo>(http::Method::GET, "sites/help", None::<&()>).await.ok()
    })
    .await;
    assert_eq!(site.queues[0].name, "Sales & more");
    let cleo = Desk::of(&scene.hs.agent("cleo")).await;
    cleo.is_told("!login", "logged on as “By day”").await;
    let carla = Desk::of(&scene.hs.agent("carla")).await;
    carla.sees("look after your queues").await;
    let audit = admin.told("!audit").await;
    for part in ["@admin:localhost", "sales", "By day", "@cleo:localhost", "help", "hello"] {
        assert!(audit.contains(part), "{part}: {audit}");
    }
    let last = admin.told("!audit 1").await;
    assert!(last.contains("time_zone") || last.contains("Europe/Berlin"), "{last}");
    assert!(!last.contains("Greeting"), "one only: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_be_named_by_a_mention() {
    let (scene, admin) = office().await;
    let content = json!({
        "msgtype": "m.text", "body": "!agent add Cleo --name Cleo",
        "format": "org.matrix.custom.html",
        "formatted_body": "!agent add <a href=\"https://matrix.to/#/%40cleo%3Alocalhost\">Cleo</a> --name Cleo",
        "m.mentions": { "user_ids": ["@cleo:localhost"] },
    });
    let question = admin.agent.sends(&admin.room, "m.room.message", content);
    let answer = admin.agent.answer_to(&admin.room, &question, DEADLINE).await;
    assert!(answer.body().contains("@cleo:localhost"), "{}", answer.body());
    Desk::of(&scene.hs.agent("cleo")).await.card().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dangerous_commands_are_asked_about_and_counted_once() {
    let (scene, admin) = office().await;
    for command in [
        "!queue add extra",
        "!profile add few support",
        "!agent add @cleo:localhost --name Cleo",
        "!role add @carla:localhost supervisor",
        "!site add help --title Help --origins https://help.example --queues support",
        "!message add bye --text Bye",
        "!queue hours set support mon-sun 00:00-24:00",
    ] {
        let told = admin.told(command).await;
        assert!(told.contains("Done"), "{command}: {told}");
    }
    for command in [
        "!queue delete extra",
        "!queue hours always support",
        "!profile delete few",
        "!agent remove cleo",
        "!role remove carla supervisor",
        "!role add @carla:localhost administrator",
        "!site delete help",
        "!message delete bye",
    ] {
        let before = admin.export().await;
        let question = admin.is_told(command, "Do it?").await;
        scene.comes_to_rest().await;
        assert_eq!(admin.export().await, before, "{command} waits for an answer");
        assert_eq!(admin.pressed(&question, NO).await, "Nothing was changed.", "{command}");
        assert_eq!(admin.export().await, before, "{command} was refused");
        // What was answered is no question any more.
        admin.agent.reacts(&admin.room, &question.event_id, YES);
        scene.comes_to_rest().await;
        assert_eq!(admin.export().await, before, "{command} was answered already");
        let told = admin.confirms(command).await;
        assert!(told.starts_with("Done"), "{command}: {told}");
        assert_ne!(admin.export().await, before, "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_gave_a_command_confirms_it() {
    let (mut scene, admin) = office().await;
    admin.confirms("!role add @boss:localhost administrator").await;
    let boss = Desk::administrators(&scene, "boss").await;
    assert_eq!(boss.room, admin.room, "one room for all of them");
    admin.is_told("!queue add extra", "Done").await;
    let question = admin.asks("!queue delete extra").await;
    boss.presses(&question, YES).await;
    boss.is_not_answered(&scene, &question.event_id).await;
    boss.agent.says(&boss.room, "yes");
    scene.comes_to_rest().await;
    admin.is_told("!queue list", "extra").await;

    // Somebody else has changed it meanwhile.
    boss.is_told("!queue set extra --name Other", "Other").await;
    let told = admin.pressed(&question, YES).await;
    assert!(told.contains("changed by somebody else") && told.contains("Other"), "{told}");
    admin.is_told("!queue list", "extra").await;

    // Two at once: both are told the truth.
    let (first, second) =
        tokio::join!(admin.asks("!queue delete extra"), boss.asks("!queue delete extra"));
    let (first, second) = tokio::join!(admin.pressed(&first, YES), boss.pressed(&second, YES));
    let done = [&first, &second].iter().filter(|told| told.starts_with("Done")).count();
    assert_eq!(done, 1, "{first} / {second}");
    let other = if first.starts_with("Done") { second } else { first };
    assert!(other.contains("there is no queue") || other.contains("somebody else"), "{other}");
    let audit = admin.told("!audit").await;
    assert_eq!(audit.matches("queue `extra` removed").count(), 1, "{audit}");

    // A question that is too old.
    let question = admin.asks("!agent remove ben").await;
    admin.is_told("!agent remove anna", "Do it?").await;
    scene.comes_to_rest().await;
    let ahead = LATER.as_millis().to_string();
    scene.bridge.config =
        scene.bridge.config.clone().environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &ahead);
    scene.bridge.restart().await;
    let told = admin.pressed(&question, YES).await;
    assert!(told.contains("too old"), "{told}");
    admin.is_told("yes", "too old").await;
    let agents = admin.told("!agent list").await;
    assert!(agents.contains("@anna:localhost") && agents.contains("@ben:localhost"), "{agents}");

    // Who is no administrator any more is refused and shown out.
    let question = boss.asks("!agent remove ben").await;
    admin.confirms("!role remove boss administrator").await;
    until(DEADLINE, || boss.agent.membership(&boss.room) == "leave").await;
    assert!(boss.agent.tries_to_join(&boss.room).is_err());
    let reaction = json!({ "m.relates_to": {
        "rel_type": "m.annotation", "event_id": question.event_id, "key": YES } });
    let late = json!({ "event_id": "$late", "room_id": boss.room, "sender": boss.agent.id,
        "type": "m.reaction", "content": reaction });
    scene.hs.push_events(&[late]).await;
    scene.comes_to_rest().await;
    admin.is_told("!agent list", "@ben:localhost").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_put_away() {
    let (scene, admin) = office().await;
    let told = admin.told("!site key add shop").await;
    assert!(told.contains("keys k1 secret: (hidden"), "{told}");
    let shown = admin.sees("shown only now").await;
    let secret = shown.body().lines().nth(2).expect("the secret").to_owned();
    assert!(secret.len() >= 43, "{secret}");
    scene.comes_to_rest().await;
    admin.is_told("!site key add shop", "k2").await;
    admin.is_told("!site key add shop", "two keys already").await;
    let has_it = |room: &str| {
        let events = scene.hs.events(room);
        events.iter().filter(|e| e.content.to_string().contains(&secret)).count()
    };
    assert_eq!(has_it(&admin.room), 1);
    admin.presses(&shown, YES).await;
    until(DEADLINE, || has_it(&admin.room) == 0).await;
    for command in ["!config export", "!config show", "!site show shop", "!audit", "!site list"] {
        admin.told(command).await;
    }
    scene.comes_to_rest().await;
    for room in scene.hs.rooms() {
        assert_eq!(has_it(&room), 0, "in {room}");
    }
    assert!(!scene.bridge.log().contains(&secret));
    admin.is_told("!site show shop", "k1").await;
    // A rotation is asked about, and its secret is new.
    let done = admin.confirms("!site key rotate shop").await;
    assert!(done.contains("k3") && !done.contains(&secret), "{done}");
    let is_new = |e: &switchboard_tests::fake::Event| {
        e.body().contains("shown only now") && e.body().contains("`k3`")
    };
    let shown = admin.agent.sees(&admin.room, is_new, DEADLINE).await;
    assert!(!shown.body().contains(&secret));
    admin.is_told("!site show shop", "k2").await;
    // A public key is no secret.
    admin.confirms("!site key remove shop k2").await;
    let own = "!site key add shop --algorithm eddsa --public-key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    admin.is_told(own, "k4").await;
    scene.comes_to_rest().await;
    let secrets = admin.notices().iter().filter(|n| n.contains("shown only now")).count();
    assert_eq!(secrets, 2, "those of k2 and k3 are still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_can_work_at_a_direct_chat_too() {
    let (scene, admin) = office().await;
    let room = admin.agent.starts_direct_chat();
    until(DEADLINE, || scene.hs.members(&room, "join").contains(&bot(&scene))).await;
    let here = admin.within(&room);
    here.is_told("!queue add sales", "Done").await;
    let told = here.confirms("!queue delete sales").await;
    assert!(told.contains("removed"), "{told}");
    let _waiting = Customer::arrives(&scene.bridge, "Clara").await;
    here.is_told("!waiting", "Clara").await;
}
