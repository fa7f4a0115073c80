//! What can happen in the simulated world.

use proptest::prelude::*;

/// Something that somebody does, or that happens to be next. Chats, queues and setups are drawn by
/// any number, agents by their place among the names.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Start(u8),
    Write(u8),
    End(u8),
    Away(u8),
    Accept(u8, u8),
    Decline(u8, u8),
    Leave(u8, u8),
    /// An agent in the room invites a colleague, who joins.
    Bring(u8, u8),
    /// A server administrator removes somebody.
    Expel(u8, u8),
    Say(u8, u8),
    AskEnd(u8, u8, bool),
    ConfirmEnd(u8, u8),
    Close(u8, u8),
    LogOn(u8, u8),
    /// What becomes of the chats: nothing said, kept, returned.
    LogOff(u8, u8),
    Ready(u8),
    Pause(u8, bool),
    /// A supervisor gives a chat to an agent.
    Assign(u8, u8),
    /// A supervisor puts a chat into another queue.
    Move(u8, u8),
    Hours(u8, bool),
    /// The outbox carries out a chat's next effect; unlucky, it fails or crosses with the agent.
    Perform(u8, bool),
    /// The room tells its next event.
    Tell(u8),
    /// The outcome of some effect comes in.
    Answer(u8),
    Pass(u16),
    Resume(u16),
    /// Which setup holds now, which agents there are, and their capacity.
    Configure(u8, u8, u32),
    Restart,
}

pub(crate) fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => in_rooms(),
        2 => at_desks(),
        1 => by_those_in_charge(),
        14 => outside(),
    ]
}

/// What customers and agents do in chats.
fn in_rooms() -> impl Strategy<Value = Act> {
    let (chat, agent) = (any::<u8>, 0..4_u8);
    prop_oneof![
        8 => any::<u8>().prop_map(Act::Start),
        4 => chat().prop_map(Act::Write),
        1 => chat().prop_map(Act::End),
        1 => chat().prop_map(Act::Away),
        8 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Accept(c, a)),
        5 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Decline(c, a)),
        3 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Leave(c, a)),
        2 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Bring(c, a)),
        1 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Expel(c, a)),
        2 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Say(c, a)),
        2 => (chat(), agent.clone(), any::<bool>()).prop_map(|(c, a, on)| Act::AskEnd(c, a, on)),
        1 => (chat(), agent.clone()).prop_map(|(c, a)| Act::ConfirmEnd(c, a)),
        2 => (chat(), agent).prop_map(|(c, a)| Act::Close(c, a)),
    ]
}

fn at_desks() -> impl Strategy<Value = Act> {
    let agent = || 0..4_u8;
    prop_oneof![
        6 => (agent(), 0..2_u8).prop_map(|(a, p)| Act::LogOn(a, p)),
        1 => (agent(), 0..3_u8).prop_map(|(a, how)| Act::LogOff(a, how)),
        6 => agent().prop_map(Act::Ready),
        2 => (agent(), any::<bool>()).prop_map(|(a, after)| Act::Pause(a, after)),
    ]
}

/// What supervisors and administrators do.
fn by_those_in_charge() -> impl Strategy<Value = Act> {
    let (any_queue, capacity) = (any::<u8>, prop_oneof![1 => 0..1_u32, 6 => 1..4_u32]);
    // Mostly nearly all of them.
    let who = (any::<u8>(), any::<u8>()).prop_map(|(some, others)| some | others);
    prop_oneof![
        4 => (any::<u8>(), 0..4_u8).prop_map(|(c, a)| Act::Assign(c, a)),
        2 => (any::<u8>(), any_queue()).prop_map(|(c, q)| Act::Move(c, q)),
        2 => (any_queue(), prop::bool::weighted(0.8)).prop_map(|(q, open)| Act::Hours(q, open)),
        1 => (any::<u8>(), who, capacity)
            .prop_map(|(which, who, capacity)| Act::Configure(which, who, capacity)),
    ]
}

/// What the homeserver, the outbox and the clock do.
fn outside() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (any::<u8>(), prop::bool::weighted(0.1)).prop_map(|(c, bad)| Act::Perform(c, bad)),
        8 => any::<u8>().prop_map(Act::Tell),
        8 => any::<u8>().prop_map(Act::Answer),
        3 => (0..100_u16).prop_map(Act::Pass),
        1 => (0..100_u16).prop_map(Act::Resume),
        1 => Just(Act::Restart),
    ]
}
