//! What hosts carry from one round of a call to the next (`requestState`), sealed: they could change it.
//!
//! It names the call by its key and says what is known of it, so that it is joined and never run a second time,
//! whichever shim it comes back to. Nothing in it is secret.

use std::time::Duration;

use exai_session::Past;
use exai_wire::{CallId, Fingerprint, JournalId};
use ring::hmac;

use crate::digest::Digest;

/// Version of the form.
const VERSION: u8 = 1;

/// Bytes before the tag.
const BODY_BYTES: usize = 107;
const TAG_BYTES: usize = 32;

/// How old a state may be: as long as the daemon keeps an answer that nobody has fetched.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);

const ACCEPTED: u8 = 1;
const SENT: u8 = 2;
const EXPOSED: u8 = 4;

/// The key of this user on this machine, or of this process.
#[derive(Debug, Clone)]
pub(crate) struct Seal(hmac::Key);

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The call.
    pub(crate) call_id: CallId,
    /// What the daemon was told with it; the text of files may have changed since.
    pub(crate) fingerprint: Fingerprint,
    /// Tool and arguments.
    pub(crate) digest: Digest,
    /// What is known of it.
    pub(crate) past: Past,
    /// How many times the host was asked to come back, this one included.
    pub(crate) round: u8,
    /// Milliseconds from the first receipt to this round's end.
    pub(crate) spent_ms: u64,
    /// When that was, in milliseconds since 1970.
    pub(crate) issued_ms: u64,
}

/// Why a state is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unacceptable {
    /// No text of this form, or not sealed with this key.
    #[error("requestState was changed, or was not made by this server: send the call anew, without it")]
    Forged,
    /// Too old.
    #[error("requestState has expired: send the call anew, without it")]
    Expired,
    /// Of another call.
    #[error("requestState belongs to a call with another tool or other arguments: send this call without it")]
    OtherCall,
}

impl Seal {
    /// Seals with this key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The text for the host.
    pub(crate) fn close(&self, carried: &Carried) -> String {
        let mut bytes = carried.body();
        let tag = hmac::sign(&self.0, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What the host brings back with a call of this digest at this time of the world.
    ///
    /// # Errors
    /// Changed, expired, or of another call.
    pub(crate) fn open(&self, text: &str, digest: Digest, wall_ms: u64) -> Result<Carried, Unacceptable> {
        let bytes = from_hex(text).ok_or(Unacceptable::Forged)?;
        let (body, tag) = bytes.split_at_checked(BODY_BYTES).ok_or(Unacceptable::Forged)?;
        hmac::verify(&self.0, body, tag).map_err(|_| Unacceptable::Forged)?;
        let carried = Carried::read(body).ok_or(Unacceptable::Forged)?;
        if carried.digest != digest {
            return Err(Unacceptable::OtherCall);
        }
        let age = Duration::from_millis(wall_ms.saturating_sub(carried.issued_ms));
        if age > AGE_MAX { Err(Unacceptable::Expired) } else { Ok(carried) }
    }
}

impl Carried {
    fn body(&self) -> Vec<u8> {
        let Self { call_id, fingerprint, digest, past, round, spent_ms, issued_ms } = self;
        let Past { under, accepted_seen, attempts_seen, exposed } = *past;
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags =
            flag(accepted_seen, ACCEPTED) | flag(under.is_some(), SENT) | flag(exposed.is_some(), EXPOSED);
        let (last, seen_then) = exposed.unwrap_or((JournalId::from_bytes([0; 16]), 0));
        let under = under.unwrap_or(JournalId::from_bytes([0; 16]));
        let mut bytes = Vec::with_capacity(BODY_BYTES + TAG_BYTES);
        bytes.extend([VERSION, *round, flags]);
        bytes.extend(attempts_seen.to_be_bytes());
        bytes.extend(seen_then.to_be_bytes());
        for id in [call_id.as_bytes(), fingerprint.as_bytes(), digest, under.as_bytes(), last.as_bytes()] {
            bytes.extend(id);
        }
        bytes.extend(spent_ms.to_be_bytes());
        bytes.extend(issued_ms.to_be_bytes());
        bytes
    }

    fn read(body: &[u8]) -> Option<Self> {
        let mut rest = Rest(body);
        let [version, round, flags] = rest.take()?;
        let (attempts_seen, seen_then) = (u32::from_be_bytes(rest.take()?), u32::from_be_bytes(rest.take()?));
        let (call_id, fingerprint, digest) = (rest.take()?, rest.take()?, rest.take()?);
        let (under, last) = (JournalId::from_bytes(rest.take()?), JournalId::from_bytes(rest.take()?));
        let (spent_ms, issued_ms) = (u64::from_be_bytes(rest.take()?), u64::from_be_bytes(rest.take()?));
        let past = Past {
            under: (flags & SENT != 0).then_some(under),
            accepted_seen: flags & ACCEPTED != 0,
            attempts_seen,
            exposed: (flags & EXPOSED != 0).then_some((last, seen_then)),
        };
        let (call_id, fingerprint) = (CallId::from_bytes(call_id), Fingerprint::from_bytes(fingerprint));
        let carried = Self { call_id, fingerprint, digest, past, round, spent_ms, issued_ms };
        (version == VERSION && rest.0.is_empty()).then_some(carried)
    }
}

/// Bytes that are still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// Bytes written as pairs of lower-case digits; nothing for any other text, one much too long included.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * (BODY_BYTES + TAG_BYTES) {
        return None;
    }
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests;
