//! Values that replace each other, and who is there.

use super::*;

const CHAT: ChatId = ChatId(1);
const OTHER: ChatId = ChatId(2);

#[tokio::test]
async fn a_change_to_the_same_value_wakes_nobody() {
    let live = Live::new();
    let _here = live.connect(CHAT);
    let mut states = live.subscribe(CHAT);
    live.update(CHAT, |state| state.position = Some(3));
    assert!(states.has_changed().unwrap());
    assert_eq!(states.borrow_and_update().position, Some(3));
    live.update(CHAT, |state| state.position = Some(3));
    assert!(!states.has_changed().unwrap());
    assert_eq!(live.state(CHAT).position, Some(3));
}

#[tokio::test(start_paused = true)]
async fn absence_counts_from_the_last_page() {
    let live = Live::new();
    let minute = Duration::from_mins(1);
    live.update(CHAT, |state| state.phase = Phase::Waiting);
    live.update(OTHER, |state| state.phase = Phase::Ended);
    let (first, second) = (live.connect(CHAT), live.connect(CHAT));
    tokio::time::advance(minute).await;
    drop(first);
    assert!(live.connected(CHAT));
    assert_eq!(live.absent(minute), []);
    drop(second);
    assert!(!live.connected(CHAT));
    assert_eq!(live.absent(minute), []);
    tokio::time::advance(minute).await;
    let absent: Vec<ChatId> = live.absent(minute).into_iter().map(|(chat, _)| chat).collect();
    assert_eq!(absent, [CHAT], "the one that is over does not count");
    let _back = live.connect(CHAT);
    assert_eq!(live.absent(minute), []);
}

#[tokio::test(start_paused = true)]
async fn who_was_there_a_moment_ago_counts_as_there() {
    let live = Live::new();
    let lately = Duration::from_secs(30);
    assert!(live.here_lately(OTHER, lately), "who knows who was there before the start?");
    drop(live.connect(CHAT));
    live.update(CHAT, |state| state.phase = Phase::Active);
    tokio::time::advance(Duration::from_secs(29)).await;
    assert!(live.here_lately(CHAT, lately), "between two polls");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!live.here_lately(CHAT, lately));
    assert!(!live.here_lately(OTHER, lately));
    let _back = live.connect(CHAT);
    assert!(live.here_lately(CHAT, lately));
}

#[tokio::test(start_paused = true)]
async fn nobody_types_for_ever() {
    let live = Live::new();
    let typing = || live.state(CHAT).typing;
    live.agents_type(CHAT, vec!["Anna".to_owned()]);
    assert!(typing().is_empty(), "not known");
    live.update(CHAT, |state| state.phase = Phase::Active);
    live.agents_type(CHAT, vec!["Anna".to_owned(), "Ben".to_owned()]);
    live.agent_stops_typing(CHAT, "Ben");
    tokio::time::advance(Duration::from_secs(29)).await;
    live.tidy_typing();
    assert_eq!(typing(), ["Anna"]);
    tokio::time::advance(Duration::from_secs(1)).await;
    live.tidy_typing();
    assert!(typing().is_empty());
}

#[tokio::test]
async fn a_customers_changes_are_coalesced() {
    let live = Live::new();
    live.customer_typing(CHAT, true);
    live.customer_seen(OTHER, 7);
    for seq in [4, 9, 2] {
        live.customer_seen(CHAT, seq);
    }
    live.customer_typing(CHAT, false);
    let first = live.next_customer_change().await;
    assert_eq!(first, (CHAT, CustomerLive { typing: Some(false), seen: Some(9) }));
    let second = live.next_customer_change().await;
    assert_eq!(second, (OTHER, CustomerLive { typing: None, seen: Some(7) }));
    live.customer_typing(CHAT, true);
    live.forget(CHAT);
    live.customer_typing(OTHER, true);
    assert_eq!(live.next_customer_change().await.0, OTHER);
}

#[tokio::test]
async fn forgotten_chats_leave_nothing_behind() {
    let live = Live::new();
    drop(live.connect(CHAT));
    live.amend(CHAT, |state| state.phase = Phase::Active);
    assert!(live.inner.chats.is_empty(), "only looked at, never known");
    live.update(CHAT, |state| state.phase = Phase::Active);
    let here = live.connect(CHAT);
    live.forget(CHAT);
    assert_eq!(live.state(CHAT).phase, Phase::Active, "kept while a page shows it");
    drop(here);
    assert!(live.inner.chats.is_empty());
}
