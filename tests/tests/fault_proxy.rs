//! What stands between homeserver and bridge speaks up itself, or the way between them is broken:
//! proxies, wrong tokens and addresses. Nothing is lost, and operators are told what to mend.

use switchboard_tests::{
    customer::Customer,
    fake::Fault,
    scene::{Scene, numbered},
    wait::{DEADLINE, until},
};

const NO_ROUTE: &str = "404 page not found\n";
const MAINTENANCE: &str = "<html><body>Back soon</body></html>";

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
