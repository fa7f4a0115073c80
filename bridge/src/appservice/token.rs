//! Is it really the homeserver?

use http::{HeaderMap, header::AUTHORIZATION};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::endpoint::Failure;
use crate::config::Secret;

/// Checks the homeserver's token (spec: application service API, authorization): without one
/// `M_UNAUTHORIZED`, with a wrong one `M_FORBIDDEN`.
pub(super) fn check(headers: &HeaderMap, expected: &Secret) -> Result<(), Failure> {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .ok_or_else(Failure::no_token)?;
    // Of equal length as hashes, so that not even the length shows in the time it takes.
    let (given, expected) = (Sha256::digest(given), Sha256::digest(expected.reveal()));
    if bool::from(given.ct_eq(&expected)) { Ok(()) } else { Err(Failure::wrong_token()) }
}
