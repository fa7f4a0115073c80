//! Which pages may ask, and that strangers learn nothing.

use http::Method;

use super::*;

const STRANGERS: [&str; 11] = [
    "null",
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example.evil.example",
    "https://evil-shop.example",
    "https://sub.shop.example",
    "https://SHOP.example",
    "https://shop.example/",
    "https://shop.example, https://evil.example",
    "",
];

#[tokio::test]
async fn strangers_origins_are_all_refused_alike() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut answers = Vec::new();
    for origin in STRANGERS {
        for path in ["/customer/v1/sites/shop", "/customer/v1/sites/none", "/customer/v1/feed"] {
            let request = world.get(path).bearer_auth(&token).header("origin", origin);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{origin} {path}");
            let cors = response.headers().get("access-control-allow-origin");
            assert_eq!(cors, None, "{origin}");
            answers.push(response.text().await.unwrap());
        }
        let body = serde_json::json!({ "key": "12345678", "text": "x" });
        let send = world.post("/customer/v1/messages", &body).bearer_auth(&token);
        assert_eq!(status(send.header("origin", origin)).await, StatusCode::FORBIDDEN, "{origin}");
        assert!(Page::try_connect(world.address, Some(origin)).await.is_err(), "{origin}");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn two_origins_are_none() {
    let world = world().await;
    let request =
        world.get("/customer/v1/sites/shop").header("origin", SHOP).header("origin", SHOP);
    assert_eq!(status(request).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_sites_pages_and_our_own_may_ask() {
    let world = world().await;
    let (token, _) = world.chat().await;
    for origin in [OWN, SHOP] {
        let request = world.get("/customer/v1/sites/shop").header("origin", origin);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["access-control-allow-origin"], origin);
        assert_eq!(response.headers()["vary"], "origin");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
        let feed = world.get("/customer/v1/feed").bearer_auth(&token).header("origin", origin);
        assert_eq!(status(feed).await, StatusCode::OK);
        Page::connect(world.address, Some(origin)).await.hello(&token, 0).await;
    }
    let errors = world.get("/customer/v1/sites/none").header("origin", SHOP);
    let response = errors.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["access-control-allow-origin"], SHOP, "errors can be read, too");
}

#[tokio::test]
async fn another_sites_pages_may_not() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let other = "https://other.example";
    for path in ["/customer/v1/sites/shop", "/customer/v1/feed"] {
        let request = world.get(path).bearer_auth(&token).header("origin", other);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
    let mut page = Page::connect(world.address, Some(other)).await;
    page.say(&ClientFrame::Hello { token, after: 0 }).await;
    assert_eq!(page.dies().await, (ErrorCode::ForbiddenOrigin, 4403));
}

#[tokio::test]
async fn preflights_are_answered() {
    let world = world().await;
    let preflight = |origin: &str| {
        world
            .http
            .request(Method::OPTIONS, world.url("/customer/v1/messages"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization")
    };
    let response = preflight(SHOP).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["access-control-allow-origin"], SHOP);
    assert_eq!(response.headers()["access-control-allow-methods"], "GET, POST");
    let allowed = &response.headers()["access-control-allow-headers"];
    assert_eq!(allowed, "authorization, content-type");
    assert_eq!(status(preflight("https://evil.example")).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn strangers_tokens_chats_and_sites_are_all_unknown_alike() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let none = "A".repeat(43);
    let id = chat.to_string();
    let tokens = ["", " ", "x", &none, &token[1..], &id, "{\"$regex\":\".\"}"];
    let body = serde_json::json!({ "key": "12345678", "text": "x" });
    let mut answers = Vec::new();
    for token in tokens {
        for request in [
            world.get("/customer/v1/feed"),
            world.post("/customer/v1/messages", &body),
            world.post("/customer/v1/typing", &serde_json::json!({ "typing": true })),
            world.post("/customer/v1/seen", &serde_json::json!({ "seq": 1 })),
            world.post("/customer/v1/end", &serde_json::json!({})),
        ] {
            answers.push(request.bearer_auth(token).send().await.unwrap());
        }
    }
    for request in [
        world.get("/customer/v1/feed"),
        world.get("/customer/v1/feed").header("authorization", token.clone()),
        world.get("/customer/v1/feed").basic_auth("x", Some(&token)),
        world.get("/customer/v1/sites/none"),
        world.get("/customer/v1/sites/SHOP"),
        world.get("/customer/v1/sites/shop%00"),
        world.post("/customer/v1/sites/none/chats", &serde_json::json!({ "start_key": none })),
        world.get("/customer/v1/nothing"),
        world.get("/nothing"),
    ] {
        answers.push(request.send().await.unwrap());
    }
    let mut bodies = Vec::new();
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        bodies.push(answer.text().await.unwrap());
    }
    bodies.dedup();
    assert_eq!(
        bodies,
        [r#"{"code":"not_found","message":"there is no such thing","retry_after_ms":null}"#]
    );
}
