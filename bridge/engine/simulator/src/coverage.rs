//! What has been seen, so that a generator that makes nothing any more shows.

use std::collections::BTreeMap;

use switchboard_engine::{ChatEvent, ChatState, Effect, Engine, Input, RecordKey, Step};

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    counts: BTreeMap<(&'static str, &'static str), u64>,
    /// Steps of the engine.
    pub steps: u64,
}

impl Coverage {
    pub(crate) fn stepped(&mut self, input: &Input, step: &Step, engine: &Engine) {
        self.steps += 1;
        let ignored = matches!(step.effects.as_slice(), [Effect::Ignored { .. }]);
        self.count(if ignored { "input, ignored" } else { "input" }, input_name(input));
        for effect in &step.effects {
            match effect {
                Effect::Happened { event, .. } => self.count("event", event_name(event)),
                effect => self.count("effect", effect_name(effect)),
            }
        }
        for key in &step.changed {
            if let RecordKey::Chat(id) = key
                && let Some(chat) = engine.chat(*id)
            {
                self.count("state", state_name(&chat.state));
            }
        }
    }

    fn count(&mut self, what: &'static str, name: &'static str) {
        *self.counts.entry((what, name)).or_default() += 1;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        for (key, count) in &other.counts {
            *self.counts.entry(*key).or_default() += count;
        }
    }

    /// The counts by kind and name.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        self.counts.iter().map(|((what, name), count)| (*what, *name, *count))
    }

    /// What could be seen and was not.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let all = [("input", INPUTS), ("effect", EFFECTS), ("event", EVENTS), ("state", STATES)];
        all.iter()
            .flat_map(|(what, names)| names.iter().map(move |name| (*what, *name)))
            .filter(|key| !self.counts.contains_key(key))
            .map(|(what, name)| format!("{what} {name}"))
            .collect()
    }
}

const INPUTS: &[&str] = &[
    "ChatStarted",
    "CustomerSent",
    "CustomerEnded",
    "CustomerAway",
    "RoomOpened",
    "RoomFailed",
    "RequestSent",
    "RequestFailed",
    "RequestWithdrawn",
    "RemovalFailed",
    "AgentJoined",
    "AgentGone",
    "AgentSent",
    "AgentAsksEnd",
    "AgentConfirmsEnd",
    "AgentCloses",
    "AgentLogsOn",
    "AgentLogsOff",
    "AgentReady",
    "AgentPauses",
    "Assigned",
    "Moved",
    "Configured",
    "QueueHours",
    "Resumed",
    "Timer",
];

fn input_name(it: &Input) -> &'static str {
    match it {
        Input::ChatStarted { .. } => "ChatStarted",
        Input::CustomerSent { .. } => "CustomerSent",
        Input::CustomerEnded { .. } => "CustomerEnded",
        Input::CustomerAway { .. } => "CustomerAway",
        Input::RoomOpened { .. } => "RoomOpened",
        Input::RoomFailed { .. } => "RoomFailed",
        Input::RequestSent { .. } => "RequestSent",
        Input::RequestFailed { .. } => "RequestFailed",
        Input::RequestWithdrawn { .. } => "RequestWithdrawn",
        Input::RemovalFailed { .. } => "RemovalFailed",
        Input::AgentJoined { .. } => "AgentJoined",
        Input::AgentGone { .. } => "AgentGone",
        Input::AgentSent { .. } => "AgentSent",
        Input::AgentAsksEnd { .. } => "AgentAsksEnd",
        Input::AgentConfirmsEnd { .. } => "AgentConfirmsEnd",
        Input::AgentCloses { .. } => "AgentCloses",
        Input::AgentInvites { .. } => "AgentInvites",
        Input::AgentCancelsInvitation { .. } => "AgentCancelsInvitation",
        Input::AgentLeaves { .. } => "AgentLeaves",
        Input::AgentLogsOn { .. } => "AgentLogsOn",
        Input::AgentLogsOff { .. } => "AgentLogsOff",
        Input::AgentReady { .. } => "AgentReady",
        Input::AgentPauses { .. } => "AgentPauses",
        Input::Assigned { .. } => "Assigned",
        Input::Moved { .. } => "Moved",
        Input::Configured { .. } => "Configured",
        Input::QueueHours { .. } => "QueueHours",
        Input::Resumed { .. } => "Resumed",
        Input::Timer => "Timer",
    }
}

const EFFECTS: &[&str] = &[
    "OpenRoom",
    "Ring",
    "Withdraw",
    "Remove",
    "Relay",
    "Show",
    "Refuse",
    "NotShown",
    "ConfirmEnd",
    "ConfirmLogOff",
    "AgentChanged",
    "Ignored",
];

fn effect_name(it: &Effect) -> &'static str {
    match it {
        Effect::OpenRoom { .. } => "OpenRoom",
        Effect::Ring { .. } => "Ring",
        Effect::Withdraw { .. } => "Withdraw",
        Effect::Remove { .. } => "Remove",
        Effect::Relay { .. } => "Relay",
        Effect::Show { .. } => "Show",
        Effect::Refuse { .. } => "Refuse",
        Effect::NotShown { .. } => "NotShown",
        Effect::ConfirmEnd { .. } => "ConfirmEnd",
        Effect::ConfirmLogOff { .. } => "ConfirmLogOff",
        Effect::AgentChanged { .. } => "AgentChanged",
        Effect::Happened { .. } => "Happened",
        Effect::Ignored { .. } => "Ignored",
    }
}

const EVENTS: &[&str] = &[
    "Queued",
    "QueueFull",
    "QueueClosed",
    "Requested",
    "Rejected",
    "Missed",
    "Withdrawn",
    "RequestFailed",
    "Joined",
    "Left",
    "Requeued",
    "RoundOver",
    "Overflowed",
    "Moved",
    "FormOffered",
    "MessageLeft",
    "Ended",
];

fn event_name(it: &ChatEvent) -> &'static str {
    match it {
        ChatEvent::Queued => "Queued",
        ChatEvent::QueueFull => "QueueFull",
        ChatEvent::QueueClosed => "QueueClosed",
        ChatEvent::Requested { .. } => "Requested",
        ChatEvent::Rejected { .. } => "Rejected",
        ChatEvent::Missed { .. } => "Missed",
        ChatEvent::Withdrawn { .. } => "Withdrawn",
        ChatEvent::RequestFailed { .. } => "RequestFailed",
        ChatEvent::Joined { .. } => "Joined",
        ChatEvent::Left { .. } => "Left",
        ChatEvent::Requeued => "Requeued",
        ChatEvent::RoundOver => "RoundOver",
        ChatEvent::Overflowed { .. } => "Overflowed",
        ChatEvent::Moved { .. } => "Moved",
        ChatEvent::FormOffered => "FormOffered",
        ChatEvent::MessageLeft => "MessageLeft",
        ChatEvent::Ended { .. } => "Ended",
        ChatEvent::InvitationAsked { .. } => "InvitationAsked",
        ChatEvent::InvitationRings { .. } => "InvitationRings",
        ChatEvent::InvitationRefused { .. } => "InvitationRefused",
        ChatEvent::InvitationOver { .. } => "InvitationOver",
    }
}

const STATES: &[&str] = &["Waiting", "Ringing", "Form", "Active", "Ended"];

fn state_name(it: &ChatState) -> &'static str {
    match it {
        ChatState::Waiting => "Waiting",
        ChatState::Ringing { .. } => "Ringing",
        ChatState::Form => "Form",
        ChatState::Active { .. } => "Active",
        ChatState::Ended { .. } => "Ended",
    }
}
