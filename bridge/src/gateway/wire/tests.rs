use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::media::Kind;

/// Every type, in the order of this module, as a TypeScript file.
fn typescript() -> String {
    let config = ts_rs::Config::default();
    let mut file = "// Generated from bridge/src/gateway/wire.rs. Do not edit; run\n\
                    //   UPDATE_WIRE=1 cargo test -p switchboard wire_types_are_exported\n"
        .to_owned();
    macro_rules! declare {
        ($($type:ty),* $(,)?) => {$(
            file.push('\n');
            file.push_str(&<$type>::docs().unwrap_or_default());
            file.push_str("export ");
            file.push_str(&<$type>::decl(&config));
            file.push('\n');
        )*};
    }
    declare!(
        SiteInfo,
        QueueInfo,
        Limits,
        StartChat,
        ChatStarted,
        TokenFault,
        ClientFrame,
        ServerFrame,
        LiveState,
        Estimate,
        Phase,
        FeedEntry,
        FeedBody,
        FormReason,
        EndedBy,
        RichText,
        Style,
        RefusalReason,
        ErrorCode,
        ErrorBody,
        FeedPage,
        Kind,
        Attachment,
        FileLink,
        Unfit,
        SendMessage,
        SetTyping,
        SetSeen,
    );
    file
}

#[test]
fn wire_types_are_exported() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../widget/shared/src/wire.ts");
    let generated = typescript();
    if std::env::var_os("UPDATE_WIRE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated,
        "widget/shared/src/wire.ts is not what the wire types say; write it anew with\n  \
         UPDATE_WIRE=1 cargo test -p switchboard wire_types_are_exported"
    );
}

fn attachment() -> Attachment {
    Attachment {
        id: "q83vEjRWeJC".to_owned(),
        name: "photo.jpg".to_owned(),
        kind: Kind::Jpeg,
        size: 1234,
        width: Some(640),
        height: Some(480),
    }
}

fn live() -> LiveState {
    LiveState {
        phase: Phase::Active,
        position: None,
        estimate: None,
        typing: vec!["Anna".to_owned()],
        delivered: 4,
        seen: 2,
    }
}

fn rich_text() -> Vec<RichText> {
    let text = |text: &str| RichText::Text { text: text.to_owned() };
    let span = |style, children| RichText::Span { style, children };
    vec![
        span(Style::Paragraph, vec![text("Hello "), span(Style::Strong, vec![text("Ann")])]),
        RichText::Break {},
        RichText::Link { href: "https://example.org/".to_owned(), children: vec![text("here")] },
    ]
}

#[test]
fn client_frames_keep_their_form() {
    let key = "q83vEjRWeJA".to_owned();
    let frames = [
        ClientFrame::Hello { token: "A".repeat(43), after: 12 },
        ClientFrame::Send {
            key: key.clone(),
            text: "Hello".to_owned(),
            email: None,
            reply_to: None,
            files: Vec::new(),
        },
        ClientFrame::Send {
            key: key.clone(),
            text: "Call me".to_owned(),
            email: Some("ann@example.org".to_owned()),
            reply_to: None,
            files: vec!["q83vEjRWeJB".to_owned()],
        },
        ClientFrame::Typing { typing: true },
        ClientFrame::Ack { seq: 13 },
        ClientFrame::Seen { seq: 13 },
        ClientFrame::End {},
        ClientFrame::Ping {},
        ClientFrame::Send {
            key: key.clone(),
            text: "Yes".to_owned(),
            email: None,
            reply_to: Some(4),
            files: Vec::new(),
        },
        ClientFrame::Edit { key: key.clone(), target: 4, text: "Hello!".to_owned() },
        ClientFrame::Remove { key: key.clone(), target: 4 },
        ClientFrame::React { key, target: 4, emoji: "👍".to_owned(), on: true },
    ];
    insta::assert_json_snapshot!(frames);
    for frame in frames {
        let text = serde_json::to_string(&frame).unwrap();
        assert_eq!(serde_json::from_str::<ClientFrame>(&text).unwrap(), frame);
    }
}

#[test]
fn server_frames_keep_their_form() {
    let key = "q83vEjRWeJA".to_owned();
    let name = "Anna".to_owned();
    let bodies = [
        FeedBody::Queued {},
        FeedBody::Own { key: key.clone(), text: "Hello".to_owned(), reply_to: None, files: vec![] },
        FeedBody::Joined { name: name.clone() },
        FeedBody::Agent {
            name: name.clone(),
            content: rich_text(),
            reply_to: None,
            files: vec![attachment()],
        },
        FeedBody::Left { name },
        FeedBody::Requeued {},
        FeedBody::Form { why: FormReason::Closed, text: "Back at nine.".to_owned() },
        FeedBody::MessageLeft {},
        FeedBody::Undelivered { key: key.clone(), reason: RefusalReason::Undeliverable },
        FeedBody::Ended { by: EndedBy::NoAgent },
        FeedBody::Own {
            key: key.clone(),
            text: "Yes".to_owned(),
            reply_to: Some(4),
            files: vec![],
        },
        FeedBody::Edited { target: 4, content: rich_text(), key: None },
        FeedBody::Removed { target: 4, key: Some(key.clone()) },
        FeedBody::Reaction {
            target: 4,
            emoji: "👍".to_owned(),
            by: Some("Anna".to_owned()),
            on: true,
            key: None,
        },
    ];
    let mut frames =
        vec![ServerFrame::Welcome { number: 42, newest: 8, live: live(), limits: LIMITS }];
    frames.extend((1..).zip(bodies).map(|(seq, body)| {
        ServerFrame::Entry(FeedEntry { seq, at: 1_767_225_600_000 + seq * 1000, body })
    }));
    frames.extend([
        ServerFrame::Live(live()),
        ServerFrame::Live(LiveState {
            phase: Phase::Waiting,
            position: Some(3),
            estimate: Some(Estimate { at_least: 5, at_most: Some(10) }),
            ..LiveState::default()
        }),
        ServerFrame::Accepted { key: key.clone() },
        ServerFrame::Refused { key, reason: RefusalReason::TooFast, retry_after_ms: Some(1000) },
        ServerFrame::Pong {},
        ServerFrame::Error {
            code: ErrorCode::TooSlow,
            message: "the page reads too slowly".to_owned(),
            fatal: true,
        },
    ]);
    insta::assert_json_snapshot!(frames);
    for frame in frames {
        let text = serde_json::to_string(&frame).unwrap();
        assert_eq!(serde_json::from_str::<ServerFrame>(&text).unwrap(), frame);
    }
}

#[test]
fn bodies_keep_their_form() {
    let error = |reason| ErrorBody {
        code: ErrorCode::TooFast,
        message: "too much".to_owned(),
        retry_after_ms: Some(1000),
        reason,
        unfit: None,
    };
    let entry = FeedEntry { seq: 1, at: 1_767_225_600_000, body: FeedBody::Queued {} };
    insta::assert_json_snapshot!(serde_json::json!({
        "site": SiteInfo {
            title: "Chat with us".to_owned(),
            greeting: "Hello!".to_owned(),
            colour: "#0b6e4f".to_owned(),
            ask_name: true,
            queues: vec![QueueInfo {
                id: "sales".to_owned(),
                name: "Sales".to_owned(),
                open: false,
                closed_text: "Back at nine.".to_owned(),
                greeting: String::new(),
            }],
            texts: BTreeMap::from([("start".to_owned(), "Talk to us".to_owned())]),
            limits: LIMITS,
        },
        "start": StartChat {
            start_key: "k".repeat(22),
            name: Some("Ann".to_owned()),
            queue: Some("sales".to_owned()),
            token: Some("a.b.c".to_owned()),
            variables: Some(BTreeMap::from([("order".to_owned(), "4711".to_owned())])),
        },
        "started": ChatStarted {
            token: "A".repeat(43),
            number: 42,
            verified: false,
            token_fault: Some(TokenFault::Expired),
            ignored: vec!["role".to_owned()],
        },
        "feed": FeedPage {
            number: 42,
            entries: vec![entry],
            newest: 1,
            live: live(),
            tag: Some("9f86d081884c7d65".to_owned()),
        },
        "message": SendMessage {
            key: "q83vEjRWeJA".to_owned(),
            text: "Hello".to_owned(),
            email: Some("ann@example.org".to_owned()),
            reply_to: None,
            files: vec!["q83vEjRWeJB".to_owned()],
        },
        "typing": SetTyping { typing: true },
        "seen": SetSeen { seq: 1 },
        "error": error(None),
        "refused": error(Some(RefusalReason::TooFast)),
    }));
}

#[test]
fn frames_are_read_strictly() {
    for text in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"type":"ping","more":1}"#,
        r#"{"type":"pong"}"#,
        r#"{"type":"hello","token":"x"}"#,
        r#"{"type":"hello","token":{"$regex":"."},"after":0}"#,
        r#"{"type":"hello","token":"x","after":-1}"#,
        r#"{"type":"hello","token":"x","after":"0"}"#,
        r#"{"type":"hello","token":"x","after":0,"admin":true}"#,
        r#"{"type":"send","key":1,"text":"x"}"#,
        r#"{"type":"send","key":"12345678","text":["x"]}"#,
        r#"{"type":"send","key":"12345678","text":"x","email":["a@b.example"]}"#,
        r#"{"type":"typing","typing":"yes"}"#,
        r#"{"type":"send","key":"12345678","text":"\ud800"}"#,
    ] {
        assert!(serde_json::from_str::<ClientFrame>(text).is_err(), "{text}");
    }
}
