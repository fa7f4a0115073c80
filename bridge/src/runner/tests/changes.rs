//! What administrators manage changes while the bridge runs.

mod chats;
mod property;
mod queues;

use switchboard_centre::{
    Applied, ChangeError, Decision,
    commands::{self, FreshKey},
    model::{Administrator, Secret, Supervisor},
};

use super::*;
use crate::{
    gateway::sites::Sites,
    runner::{CentreFile, batch::Batch, state::State},
    store::StoreError,
};

const DAN: &str = "@dan:localhost";
const EVE: &str = "@eve:localhost";

/// The state without the task around it.
struct Office {
    store: MemoryStore,
    directory: Directory,
    sites: watch::Sender<Arc<Sites>>,
    state: State,
}

/// What the file says.
fn file() -> Centre {
    let mut site = Site::new("shop", "Shop");
    site.queues = vec!["support".to_owned()];
    site.origins = vec!["https://shop.example".to_owned()];
    Centre {
        queues: vec![Queue::new("support", "Support"), Queue::new("sales", "Sales")],
        agents: vec![centre::Agent::new(ANNA, "Anna")],
        administrators: [DAN, EVE].map(|id| Administrator { id: id.to_owned() }).to_vec(),
        sites: vec![site],
        ..Centre::default()
    }
}

fn decision(line: &str) -> Decision {
    let command = commands::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let fresh = || FreshKey {
        id: "fresh".to_owned(),
        secret: Secret::new("s".repeat(43)),
        added: "2026-11-24T10:00:00Z".to_owned(),
    };
    command.change(fresh).unwrap_or_else(|| panic!("{line} changes nothing")).into()
}

impl Office {
    async fn new() -> Self {
        Self::start(MemoryStore::new(), file()).await
    }

    /// A start of the bridge.
    async fn start(store: MemoryStore, file: impl Into<CentreFile>) -> Self {
        let (directory, sites) = (Directory::default(), watch::Sender::default());
        let with = Surroundings {
            clock: Clock::system(),
            names: Namespace::new("localhost", "switchboard").expect("valid"),
            directory: directory.clone(),
            live: Live::new(),
            metrics: Metrics::new(),
            sites: sites.clone(),
            spaces: SpaceSettings::default(),
        };
        let epoch = store.claim_epoch().await.expect("claimed");
        let state = State::load(Arc::new(store.clone()), epoch, file.into(), with);
        let state = state.await.expect("it loads");
        let mut office = Self { store, directory, sites, state };
        office.everybody_logs_on().await;
        office
    }

    async fn restart(self, file: impl Into<CentreFile>) -> Self {
        Self::start(self.store, file).await
    }

    /// What the runner does at the end of a turn.
    async fn commit(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        self.state.seal(&mut batch).expect("JSON");
        let changes = batch.changes(self.state.epoch()).expect("JSON");
        self.store.commit(changes).await?;
        self.state.publish(&batch);
        Ok(())
    }

    async fn decide(&mut self, who: &str, decision: &Decision) -> Result<Applied, ChangeError> {
        let mut batch = Batch::default();
        self.state.begin();
        let applied = self.state.change_centre(who, decision, &mut batch).await.expect("handled");
        if applied.is_err() {
            assert!(batch.is_empty() && !batch.centre_changed, "nothing was changed");
        }
        self.commit(batch).await.expect("stored");
        applied
    }

    async fn says(&mut self, who: &str, line: &str) -> Result<Applied, ChangeError> {
        self.decide(who, &decision(line)).await
    }

    async fn dan(&mut self, line: &str) -> Applied {
        self.says(DAN, line).await.unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    async fn imports(&mut self, who: &str, text: &str) -> Result<Applied, ChangeError> {
        let plan = self.state.plan_import(text).expect("a good file");
        let mut batch = Batch::default();
        self.state.begin();
        let applied = self.state.import_centre(who, plan, &mut batch).await.expect("handled");
        self.commit(batch).await.expect("stored");
        applied
    }

    fn queue_name(&self, id: &str) -> Option<&str> {
        self.state.centre.queue(id).map(|queue| queue.name.as_str())
    }

    /// The audit as it is shown, without the times.
    async fn audit(&self, count: u32) -> String {
        let reply = self.state.audit(count).await.expect("read");
        let line = |line: &str| match line.strip_prefix("20") {
            Some(rest) => format!("{:19}{}", "(when)", &rest[17..]),
            None => line.to_owned(),
        };
        reply.text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    /// All that is kept of who changed what.
    async fn kept(&self) -> String {
        let records = self.store.records(RecordKind::Audit).await.expect("read");
        records.into_iter().map(|(_, bytes)| String::from_utf8(bytes).expect("text")).collect()
    }
}

/// The file with another name for its first queue.
fn file_with(name: &str) -> Centre {
    let mut centre = file();
    name.clone_into(&mut centre.queues[0].name);
    centre
}

#[tokio::test]
async fn a_change_counts_when_it_is_committed_and_stays() {
    let mut office = Office::new().await;
    let mut batch = Batch::default();
    office.state.begin();
    for line in [
        "!agent add @ben:localhost --name Ben",
        "!site set shop --title \"Ask us\" --queues sales,support",
        "!queue set sales --name \"New business\"",
    ] {
        let done = office.state.change_centre(DAN, &decision(line), &mut batch).await;
        done.expect("handled").unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    let title = |office: &Office| office.sites.borrow().get("shop").map(|s| s.title.clone());
    assert_eq!(office.directory.agent_name("@ben:localhost"), None);
    assert_eq!(title(&office).as_deref(), Some("Shop"));
    office.commit(batch).await.expect("stored");

    let changed = office.state.centre.clone();
    for what in ["after the commit", "after a failure", "after a restart"] {
        match what {
            "after a failure" => office.state.reload().await.expect("loaded"),
            "after a restart" => office = office.restart(file()).await,
            _ => {}
        }
        assert_eq!(office.state.centre, changed, "{what}");
        assert_eq!(office.queue_name("sales"), Some("New business"), "{what}");
        assert_eq!(office.directory.agent_name("@ben:localhost").as_deref(), Some("Ben"), "{what}");
        assert_eq!(title(&office).as_deref(), Some("Ask us"), "{what}");
        let sites = office.sites.borrow().clone();
        let queues = &sites.get("shop").expect("a site").queues;
        let queues: Vec<_> = queues.iter().map(|queue| queue.name.as_str()).collect();
        assert_eq!(queues, ["New business", "Support"], "{what}");
        let ben = office.state.engine().agent(&AgentId("@ben:localhost".to_owned()));
        assert!(ben.is_some(), "{what}");
    }
}

#[tokio::test]
async fn the_file_is_taken_until_a_command_changes_something() {
    let mut office = Office::new().await;
    for name in ["One", "Two"] {
        office = office.restart(file_with(name)).await;
        assert_eq!(office.queue_name("support"), Some(name));
    }
    // Nothing is written for a file that says what it said.
    let audited = office.state.audited;
    office = office.restart(file_with("Two")).await;
    assert_eq!(office.state.audited, audited);

    office.dan("!queue set support --name Three").await;
    assert_eq!(office.state.unheard(&file_with("Two")), None, "the file is as it was taken");
    assert_eq!(office.state.unheard(&file_with("Three")), None, "the file says what is so");
    let mut four = file_with("Four");
    four.misses = 9;
    let unheard = office.state.unheard(&four);
    assert_eq!(unheard.as_deref(), Some("time_zone or misses, queues"));
    for _ in 0..2 {
        office = office.restart(four.clone()).await;
        assert_eq!(office.queue_name("support"), Some("Three"));
    }

    // Taken over on purpose, the file rules as in the beginning.
    office = office.restart(CentreFile { centre: file_with("Five"), take: true }).await;
    assert_eq!(office.queue_name("support"), Some("Five"));
    office = office.restart(file_with("Six")).await;
    assert_eq!(office.queue_name("support"), Some("Six"));
    insta::assert_snapshot!("taken", office.audit(4).await);
}

/// A file that was exported has no secrets: taking it leaves the keys as good as they were.
#[tokio::test]
async fn a_file_without_secrets_leaves_them_where_they_are() {
    let mut office = Office::new().await;
    office.dan("!site key add shop").await;
    let before = office.state.centre.clone();
    let export = Centre::from_toml(&before.export()).expect("an export");
    assert!(!export.sites[0].keys[0].is_usable());
    assert_eq!(office.state.unheard(&export), None);
    office = office.restart(CentreFile { centre: export.clone(), take: true }).await;
    assert_eq!(office.state.centre, before);
    assert_eq!(office.restart(export).await.state.centre, before);
}

#[tokio::test]
async fn a_commit_that_fails_changes_nothing() {
    let mut office = Office::new().await;
    office.dan("!queue set support --name Help").await;
    let (before, audit) = (office.state.centre.clone(), office.audit(9).await);
    let mut batch = Batch::default();
    office.state.begin();
    for line in ["!queue set support --name Lost", "!agent remove @anna:localhost"] {
        let done = office.state.change_centre(DAN, &decision(line), &mut batch).await;
        done.expect("handled").expect("allowed");
    }
    assert_ne!(office.state.centre, before);
    office.store.fail_next_commits(1);
    office.commit(batch).await.expect_err("asked to fail");
    office.state.reload().await.expect("loaded");
    assert_eq!(office.state.centre, before);
    assert_eq!(office.audit(9).await, audit);
    assert_eq!(office.directory.agent_name(ANNA).as_deref(), Some("Anna"));
    assert!(office.state.engine().agent(&AgentId(ANNA.to_owned())).is_some());
    // The numbers of the audit go on where they were.
    office.dan("!queue set support --name Found").await;
    assert_eq!(office.state.audited, 3);
    assert!(office.audit(1).await.contains("Help → Found"));
}

#[tokio::test]
async fn of_two_who_decide_on_the_same_the_second_is_told() {
    let mut office = Office::new().await;
    let seen = |office: &Office, line: &str| {
        office.state.centre.decide(decision(line).change).expect("a decision")
    };
    let first = seen(&office, "!queue set support --name Help");
    let second = seen(&office, "!queue set support --max-wait 5m");
    let elsewhere = seen(&office, "!queue set sales --max-wait 5m");
    office.decide(DAN, &first).await.expect("the first");
    let stale = office.decide(EVE, &second).await.expect_err("changed since");
    assert!(stale.to_string().contains("Support → Help"), "{stale}");
    office.decide(EVE, &elsewhere).await.expect("another queue");

    // The same with a file.
    let file = office.state.centre.export().replace("Help", "From a file");
    let plan = office.state.plan_import(&file).expect("a good file");
    office.dan("!queue set sales --name Shop").await;
    let mut batch = Batch::default();
    let stale = office.state.import_centre(EVE, plan, &mut batch).await.expect("handled");
    assert!(matches!(stale, Err(ChangeError::Stale { .. })), "{stale:?}");
    assert!(batch.is_empty());
}

#[tokio::test]
async fn only_whom_it_is_for_may_change_something() {
    let mut with = file();
    with.supervisors = vec![Supervisor { id: ANNA.to_owned(), queues: Vec::new() }];
    let mut office = Office::start(MemoryStore::new(), with).await;
    for line in ["!queue set support --name Mine", "!role add @anna:localhost administrator"] {
        let refused = office.says(ANNA, line).await.expect_err("not hers");
        assert!(matches!(refused, ChangeError::NotAllowed { .. }), "{line}: {refused}");
    }
    let export = office.state.centre.export();
    let refused = office.imports(ANNA, &export).await.expect_err("not hers");
    assert!(matches!(refused, ChangeError::NotAllowed { .. }), "{refused}");
    office.says(ANNA, "!message add hi --text \"Hello!\"").await.expect("hers");
}

#[tokio::test]
async fn the_bridges_own_users_are_no_people() {
    let mut office = Office::new().await;
    for line in [
        "!agent add @switchboard:localhost",
        "!agent add @switchboard_c_17:localhost",
        "!role add @switchboard:localhost administrator",
        "!role add @switchboard_appservice:localhost supervisor",
    ] {
        let asked = office.state.would_change(DAN, &decision(line)).expect_err(line);
        assert!(asked.reply().text.contains("is the bot or another user of the bridge"), "{asked}");
        assert_eq!(office.says(DAN, line).await.expect_err(line), asked);
    }
    let file = office.state.centre.export().replace(ANNA, "@switchboard:localhost");
    let problems = office.state.plan_import(&file).expect_err("the bot");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].path, "agents[0].id");
    // Those of other servers are strangers with a familiar name.
    office.dan("!agent add @switchboard:elsewhere.org").await;
}

#[tokio::test]
async fn the_audit_says_who_changed_what_by_which_way() {
    let mut office = Office::new().await;
    office.dan("!queue set support --name Help --max-wait 20m").await;
    office.dan("!site key rotate shop").await;
    office.says(EVE, "!agent remove @anna:localhost").await.expect("allowed");
    let file = office.state.centre.export().replace("Help", "Support");
    office.imports(EVE, &file).await.expect("imported");
    // What changes nothing is none of its business.
    office.imports(EVE, &file).await.expect("the same");
    office.says(EVE, "!queue set sales --name Sales").await.expect_err("so already");
    insta::assert_snapshot!("audit", office.audit(20).await);
    let newest = office.audit(1).await;
    assert!(newest.contains("Help → Support") && !newest.contains("@dan"), "{newest}");
    let office = office.restart(file_with("Never")).await;
    assert_eq!(office.audit(1).await, newest, "it is kept");
}

#[tokio::test]
async fn secrets_are_stored_and_nowhere_in_the_audit() {
    let mut with = file();
    let secret = "f".repeat(43);
    with.sites[0].keys = vec![centre::Key {
        id: "old".to_owned(),
        algorithm: centre::Algorithm::Hs256,
        secret: Some(Secret::new(secret.as_str())),
        public_key: None,
        added: String::new(),
    }];
    let mut office = Office::start(MemoryStore::new(), with).await;
    for line in ["!site key add shop", "!site key remove shop old", "!site delete shop"] {
        let stored = office.store.record(RecordKind::Centre, "centre").await.expect("read");
        let stored = String::from_utf8(stored.expect("it is there")).expect("text");
        assert!(stored.contains(&secret) || stored.contains(&"s".repeat(43)), "{line}");
        office.dan(line).await;
    }
    let shown = office.state.audit(20).await.expect("read");
    for text in [office.kept().await, shown.text, shown.html] {
        assert!(text.contains("hidden, fingerprint"), "{text}");
        for secret in ["ffff", "ssss"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    // What is gone is gone.
    let stored = office.store.record(RecordKind::Centre, "centre").await.expect("read");
    let stored = String::from_utf8(stored.expect("it is there")).expect("text");
    assert!(!stored.contains(&secret), "not even what the file said");
}

#[tokio::test]
async fn the_stored_form_of_the_centre() {
    let mut office = Office::new().await;
    office.dan("!site key add shop").await;
    let stored = office.store.record(RecordKind::Centre, "centre").await.expect("read");
    let stored: serde_json::Value =
        serde_json::from_slice(&stored.expect("it is there")).expect("JSON");
    insta::assert_json_snapshot!("stored_centre", stored);
    let keys = office.store.records(RecordKind::Audit).await.expect("read");
    let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["00000000000000000001", "00000000000000000002"]);
}

#[tokio::test]
async fn hours_count_at_once() {
    let mut office = Office::new().await;
    let open = |office: &Office| {
        let sites = office.sites.borrow().clone();
        let known = office.state.engine().queues().find(|queue| queue.id.0 == "support");
        (sites.get("shop").expect("a site").queues[0].open, known.expect("a queue").open)
    };
    assert_eq!((open(&office), office.state.next_hours()), ((true, true), None));
    // One minute a week, and it is not now: else there are three.
    let now = office.state.now();
    for day in ["mon", "wed", "fri"] {
        office.dan(&format!("!queue hours set support \"{day} 03:00-03:01\"")).await;
        if !office.state.centre.is_open(&office.state.centre.queues[0], now) {
            break;
        }
    }
    assert_eq!(open(&office), (false, false));
    assert!(office.state.next_hours().is_some());
    office.dan("!queue hours always support").await;
    assert_eq!((open(&office), office.state.next_hours()), ((true, true), None));
}
