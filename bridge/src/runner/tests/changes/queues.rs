//! The users that stand for queues.

use super::*;

impl Office {
    /// The names that are still to be given to the users of queues.
    async fn names_given(&self) -> Vec<(String, String)> {
        let effects = self.store.effects().await.expect("read");
        let named = effects.iter().filter_map(|(_, stored)| {
            match serde_json::from_slice(&stored.body).expect("an effect") {
                OutboxEffect {
                    place: Place::QueueUser(queue),
                    deed: Deed::NameQueue { name },
                    ..
                } => Some((queue, name)),
                _ => None,
            }
        });
        named.collect()
    }

    /// The outbox has given all of them.
    async fn names_are_given(&mut self) {
        let mut batch = Batch::default();
        self.state.begin();
        let named = |(seq, effect): (&u64, &OutboxEffect)| {
            matches!(effect.place, Place::QueueUser(_)).then_some(EffectSeq(*seq))
        };
        for seq in self.state.open_effects.iter().filter_map(named).collect::<Vec<_>>() {
            self.state.finish_effect(seq, Ok(Done::Plain), &mut batch).await.expect("handled");
        }
        self.commit(batch).await.expect("stored");
    }
}

fn named(names: &[(&str, &str)]) -> Vec<(String, String)> {
    names.iter().map(|(queue, name)| ((*queue).to_owned(), (*name).to_owned())).collect()
}

#[tokio::test]
async fn a_queues_user_is_named_when_that_is_needed() {
    let office = Office::new().await;
    let all = named(&[("sales", "Sales (queue)"), ("support", "Support (queue)")]);
    assert_eq!(office.names_given().await, all);
    // What a start has not come to is not asked for twice.
    let mut office = office.restart(file()).await;
    assert_eq!(office.names_given().await, all);
    office.names_are_given().await;

    for (line, expected) in [
        ("!queue set sales --max-wait 5m", vec![]),
        ("!queue set sales --name Shop", named(&[("sales", "Shop (queue)")])),
        ("!queue add billing --name Billing", named(&[("billing", "Billing (queue)")])),
    ] {
        office.dan(line).await;
        assert_eq!(office.names_given().await, expected, "{line}");
        office.names_are_given().await;
    }
    // There and back again before anything is done: the last name counts.
    office.dan("!queue set sales --name One").await;
    office.dan("!queue set sales --name Two").await;
    let both = named(&[("sales", "One (queue)"), ("sales", "Two (queue)")]);
    assert_eq!(office.names_given().await, both);
}
