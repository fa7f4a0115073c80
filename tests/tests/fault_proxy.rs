//! What stands between homeserver and bridge speaks up itself, or the way between them is broken:
//! proxies, wrong tokens and addresses. Nothing is lost, and operators are told what to mend.

use std::time::Duration;

use switchboard_tests::{
    bridge::Bridge,
    customer::Customer,
    fake::Fault,
    scene::{Scene, numbered},
    wait::{DEADLINE, until},
};

const NO_ROUTE: &str = "404 page not found\n";
const MAINTENANCE: &str = "<html><body>Back soon</body></html>";

/// Waits until the log has this.
async fn logged(bridge: &Bridge, words: &str) {
    until(DEADLINE, || bridge.log().contains(words)).await;
}

// --- What a proxy says is not the homeserver's word

#[tokio::test(flavor = "multi_thread")]
async fn a_proxys_answers_refuse_nothing() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let answers = [(404, NO_ROUTE), (200, MAINTENANCE), (302, ""), (403, "Forbidden"), (405, "{}")];
    for (status, body) in answers {
        scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).answers(status, body));
    }
    let texts = numbered("through the proxy", 3);
    for text in &texts {
        chat.customer.says(text).await;
    }
    scene.room_has(&chat.room, &texts).await;
    let metrics = scene.bridge.metrics().await;
    assert!(metrics.contains("switchboard_effects_parked_total 0"), "parked:\n{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_made_behind_a_proxy_that_answers_for_the_homeserver() {
    let scene = Scene::with_anna_alone().await;
    for route in ["/register", "/devices/", "/displayname", "/createRoom", "/join", "/state/"] {
        for method in ["POST", "PUT", "GET"] {
            scene.hs.fault(Fault::on(method, route).times(1).answers(404, NO_ROUTE));
            scene.hs.fault(Fault::on(method, route).times(1).answers(200, MAINTENANCE));
        }
    }
    scene.chat("Carla", &scene.anna).await.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxys_404_does_not_pass_for_a_missing_invite() {
    let scene = Scene::begins_with(|config| config.rings_for(3)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    let fault = Fault::on("GET", "/state/m.room.member/").times(2).answers(404, NO_ROUTE);
    let fault = scene.hs.fault(fault);
    // Anna does not answer.
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
    until(DEADLINE, || scene.anna.membership(&room) == "leave").await;
    assert_eq!(fault.count(), 2);
}

// --- A homeserver that is gone behind its proxy is gone

async fn is_missed_and_searched(fault: Fault) {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.pushes_drained().await;
    scene.hs.holds_pushes(true);
    let lost = numbered("lost", 5);
    for text in &lost {
        scene.anna.says(&chat.room, text);
    }
    assert!(scene.hs.loses_waiting_pushes() >= 5);
    scene.hs.fault(fault);
    logged(&scene.bridge, "the homeserver does not answer").await;
    assert_eq!(scene.bridge.health().await["homeserver"], "down");
    scene.hs.heal();
    scene.hs.holds_pushes(false);
    logged(&scene.bridge, "the homeserver answers again").await;
    chat.page_has(&lost).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_without_a_homeserver_is_an_outage() {
    is_missed_and_searched(Fault::on("GET", "/versions").answers(502, "Bad Gateway")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maintenance_page_is_an_outage() {
    is_missed_and_searched(Fault::on("GET", "/versions").answers(200, MAINTENANCE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_hangs_is_an_outage() {
    let minute = Duration::from_mins(1);
    is_missed_and_searched(Fault::on("GET", "/versions").delays(minute)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_moment_is_no_outage() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let fault = scene.hs.fault(Fault::on("GET", "/versions").times(1).answers(503, "busy"));
    until(DEADLINE, || fault.count() == 1).await;
    let asked = scene.hs.requests_to("GET", "/versions");
    until(DEADLINE, || scene.hs.requests_to("GET", "/versions") > asked + 1).await;
    assert!(!scene.bridge.log().contains("does not answer"), "one failure is no outage");
    chat.works().await;
}
