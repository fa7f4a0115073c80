//! Starting a chat with what the site has signed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use switchboard_centre::model::{Algorithm, Key, Secret};

use super::*;
use crate::{gateway::input::CustomerInput, live::unix_ms};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// The shop has a key, and declares one variable.
async fn world_with_a_key() -> World {
    let world = world().await;
    let key = Key {
        id: "k1".to_owned(),
        algorithm: Algorithm::Hs256,
        secret: Some(Secret::new(URL_SAFE_NO_PAD.encode(SECRET))),
        public_key: None,
        added: String::new(),
    };
    let shop = Site { variables: vec!["order".to_owned()], keys: vec![key], ..site("shop", SHOP) };
    world.sites.send_replace(Arc::new([shop].into_iter().collect()));
    world
}

fn token(kid: &str, exp: u64) -> String {
    let claims = json!({
        "aud": "shop", "iss": "https://shop.example", "exp": exp, "jti": "t1", "sub": "c-17",
        "name": "Ann", "order": 4711, "other": "x",
    });
    let header = Header { kid: Some(kid.to_owned()), ..Header::default() };
    encode(&header, &claims, &EncodingKey::from_secret(SECRET)).expect("signed")
}

async fn start(world: &World, body: &Value) -> (u16, Value) {
    let url = format!("http://{}/customer/v1/sites/shop/chats", world.address);
    let reply = world.http.post(url).header("content-type", "application/json");
    let reply = reply.body(body.to_string()).send().await.expect("a reply");
    let status = reply.status().as_u16();
    (status, serde_json::from_slice(&reply.bytes().await.expect("a body")).expect("JSON"))
}

#[tokio::test]
async fn a_good_token_is_read_and_a_bad_one_keeps_nobody_from_chatting() {
    let world = world_with_a_key().await;
    let soon = unix_ms() / 1000 + 300;
    for (n, (token, fault)) in [
        (token("k1", soon), None),
        (token("k1", 1), Some("expired")),
        (token("k2", soon), Some("unknown_key")),
        ("nonsense".to_owned(), Some("malformed")),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "start_key": format!("key-number-{n:020}"), "token": token });
        let (status, reply) = start(&world, &body).await;
        assert_eq!(status, 201, "{reply}");
        let expected = fault.map_or(Value::Null, Value::from);
        assert_eq!(
            (&reply["verified"], &reply["token_fault"]),
            (&json!(fault.is_none()), &expected)
        );
        // The answer is the same when it is asked for again.
        let (status, again) = start(&world, &body).await;
        assert_eq!((status, again), (200, reply));
    }
    let handled = world.runner.handled();
    let facts: Vec<_> = handled
        .iter()
        .map(|input| match input {
            CustomerInput::Start { facts, .. } => facts,
            other => panic!("{other:?}"),
        })
        .collect();
    let signed = facts[0].signed.as_ref().expect("signed");
    let names: Vec<&str> = signed.variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["name", "order"]);
    assert!(facts[1..].iter().all(|facts| facts.signed.is_none() && facts.fault.is_some()));
}

#[tokio::test]
async fn variables_that_the_site_does_not_declare_are_named_and_left_out() {
    let world = world_with_a_key().await;
    let body = json!({
        "start_key": "k".repeat(22), "name": "Ann",
        "variables": { "order": "🔒 4711", "page": "https://shop.example/", "role": "admin" },
    });
    let (status, reply) = start(&world, &body).await;
    assert_eq!((status, &reply["ignored"]), (201, &json!(["role"])));
    let Some(CustomerInput::Start { facts, .. }) = world.runner.handled().pop() else { panic!() };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(facts.stated, [pair("order", "4711"), pair("page", "https://shop.example/")]);
    let many: BTreeMap<String, String> = (0..33).map(|n| (n.to_string(), String::new())).collect();
    let body = json!({ "start_key": "m".repeat(22), "variables": many });
    assert_eq!(start(&world, &body).await.0, 400);
    let body = json!({ "start_key": "n".repeat(22), "variables": { "order": 4711 } });
    assert_eq!(start(&world, &body).await.0, 400, "values are texts");
}
