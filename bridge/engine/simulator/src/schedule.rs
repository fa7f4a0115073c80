//! A schedule: what happens, decided by the seed alone before anything runs, so that steps can be
//! left out and the rest still means the same.

use std::fmt;

use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use switchboard_engine::Setup;

use crate::setups;

/// What kind of thing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A customer opens a chat.
    Start,
    /// A customer writes.
    Write,
    /// A customer's page sends a message again.
    Resend,
    /// A customer presses End.
    End,
    /// A customer goes away, and the abandon time passes.
    GoAway,
    /// A customer comes back.
    Return,
    /// An agent logs on with a profile.
    LogOn,
    /// An agent logs off.
    LogOff,
    /// An agent is ready.
    Ready,
    /// An agent pauses.
    Pause,
    /// An agent accepts an invite.
    Accept,
    /// An agent declines an invite.
    Decline,
    /// An agent leaves a room.
    Leave,
    /// An agent writes to the customer.
    Say,
    /// An agent brings a colleague into a room.
    Bring,
    /// A server administrator removes an agent from a room.
    Expel,
    /// An agent wants to end a chat.
    AskEnd,
    /// An agent confirms that.
    ConfirmEnd,
    /// An agent presses ✅ Close.
    Close,
    /// A supervisor gives a chat to an agent.
    Assign,
    /// A supervisor moves a chat.
    Move,
    /// The configuration changes.
    Configure,
    /// A queue opens or closes.
    Hours,
    /// The homeserver pushes a room's next event.
    Push,
    /// The homeserver pushes an old event again.
    Repush,
    /// The runner takes a turn.
    Handle,
    /// The outbox works on a lane.
    Perform,
    /// Time passes.
    Pass,
    /// The process dies and starts again.
    Crash,
    /// The homeserver goes silent.
    Outage,
    /// The homeserver answers again and the gap check is through.
    CatchUp,
}

/// Something that goes wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The message is not on disk when the process dies: the page gets no ✓.
    NotDurable,
    /// It is on disk, but the ✓ is lost.
    AckLost,
    /// The homeserver loses the push.
    PushLost,
    /// The process dies amid the commit.
    CrashInCommit,
    /// The process dies after the commit, before the outbox hears of it.
    CrashAfterCommit,
    /// The store refuses the commit.
    CommitFails,
    /// The homeserver is not reached.
    Unreached,
    /// It is done, but the answer is lost.
    AnswerLost,
    /// The homeserver refuses for good.
    Refused,
    /// An agent acts between our look and our deed.
    Race,
}

/// One step of a schedule. The numbers choose among what there is when it comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub kind: Kind,
    /// Who or where.
    pub a: u8,
    /// With what.
    pub b: u8,
    /// What goes wrong.
    pub fault: Fault,
}

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.kind, self.a, self.b)?;
        if self.fault == Fault::None { Ok(()) } else { write!(f, " {:?}", self.fault) }
    }
}

/// Everything that a seed stands for.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The seed.
    pub seed: u64,
    /// The configurations; the first is there from the beginning.
    pub setups: Vec<Setup>,
    /// Records go through JSON at every start.
    pub json: bool,
    /// The homeserver does not say what was before an event.
    pub bare_events: bool,
    /// What happens.
    pub acts: Vec<Act>,
}

/// Kinds, how often they come, and whether a schedule may be without them.
const KINDS: [(Kind, u32, bool); 31] = [
    (Kind::Start, 4, false),
    (Kind::Write, 6, true),
    (Kind::Resend, 2, true),
    (Kind::End, 2, true),
    (Kind::GoAway, 1, true),
    (Kind::Return, 1, true),
    (Kind::LogOn, 1, true),
    (Kind::LogOff, 1, true),
    (Kind::Ready, 2, true),
    (Kind::Pause, 2, true),
    (Kind::Accept, 8, false),
    (Kind::Decline, 4, true),
    (Kind::Leave, 2, true),
    (Kind::Say, 5, true),
    (Kind::Bring, 1, true),
    (Kind::Expel, 1, true),
    (Kind::AskEnd, 2, true),
    (Kind::ConfirmEnd, 1, true),
    (Kind::Close, 2, true),
    (Kind::Assign, 2, true),
    (Kind::Move, 1, true),
    (Kind::Configure, 1, true),
    (Kind::Hours, 1, true),
    (Kind::Push, 16, false),
    (Kind::Repush, 2, true),
    (Kind::Handle, 28, false),
    (Kind::Perform, 24, false),
    (Kind::Pass, 9, false),
    (Kind::Crash, 2, true),
    (Kind::Outage, 1, true),
    (Kind::CatchUp, 3, false),
];

/// The faults of each kind of step.
fn faults_of(kind: Kind) -> &'static [Fault] {
    match kind {
        Kind::Write | Kind::Start | Kind::End => &[Fault::NotDurable, Fault::AckLost],
        Kind::Push => &[Fault::PushLost],
        Kind::Handle => &[Fault::CrashInCommit, Fault::CrashAfterCommit, Fault::CommitFails],
        Kind::Perform => &[Fault::Unreached, Fault::AnswerLost, Fault::Refused, Fault::Race],
        _ => &[],
    }
}

impl Schedule {
    /// What the seed stands for. A swarm: every seed has its own subset of features and faults, for
    /// some bugs show only where others keep quiet.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let setups = setups::random(&mut rng);
        let json = rng.random_ratio(1, 4);
        let mut kinds: Vec<(Kind, u32)> = Vec::with_capacity(KINDS.len());
        for (kind, weight, optional) in KINDS {
            if optional && rng.random_ratio(2, 5) {
                continue;
            }
            let weight = if rng.random_ratio(1, 6) { weight * 4 } else { weight };
            kinds.push((kind, weight));
        }
        // In percent; a third of the schedules has no faults at all.
        let rate: u32 = *[0, 0, 2, 5, 10, 25].choose(&mut rng).unwrap_or(&0);
        let off: Vec<Fault> = kinds
            .iter()
            .flat_map(|(kind, _)| faults_of(*kind))
            .copied()
            .filter(|_| rng.random_ratio(1, 3))
            .collect();
        let total: u32 = kinds.iter().map(|(_, weight)| weight).sum();
        let length = rng.random_range(50..=300);
        let mut acts: Vec<Act> = (0..4)
            .map(|a| Act { kind: Kind::LogOn, a, b: rng.random(), fault: Fault::None })
            .collect();
        acts.push(Act { kind: Kind::Handle, a: 8, b: 8, fault: Fault::None });
        for _ in 0..length {
            let mut n = rng.random_range(0..total);
            let kind = kinds
                .iter()
                .find(|(_, weight)| {
                    let here = n < *weight;
                    n = n.saturating_sub(*weight);
                    here
                })
                .map_or(Kind::Handle, |(kind, _)| *kind);
            let bits: u32 = rng.random();
            let [a, b, luck, which] = bits.to_le_bytes();
            let faults = faults_of(kind);
            let unlucky = u32::from(luck) * 100 < rate * 256 && !faults.is_empty();
            let fault =
                if unlucky { faults[usize::from(which) % faults.len()] } else { Fault::None };
            let fault = if off.contains(&fault) { Fault::None } else { fault };
            acts.push(Act { kind, a, b, fault });
        }
        Self { seed, setups, json, bare_events: seed % 8 == 3, acts }
    }
}
