//! The homeserver is asked whether it reaches us (spec: application service API, pinging).

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;

/// Why the homeserver does not reach us, as far as it says so.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// Who listens at the registered address answered with this status.
    #[error("the answer there was status {0}")]
    Status(u16),
    /// Nobody listens at the registered address.
    #[error("the homeserver cannot connect there")]
    NotConnected,
    /// Nobody answered in time.
    #[error("the homeserver got no answer from there in time")]
    TooLate,
    /// The registration has no address.
    #[error("the homeserver's registration has no url")]
    NoAddress,
    /// The token is that of an appservice with another id.
    #[error("as_token belongs to an appservice with another id")]
    OtherId,
    /// The request itself failed.
    #[error("{0}")]
    Other(String),
}

/// The homeserver's words about a ping that failed.
#[derive(Debug, Deserialize)]
struct Refusal {
    errcode: String,
    /// What the appservice answered.
    #[serde(default)]
    status: u16,
}

/// Reads the answer to a ping: how long it took.
pub(super) fn answer(status: StatusCode, body: &Bytes) -> Result<Duration, PingError> {
    #[derive(Deserialize)]
    struct Done {
        duration_ms: u64,
    }
    if status.is_success() {
        return serde_json::from_slice::<Done>(body)
            .map(|done| Duration::from_millis(done.duration_ms))
            .map_err(|error| PingError::Other(error.to_string()));
    }
    let Ok(Refusal { errcode, status: answered }) = serde_json::from_slice(body) else {
        return Err(PingError::Other(format!("the homeserver's status is {status}")));
    };
    Err(match errcode.as_str() {
        "M_BAD_STATUS" => PingError::Status(answered),
        "M_CONNECTION_FAILED" => PingError::NotConnected,
        "M_CONNECTION_TIMEOUT" => PingError::TooLate,
        "M_URL_NOT_SET" => PingError::NoAddress,
        "M_FORBIDDEN" => PingError::OtherId,
        other => PingError::Other(format!("the homeserver says {status} {other}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_homeserver_says_is_understood() {
        for (status, body, expected) in [
            (200, r#"{"duration_ms":7}"#, "Ok(7ms)"),
            (200, "{}", "Err(Other(\"missing field `duration_ms` at line 1 column 2\"))"),
            (502, r#"{"errcode":"M_BAD_STATUS","status":403,"body":"{}"}"#, "Err(Status(403))"),
            (502, r#"{"errcode":"M_CONNECTION_FAILED"}"#, "Err(NotConnected)"),
            (504, r#"{"errcode":"M_CONNECTION_TIMEOUT"}"#, "Err(TooLate)"),
            (400, r#"{"errcode":"M_URL_NOT_SET"}"#, "Err(NoAddress)"),
            (403, r#"{"errcode":"M_FORBIDDEN"}"#, "Err(OtherId)"),
            (404, r#"{"errcode":"M_UNRECOGNIZED"}"#, {
                "Err(Other(\"the homeserver says 404 Not Found M_UNRECOGNIZED\"))"
            }),
            (502, "Bad gateway", "Err(Other(\"the homeserver's status is 502 Bad Gateway\"))"),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let got = answer(status, &Bytes::from_static(body.as_bytes()));
            assert_eq!(format!("{got:?}"), expected, "{body}");
        }
    }
}
