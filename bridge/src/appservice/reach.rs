//! Does the homeserver reach us? It is asked to ping (spec: application service API, pinging).

use std::time::Duration;

use http::StatusCode;
use ruma::api::client::appservice::request_ping;
use tokio::sync::watch;

use crate::matrix::client::{CallError, Homeserver};

/// Why no ping came through, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// The bridge answered, but did not take the homeserver for the homeserver.
    #[error(
        "the bridge refuses the homeserver: hs_token is not the one in the homeserver's registration; write the registration again with `switchboard registration` and restart the homeserver"
    )]
    Token,
    /// Somebody else answered.
    #[error(
        "at appservice.url something else than the bridge answers the homeserver, with status {0}; mend appservice.url or the proxy there, write the registration again with `switchboard registration` and restart the homeserver"
    )]
    Status(u16),
    /// Nobody listens there.
    #[error(
        "the homeserver cannot connect to appservice.url as its registration has it; is that address right as the homeserver sees it (in a container, 127.0.0.1 is the container itself), and does it lead to appservice.listen? After a change write the registration again with `switchboard registration` and restart the homeserver"
    )]
    Address,
    /// Somebody listens there and says nothing, or the homeserver itself is slow.
    #[error(
        "no ping came through in time: the homeserver is slow, or it gets no answer from appservice.url; look for a firewall or a wrong address"
    )]
    Timeout,
    /// The registration has no address.
    #[error(
        "the homeserver's registration has no url, so nothing is pushed; write it again with `switchboard registration` and restart the homeserver"
    )]
    NoUrl,
    /// The registration has another id.
    #[error(
        "the homeserver knows as_token under another id than appservice.id; write the registration again with `switchboard registration` and restart the homeserver"
    )]
    Id,
    /// The homeserver is older than pings: it pushes by itself sooner or later.
    #[error("the homeserver does not know pings")]
    Unsupported,
    /// It is not known.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// How long a ping may take. Homeservers wait longer than that for an address that is silent.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks the homeserver for a ping, which also makes it push at once what it has kept. Says how long
/// the ping took.
pub async fn ping(homeserver: &Homeserver, appservice_id: &str) -> Result<Duration, Unreached> {
    let mut request = request_ping::v1::Request::new(appservice_id.to_owned());
    request.transaction_id = Some("start".into());
    match tokio::time::timeout(PATIENCE, homeserver.call_plain(request)).await {
        Ok(Ok(response)) => Ok(response.duration),
        Ok(Err(error)) => Err(judge(error)),
        Err(_) => Err(Unreached::Timeout),
    }
}

/// What an answer to the request for a ping means.
fn judge(error: CallError) -> Unreached {
    let (CallError::Failed { kind: Some(kind), .. } | CallError::Refused { kind, .. }) = &error
    else {
        return error.into();
    };
    let of_ping = match error {
        CallError::Failed { of_ping, .. } => of_ping.and_then(|s| StatusCode::from_u16(s).ok()),
        _ => None,
    };
    // Homeservers that had pings before the specification prefix these codes.
    match (kind.trim_start_matches("FI.MAU.MSC2659_").trim_start_matches("M_"), of_ping) {
        ("BAD_STATUS", Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => Unreached::Token,
        ("BAD_STATUS", Some(status)) => Unreached::Status(status.as_u16()),
        ("CONNECTION_FAILED", _) => Unreached::Address,
        ("CONNECTION_TIMEOUT", _) => Unreached::Timeout,
        ("URL_NOT_SET", _) => Unreached::NoUrl,
        ("FORBIDDEN", _) => Unreached::Id,
        ("UNRECOGNIZED", _) => Unreached::Unsupported,
        _ => error.into(),
    }
}

/// What keeps homeserver and bridge from working together, for those who look after them. Cheap to
/// clone.
#[derive(Clone, Debug, Default)]
pub struct Problem(watch::Sender<Option<String>>);

impl Problem {
    /// Whether there is one.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// What it is, and what to do.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// There is one. Once for each it is logged.
    pub fn found(&self, problem: String) {
        let new = self.0.send_if_modified(|told| {
            let new = told.as_ref() != Some(&problem);
            *told = Some(problem);
            new
        });
        if let (true, Some(problem)) = (new, &*self.0.borrow()) {
            tracing::error!("{problem}");
        }
    }

    /// There is none any more.
    pub fn solved(&self) {
        self.0.send_replace(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_advice() {
        let failed = |kind: &str, of_ping| CallError::Failed {
            status: 502,
            kind: Some(kind.to_owned()),
            of_ping,
            message: String::new(),
        };
        let refused = |status, kind: &str| CallError::Refused {
            status,
            kind: kind.to_owned(),
            message: String::new(),
        };
        for (answer, advice) in [
            (failed("M_BAD_STATUS", Some(403)), "hs_token"),
            (failed("M_BAD_STATUS", Some(401)), "hs_token"),
            (failed("FI.MAU.MSC2659_BAD_STATUS", Some(404)), "status 404"),
            (failed("M_BAD_STATUS", None), "M_BAD_STATUS"),
            (failed("M_CONNECTION_FAILED", None), "appservice.listen"),
            (failed("M_CONNECTION_TIMEOUT", None), "firewall"),
            (refused(400, "M_URL_NOT_SET"), "has no url"),
            (refused(403, "M_FORBIDDEN"), "appservice.id"),
            (refused(404, "M_UNRECOGNIZED"), "does not know pings"),
            (CallError::Unauthorised, "as_token"),
        ] {
            let told = judge(answer).to_string();
            assert!(told.contains(advice), "{advice}: {told}");
        }
    }
}
