//! Supervisors look after their queues while chats go on.

use switchboard_tests::{
    customer::Customer,
    desk::Desk,
    scene::{Chat, Scene},
    wait::DEADLINE,
};

/// Carla looks after sales, Dana after everything; the site offers both queues.
const TABLES: &str = "[[queues]]\nid = \"sales\"\nname = \"Sales\"\n\
    [[supervisors]]\nid = \"@carla:localhost\"\nqueues = [\"sales\"]\n\
    [[supervisors]]\nid = \"@dana:localhost\"\n\
    [[messages]]\nid = \"all\"\ntitle = \"All\"\ntext = \"For all\"\n";

struct Floor {
    scene: Scene,
    carla: Desk,
    dana: Desk,
    chat: Chat,
}

/// Anna talks to Clara of support; Ben is not there.
async fn floor() -> Floor {
    let scene = Scene::begins_with(|config| config.nobody_is_ready().tables(TABLES)).await;
    let carla = Desk::of(&scene.hs.agent("carla")).await;
    let dana = Desk::of(&scene.hs.agent("dana")).await;
    scene.logs_on("anna").await;
    let chat = scene.chat("Clara", &scene.anna).await;
    Floor { scene, carla, dana, chat }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_going_on_is_shown_as_it_is() {
    let Floor { scene, carla, dana, chat } = floor().await;
    let anna = Desk { agent: scene.anna.clone(), room: chat.room.clone() };
    anna.is_told("!pause lunch", "paused").await;
    let waiting = Customer::arrives(&scene.bridge, "Walter <b>").await;
    scene.comes_to_rest().await;
    let number = chat.customer.number;
    let all = dana.asks("!queues").await;
    assert!(all.body().contains("Support") && all.body().contains("Sales"), "{}", all.body());
    let html = all.content["formatted_body"].as_str().unwrap_or_default();
    assert!(html.contains("<table>"), "{html}");
    dana.is_told("!agents", "lunch").await;
    dana.is_told("!agents", "Ben").await;
    let waits = dana.asks("!waiting support").await;
    assert!(waits.body().contains("Walter <b>"), "{}", waits.body());
    let html = waits.content["formatted_body"].as_str().unwrap_or_default();
    assert!(html.contains("Walter &lt;b&gt;"), "{html}");
    dana.is_told(&format!("!chat {number}"), "Anna").await;
    dana.is_told(&format!("!chat #{number}"), "Clara").await;
    dana.is_told("!stats", "Support").await;
    dana.is_told("!stats week", "Support").await;

    // Carla sees her own queue only.
    let hers = carla.told("!queues").await;
    assert!(hers.contains("Sales") && !hers.contains("Support"), "{hers}");
    assert!(!carla.told("!waiting").await.contains("Walter"));
    for command in [
        "!waiting support".to_owned(),
        format!("!chat {number}"),
        format!("!assign {} anna", waiting.number),
        format!("!move {} sales", waiting.number),
    ] {
        let told = carla.told(&command).await;
        assert!(told.contains("supervise"), "{command}: {told}");
        assert!(!told.contains("Walter") && !told.contains("Clara"), "{command}: {told}");
    }
    let stats = carla.told("!stats").await;
    assert!(!stats.contains("Support"), "{stats}");
    // Looking at it has not changed anything.
    waiting.sees_live("its place", |live| live.position == Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_chat_is_given_to_an_agent_or_another_queue() {
    let Floor { scene, carla, dana, chat } = floor().await;
    let anna = Desk { agent: scene.anna.clone(), room: chat.room.clone() };
    anna.is_told("!pause", "paused").await;
    let waiting = Customer::arrives(&scene.bridge, "Walter").await;
    scene.comes_to_rest().await;
    let n = waiting.number;
    dana.is_told(&format!("!assign {n} ben"), "Ben cannot be asked now").await;
    dana.is_told(&format!("!assign {n} anna"), "Anna cannot be asked now").await;
    dana.is_told(&format!("!assign {n} annna"), "did you mean").await;
    dana.is_told("!assign 999 anna", "There is no open chat 999").await;
    dana.is_told(&format!("!move {n} support"), "is in “Support” already").await;
    dana.is_told(&format!("!move {n} nowhere"), "there is no queue `nowhere`").await;

    dana.is_told(&format!("!move {n} sales"), &format!("Chat {n} waits in “Sales” now")).await;
    carla.is_told("!waiting", "Walter").await;
    carla.is_told(&format!("!move {n} support"), "supervise").await;
    // Ben comes, and is asked by hand for the chat of Clara's that she may not take away.
    let ben = Desk::ready(&scene.ben).await;
    scene.ben.joins(&scene.ben.next_request(DEADLINE).await);
    waiting.sees_joined("Ben").await;
    let with = chat.customer.number;
    dana.is_told(&format!("!assign {with} ben"), "does not wait for an agent").await;
    dana.is_told(&format!("!move {with} sales"), "stays with its agents").await;
    chat.works().await;
    ben.is_told("!status", "Walter").await;

    // One more, given to Ben although Anna is being asked.
    ben.is_told("!pause", "paused").await;
    anna.is_told("!ready", "ready").await;
    scene.comes_to_rest().await;
    let third = Customer::arrives(&scene.bridge, "Third").await;
    let asked = scene.anna.next_request(DEADLINE).await;
    ben.is_told("!ready", "ready").await;
    dana.is_told(&format!("!assign {} ben", third.number), "Ben is asked").await;
    let room = scene.ben.next_request(DEADLINE).await;
    assert_eq!(room, asked);
    scene.ben.joins(&room);
    third.sees_joined("Ben").await;
    third.ends();
    scene.comes_to_rest().await;
    dana.is_told(&format!("!assign {} anna", third.number), "There is no open chat").await;
    let stats = dana.told("!stats").await;
    assert!(stats.contains("Support") && stats.contains("Sales"), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_edit_the_messages_of_their_queues() {
    let floor = floor().await;
    let (carla, dana) = (&floor.carla, &floor.dana);
    carla
        .is_told(
            "!message add hello --text \"Hello {{customer.name|there}}\" --queues sales",
            "Done",
        )
        .await;
    carla.is_told("!message set hello --title Greeting", "Greeting").await;
    carla.is_told("!message list", "Greeting").await;
    for command in [
        "!message add other --text x --queues support",
        "!message add other --text x --queues sales,support",
        "!message add other --text x",
        "!message set hello --queues all",
        "!message set all --text y",
        "!message delete all",
    ] {
        let told = carla.told(command).await;
        assert!(!told.starts_with("Done") && !told.contains("Do it?"), "{command}: {told}");
        assert!(told.contains("supervise") || told.contains("only"), "{command}: {told}");
    }
    dana.is_told("!message set all --text \"For everybody\"", "For everybody").await;
    let told = carla.confirms("!message delete hello").await;
    assert!(told.starts_with("Done"), "{told}");
}
