//! Whatever is changed, fails and starts again: memory is what is stored, and the audit has it all.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// A command, and whether its commit fails.
    Says(&'static str, bool),
    /// A start with this name for a queue in the file, taking it or not.
    Restart(&'static str, bool),
    Customer,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let line = prop::sample::select(vec![
        "!queue add night --name Night",
        "!queue delete night",
        "!queue delete night --move-to support",
        "!queue delete support --move-to sales",
        "!queue set sales --overflow support --overflow-when-nobody-ready yes",
        "!queue hours set sales \"mon-fri 09:00-17:00\"",
        "!site set shop --queues sales",
        "!site set shop --queues all --title \"Ask us\"",
        "!site delete shop",
        "!site add shop --queues sales --origins https://s.example",
        "!site key rotate shop",
        "!agent add @ben:localhost --name Ben",
        "!agent remove @anna:localhost",
        "!profile add days sales",
        "!config set --misses 5 --time-zone Asia/Tokyo",
        "!role remove @eve:localhost administrator",
    ]);
    let name = prop::sample::select(vec!["One", "Two"]);
    let step = prop_oneof![
        8 => (line, prop::bool::weighted(0.2)).prop_map(|(line, fails)| Step::Says(line, fails)),
        1 => (name, any::<bool>()).prop_map(|(name, take)| Step::Restart(name, take)),
        2 => Just(Step::Customer),
    ];
    prop::collection::vec(step, 1..25)
}

impl Office {
    async fn step(&mut self, n: u128, step: Step, changes: &mut u64) {
        let mut batch = Batch::default();
        self.state.begin();
        match step {
            Step::Says(line, fails) => {
                let done = self.state.change_centre(DAN, &decision(line), &mut batch).await;
                if done.expect("handled").is_ok() && !fails {
                    *changes += 1;
                }
                if fails {
                    self.store.fail_next_commits(1);
                    self.commit(batch).await.expect_err("asked to fail");
                    self.state.reload().await.expect("loaded");
                    return;
                }
            }
            Step::Customer => {
                let start = CustomerInput::Start {
                    chat: ChatId(n),
                    site: "shop".to_owned(),
                    name: None,
                    session: format!("{n:064x}"),
                    queue: None,
                    facts: Facts::default(),
                };
                // Without a site there are no customers.
                if self.state.take_customer(start, 1, &mut batch).await.is_err() {
                    return;
                }
            }
            Step::Restart(..) => unreachable!("the caller does that"),
        }
        self.commit(batch).await.expect("stored");
    }

    async fn check(&self, changes: u64) {
        let stored = self.store.record(RecordKind::Centre, "centre").await.expect("read");
        let stored: serde_json::Value =
            serde_json::from_slice(&stored.expect("it is there")).expect("JSON");
        let centre: Centre = serde_json::from_value(stored["centre"].clone()).expect("a centre");
        assert_eq!(centre, self.state.centre, "memory is not what is stored");
        assert_eq!(self.state.centre.validate(), []);
        let ours: Vec<_> = self.state.engine().queues().map(|queue| &*queue.id.0).collect();
        let mut theirs: Vec<_> = centre.queues.iter().map(|queue| &*queue.id).collect();
        theirs.sort_unstable();
        assert_eq!(ours, theirs, "the rules know other queues");
        for chat in self.state.engine().chats() {
            let queue = &chat.queue.0;
            assert!(centre.queue(queue).is_some(), "a chat is in the deleted queue {queue}");
            assert_eq!(*queue, self.state.conversations[&chat.id].queue);
        }
        let known = centre.sites.iter().map(|site| &site.id);
        for site in known.chain(self.state.conversations.values().map(|chat| &chat.site)) {
            assert!(self.sites.borrow().get(site).is_some(), "pages of {site} are cut off");
        }
        let kept = self.store.records(RecordKind::Audit).await.expect("read");
        assert_eq!(kept.len() as u64, self.state.audited);
        let by_command = kept
            .iter()
            .filter(|(_, entry)| String::from_utf8_lossy(entry).contains("\"way\":\"command\""));
        assert_eq!(by_command.count() as u64, changes, "a change is missing in the audit");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_what_is_stored(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut office = Office::new().await;
            let mut changes = 0;
            for (n, step) in (0..).zip(steps) {
                match step {
                    // Files know nothing of chats: those in queues that a file leaves out wait there.
                    Step::Restart(name, take) => {
                        let mut centre = file_with(name);
                        centre.queues.push(Queue::new("night", "By night"));
                        office = office.restart(CentreFile { centre, take }).await;
                    }
                    step => office.step(n, step, &mut changes).await,
                }
                office.check(changes).await;
            }
        });
    }
}
