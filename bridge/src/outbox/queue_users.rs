//! The users that stand for queues.

use ruma::{UserId, api::client::profile::set_profile_field, profile::ProfileFieldValue};

use super::deliver::{DeliverError, Deliverer};
use crate::matrix::client::As;

impl Deliverer {
    /// Registers a user of ours and names it. Both can be repeated.
    pub(super) async fn make_named(&self, user: &UserId, name: &str) -> Result<(), DeliverError> {
        self.homeserver.register(user.localpart()).await?;
        let name = ProfileFieldValue::DisplayName(name.to_owned());
        let request = set_profile_field::v3::Request::new(user.to_owned(), name);
        self.homeserver.call(As::user(user), request).await?;
        Ok(())
    }
}
