//! What can happen in the simulated world.

use proptest::prelude::*;

/// Something that somebody does, or that happens to be next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Start,
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
    /// The outbox carries out a chat's next effect; unlucky, it fails or crosses with the agent.
    Perform(u8, bool),
    /// The room tells its next event.
    Tell(u8),
    /// The outcome of some effect comes in.
    Answer(u8),
    Pass(u16),
    Resume(u16),
    /// Which agents there are, and their capacity.
    Configure(u8, u32),
    Restart,
}

pub(crate) fn act() -> impl Strategy<Value = Act> {
    let (chat, agent) = (any::<u8>, 0..4_u8);
    prop_oneof![
        3 => Just(Act::Start),
        1 => chat().prop_map(Act::Write),
        1 => chat().prop_map(Act::End),
        1 => chat().prop_map(Act::Away),
        6 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Accept(c, a)),
        3 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Decline(c, a)),
        2 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Leave(c, a)),
        1 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Bring(c, a)),
        1 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Expel(c, a)),
        1 => (chat(), agent.clone()).prop_map(|(c, a)| Act::Say(c, a)),
        1 => (chat(), agent.clone(), any::<bool>()).prop_map(|(c, a, on)| Act::AskEnd(c, a, on)),
        1 => (chat(), agent.clone()).prop_map(|(c, a)| Act::ConfirmEnd(c, a)),
        1 => (chat(), agent).prop_map(|(c, a)| Act::Close(c, a)),
        12 => (chat(), prop::bool::weighted(0.2)).prop_map(|(c, bad)| Act::Perform(c, bad)),
        8 => chat().prop_map(Act::Tell),
        8 => any::<u8>().prop_map(Act::Answer),
        5 => (0..100_u16).prop_map(Act::Pass),
        1 => (0..100_u16).prop_map(Act::Resume),
        1 => (any::<u8>(), 0..3_u32).prop_map(|(who, capacity)| Act::Configure(who, capacity)),
        1 => Just(Act::Restart),
    ]
}
