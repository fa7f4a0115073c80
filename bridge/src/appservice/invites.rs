//! Homeservers can lose pushes: is the bot invited anywhere without having heard of it?
//!
//! A room that the bot is not in cannot be read, so an invite that was not pushed must be asked for.
//! `/sync` goes through all rooms for that, and a filter that leaves the rooms out leaves the invites
//! out too. The sliding sync of [MSC4186] lists invites alone. It wants a device, and it is asked
//! from scratch each time, so that nothing has to be kept.
//!
//! [MSC4186]: https://github.com/matrix-org/matrix-spec-proposals/pull/4186

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ruma::{
    api::client::sync::sync_events::v5::{self as sliding, request},
    events::StateEventType,
    uint,
};
use tokio_util::sync::CancellationToken;

use super::{cadence::Cadence, reach::Problem};
use crate::{
    clock::Clock,
    identity::Namespace,
    matrix::{
        client::{As, CallError, Homeserver},
        invite::{self, Invite},
    },
    outbox::{health::Health, make_device},
    store::{NewInboxItem, Store, StoreError},
};

/// The name of our list, and of our connection.
const NAME: &str = "invites";

/// Looks for invites to the bot that were not pushed.
pub struct Invites {
    /// The homeserver.
    pub homeserver: Homeserver,
    /// Our names on it.
    pub names: Namespace,
    /// Where they become durable.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// Whether the homeserver answers.
    pub health: Health,
}

/// A look failed.
#[derive(Debug, thiserror::Error)]
pub enum InvitesError {
    /// The homeserver does not tell.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What was found cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Invites {
    /// Looks until it is told to stop: at once, soon and repeatedly after a start and a return of the
    /// homeserver, and then every few minutes.
    pub async fn run(self, problem: Problem, stop: CancellationToken) {
        let mut health = self.health.subscribe();
        let mut cadence = Cadence::new(problem);
        loop {
            let look = tokio::select! {
                () = stop.cancelled() => return,
                look = self.look() => look,
            };
            match look {
                Ok(0) => {}
                Ok(found) => tracing::info!(found, "the bot has invites that are not answered yet"),
                Err(InvitesError::Call(error)) if error.is("M_UNRECOGNIZED") => {
                    tracing::info!(
                        "the homeserver does not know sliding sync: an invite to the bot that it does not push is never answered"
                    );
                }
                Err(InvitesError::Call(error)) if error.is_transient() => {
                    tracing::debug!(%error, "cannot look for invites to the bot now");
                }
                Err(error) => tracing::warn!(%error, "cannot look for invites to the bot"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(cadence.pause()) => {}
                () = self.health.came_back(&mut health) => cadence.begin(),
            }
        }
    }

    /// Puts the invites that the bot has not answered into the inbox. Returns how many of them were
    /// not there before.
    async fn look(&self) -> Result<usize, InvitesError> {
        let bot = self.names.bot();
        let response = match self.ask().await {
            Err(error) if error.is("M_UNKNOWN_DEVICE") => {
                make_device(&self.homeserver, bot).await?;
                self.ask().await?
            }
            other => other?,
        };
        let received = self.clock.now().0;
        let items = response.rooms.iter().filter_map(|(id, room)| {
            let invite = Invite::of_state(id, room.invite_state.as_deref()?, bot)?;
            // Where the invite stands in the homeserver's stream: another one into the same room
            // stands elsewhere.
            let at = room.bump_stamp.map_or(0, u64::from);
            let key = format!("{}{id}:{at}", invite::KEY);
            let body = serde_json::to_vec(&invite).ok()?;
            Some(NewInboxItem { key, received, body })
        });
        let items: Vec<_> = items.collect();
        if items.is_empty() {
            return Ok(0);
        }
        let new = self.store.append_inbox(items).await?;
        Ok(new.into_iter().filter(|new| *new).count())
    }

    async fn ask(&self) -> Result<sliding::Response, CallError> {
        let mut filters = request::ListFilters::default();
        filters.is_invite = Some(true);
        let mut list = request::List::default();
        // More will be seen once these are answered.
        list.ranges = vec![(uint!(0), uint!(99))];
        list.filters = Some(filters);
        // Synapse wants some to be named, and ruma leaves an empty list out.
        list.room_details.required_state = vec![(StateEventType::RoomCreate, String::new())];
        let mut request = sliding::Request::new();
        request.conn_id = Some(NAME.to_owned());
        request.timeout = Some(Duration::ZERO);
        request.lists = BTreeMap::from([(NAME.to_owned(), list)]);
        self.homeserver.call(As::device(self.names.bot()), request).await
    }
}
