//! What the homeserver may ask of the bridge, in whose name, and how much at once.

use reqwest::Method;
use serde_json::{Value, json};
use switchboard_tests::{scene::Scene, wait::DEADLINE};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

const MIB: usize = 1 << 20;

/// Asks the bridge as the homeserver does. Gives the status and the error code.
async fn ask(scene: &Scene, method: &str, path: &str, token: Option<&str>) -> (u16, Value) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a plain client");
    let method: Method = method.parse().expect("a method");
    let url = format!("{}{path}", scene.bridge.config.appservice_url());
    let mut request = http.request(method.clone(), url);
    if method != Method::GET {
        request = request.json(&json!({ "events": [] }));
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let reply = request.send().await.expect("an answer");
    let status = reply.status().as_u16();
    let body: Value = reply.json().await.expect("every answer is JSON");
    (status, body["errcode"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_homeserver_is_answered() {
    let scene = Scene::begins().await;
    let right = scene.hs.settings().hs_token.clone();
    let longer = format!("{right}x");
    let not_found = json!("M_NOT_FOUND");
    for (method, path, status, errcode) in [
        ("PUT", "transactions/1", 200, Value::Null),
        ("POST", "ping", 200, Value::Null),
        ("GET", "users/@switchboard:localhost", 200, Value::Null),
        ("GET", "users/@switchboard_c_9:localhost", 404, not_found.clone()),
        ("GET", "users/@anna:localhost", 404, not_found.clone()),
        ("GET", "rooms/%23switchboard_9:localhost", 404, not_found.clone()),
        ("GET", "thirdparty/protocol/irc", 404, not_found.clone()),
        ("GET", "thirdparty/user/irc", 404, not_found.clone()),
        ("GET", "thirdparty/user?userid=@a:localhost", 404, not_found.clone()),
        ("GET", "thirdparty/location/irc", 404, not_found.clone()),
        ("GET", "thirdparty/location?alias=%23a:localhost", 404, not_found),
    ] {
        let path = format!("/_matrix/app/v1/{path}");
        for (token, expected) in [
            (None, (401, json!("M_UNAUTHORIZED"))),
            (Some(""), (401, json!("M_UNAUTHORIZED"))),
            (Some("wrong"), (403, json!("M_FORBIDDEN"))),
            (Some("hs"), (403, json!("M_FORBIDDEN"))),
            (Some(longer.as_str()), (403, json!("M_FORBIDDEN"))),
            (Some(right.as_str()), (status, errcode)),
        ] {
            let answer = ask(&scene, method, &path, token).await;
            assert_eq!(answer, expected, "{method} {path} with {token:?}");
        }
    }
}

/// Spec: unknown endpoints are 404, unknown methods of known ones 405, both `M_UNRECOGNIZED`.
#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_not_is_told_to_everybody() {
    let scene = Scene::begins().await;
    let right = scene.hs.settings().hs_token.clone();
    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/_matrix/app/v1/nothing", 404),
        ("PUT", "/_matrix/app/v2/transactions/1", 404),
        ("GET", "/_matrix/app/v1/thirdparty", 404),
        ("PUT", "/transactions/1", 404),
        ("GET", "/_matrix/app/v1/transactions/1", 405),
        ("GET", "/_matrix/app/v1/ping", 405),
        ("DELETE", "/_matrix/app/v1/users/@switchboard:localhost", 405),
        ("PUT", "/_matrix/app/v1/thirdparty/user/irc", 405),
    ] {
        for token in [None, Some("wrong"), Some(right.as_str())] {
            let answer = ask(&scene, method, path, token).await;
            assert_eq!(answer, (status, json!("M_UNRECOGNIZED")), "{method} {path} {token:?}");
        }
    }
}

/// An empty transaction of so many bytes.
fn transaction(bytes: usize) -> Vec<u8> {
    let (before, after) = (r#"{"events":[],"x":""#, r#""}"#);
    let padding = "x".repeat(bytes - before.len() - after.len());
    [before, &padding, after].concat().into_bytes()
}

/// Sends the head of a transaction, and this body until the answer comes, which may be before its
/// end. Gives the status and the error code.
async fn begins(scene: &Scene, token: Option<&str>, length: &str, body: Vec<u8>) -> (u16, Value) {
    let address = ("127.0.0.1", scene.bridge.config.appservice_port);
    let (read, mut write) =
        TcpStream::connect(address).await.expect("the bridge listens").into_split();
    let authorization = token.map(|t| format!("Authorization: Bearer {t}\r\n")).unwrap_or_default();
    let head = format!(
        "PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nHost: bridge\r\n{authorization}{length}\r\n\r\n"
    );
    write.write_all(head.as_bytes()).await.expect("the bridge reads the head");
    let sending = tokio::spawn(async move {
        // The bridge may close before the end. Until then the connection stays open.
        let _ = write.write_all(&body).await;
        std::future::pending::<()>().await;
        drop(write);
    });
    let answer = async {
        let mut read = BufReader::new(read);
        let mut line = String::new();
        read.read_line(&mut line).await.expect("a status line");
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let mut length = 0;
        loop {
            line.clear();
            read.read_line(&mut line).await.expect("a header");
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        read.read_exact(&mut body).await.expect("the body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        (status, body["errcode"].clone())
    };
    let answer = timeout(DEADLINE, answer).await.expect("an answer in time");
    sending.abort();
    answer
}

/// A body in chunks of 1 MiB, whose length is not known beforehand.
fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 1024);
    for chunk in body.chunks(MIB) {
        out.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_may_be_large_but_not_without_end() {
    let scene = Scene::begins().await;
    for bytes in [60 * MIB, 64 * MIB] {
        let answer = scene.hs.push_raw(transaction(bytes)).await;
        assert_eq!(answer, Some((200, json!({}))), "{bytes} bytes");
    }
    let right = scene.hs.settings().hs_token.clone();
    let right = Some(right.as_str());
    let too_large = (413, json!("M_TOO_LARGE"));
    // Of a body that is announced to be too large, and of anything by strangers, nothing is read:
    // they are answered although the body never comes.
    for (token, bytes, expected) in [
        (right, 64 * MIB + 1, too_large.clone()),
        (right, 65 * MIB, too_large.clone()),
        (Some("wrong"), 65 * MIB, (403, json!("M_FORBIDDEN"))),
        (Some("wrong"), MIB, (403, json!("M_FORBIDDEN"))),
        (None, 65 * MIB, (401, json!("M_UNAUTHORIZED"))),
    ] {
        let length = format!("Content-Length: {bytes}");
        let answer = begins(&scene, token, &length, Vec::new()).await;
        assert_eq!(answer, expected, "{bytes} bytes by {token:?}");
    }
    let without_length = "Transfer-Encoding: chunked";
    let sent = chunked(&transaction(60 * MIB));
    assert_eq!(begins(&scene, right, without_length, sent).await, (200, Value::Null));
    let sent = chunked(&transaction(65 * MIB));
    assert_eq!(begins(&scene, right, without_length, sent).await, too_large);
    scene.chat("Carla", &scene.anna).await.works().await;
}
