//! An offer: a question with options that an agent has put to the customer. The rules know how many
//! options there are, not what they say.

use serde::{Deserialize, Serialize};

use crate::ids::{AgentId, MessageRef};

/// The newest offer of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Which, in the log. An edit makes another one of it, so that an answer to what it was before
    /// cannot be taken for one to what it is now.
    pub offer: MessageRef,
    /// Who made it.
    pub agent: AgentId,
    /// How many options there are.
    pub options: u32,
    /// Whether the customer may write instead of choosing.
    pub typing: bool,
    /// What became of it.
    pub state: OfferState,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// The customer can choose.
    Open,
    /// They have chosen this option, from 0.
    Answered(u32),
    /// It was taken back.
    Withdrawn,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// The customer has chosen before.
    #[error("it was answered before")]
    Answered,
    /// It was taken back, changed, or replaced by another one.
    #[error("it was withdrawn")]
    Withdrawn,
    /// There is no such option.
    #[error("there is no such option")]
    NoOption,
}

impl Offer {
    /// An offer that can be answered.
    #[must_use]
    pub fn new(offer: MessageRef, agent: AgentId, options: u32, typing: bool) -> Self {
        Self { offer, agent, options, typing, state: OfferState::Open }
    }

    /// The customer chooses. The first answer counts.
    pub fn answer(&mut self, offer: MessageRef, option: u32) -> Result<(), NoAnswer> {
        if self.offer != offer {
            return Err(NoAnswer::Withdrawn);
        }
        match self.state {
            OfferState::Answered(_) => Err(NoAnswer::Answered),
            OfferState::Withdrawn => Err(NoAnswer::Withdrawn),
            OfferState::Open if option >= self.options => Err(NoAnswer::NoOption),
            OfferState::Open => {
                self.state = OfferState::Answered(option);
                Ok(())
            }
        }
    }

    /// An agent takes it back. Says whether it was open.
    pub fn withdraw(&mut self, offer: MessageRef) -> bool {
        let open = self.offer == offer && self.state == OfferState::Open;
        if open {
            self.state = OfferState::Withdrawn;
        }
        open
    }

    /// Whether the customer has to choose before they can write again.
    #[must_use]
    pub fn forbids_typing(&self) -> bool {
        !self.typing && self.state == OfferState::Open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(state: OfferState) -> Offer {
        let offer = Offer::new(MessageRef(5), AgentId("@anna:localhost".to_owned()), 2, false);
        Offer { state, ..offer }
    }

    #[test]
    fn the_first_answer_to_what_is_open_counts() {
        let (open, answered) = (OfferState::Open, OfferState::Answered(1));
        for (state, to, option, result, then) in [
            (open, 5, 0, Ok(()), OfferState::Answered(0)),
            (open, 5, 1, Ok(()), answered),
            (open, 5, 2, Err(NoAnswer::NoOption), open),
            (open, 4, 0, Err(NoAnswer::Withdrawn), open),
            (answered, 5, 1, Err(NoAnswer::Answered), answered),
            (answered, 5, 0, Err(NoAnswer::Answered), answered),
            (OfferState::Withdrawn, 5, 0, Err(NoAnswer::Withdrawn), OfferState::Withdrawn),
        ] {
            let mut offer = offer(state);
            assert_eq!(offer.answer(MessageRef(to), option), result, "{state:?} {to} {option}");
            assert_eq!(offer.state, then, "{state:?} {to} {option}");
        }
    }

    #[test]
    fn only_what_is_open_is_withdrawn_or_forbids_typing() {
        for (state, is_open) in [
            (OfferState::Open, true),
            (OfferState::Answered(0), false),
            (OfferState::Withdrawn, false),
        ] {
            let mut it = offer(state);
            assert!(!it.withdraw(MessageRef(4)), "another one");
            assert_eq!(it.forbids_typing(), is_open, "{state:?}");
            assert_eq!(it.withdraw(MessageRef(5)), is_open, "{state:?}");
            assert!(!it.forbids_typing());
        }
        assert!(!Offer { typing: true, ..offer(OfferState::Open) }.forbids_typing());
    }
}
