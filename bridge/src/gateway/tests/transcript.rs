//! What the customer takes along.

use super::{runner::append, *};

#[tokio::test]
async fn a_customer_takes_their_conversation_along() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let said = |n: u32| FeedBody::Own {
        key: format!("key-{n:04}"),
        text: format!("<b>message {n}</b>"),
        reply_to: None,
        files: Vec::new(),
    };
    // More than the store gives at once.
    append(&world.store, chat, (0..150).map(said).collect()).await;
    for (query, kind, file, first, last) in [
        ("", "text/html; charset=utf-8", "html", "&lt;b&gt;message 0&lt;", "message 149&lt;"),
        ("?format=text", "text/plain; charset=utf-8", "txt", "<b>message 0<", "message 149<"),
    ] {
        let path = format!("/customer/v1/transcript{query}");
        let response = world.get(&path).bearer_auth(&token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), kind);
        assert_eq!(header("x-content-type-options"), "nosniff");
        let disposition = header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\"chat-"), "{disposition}");
        assert!(disposition.ends_with(&format!(".{file}\"")), "{disposition}");
        assert!(header("content-security-policy").starts_with("sandbox; default-src 'none'"));
        let body = response.text().await.unwrap();
        assert!(body.contains(first) && body.contains(last), "{body}");
    }
}

#[tokio::test]
async fn nobody_else_gets_it() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let path = "/customer/v1/transcript";
    assert_eq!(status(world.get(path)).await, StatusCode::NOT_FOUND);
    assert_eq!(status(world.get(path).bearer_auth("x".repeat(43))).await, StatusCode::NOT_FOUND);
    let foreign = world.get(path).bearer_auth(&token).header("origin", "https://evil.example");
    assert_eq!(status(foreign).await, StatusCode::FORBIDDEN);
    let odd = world.get(&format!("{path}?format=pdf")).bearer_auth(&token);
    assert_eq!(status(odd).await, StatusCode::BAD_REQUEST);
}
