//! Identities on the wire. Random ids are 128 bits, written as 32 lower-case hex digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An id that is not 32 hex digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an id has 32 hexadecimal digits, this one is {0:?}")]
pub struct IdError(String);

macro_rules! id128 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with these bits; whoever makes one brings the randomness or the hash.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Eight digits tell ids apart in a trace; a whole call id is the right to the call.
                let text = self.to_string();
                write!(f, "{}({}…)", stringify!($name), text.get(..8).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let well_formed = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
                let bits = u128::from_str_radix(text, 16).ok().filter(|_| well_formed);
                let bits = bits.ok_or_else(|| IdError(text.chars().take(64).collect()))?;
                Ok(Self(bits.to_be_bytes()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id128!(
    /// The key of a call: made by the shim at first receipt of the host's line. Idempotency, attach and the
    /// provider's request id hang on it; knowing it, behind the token, is the right to the call.
    CallId
);
id128!(
    /// One shim process. Never logged whole.
    SessionId
);
id128!(
    /// Made with a journal: tells "restarted" from "volume lost".
    JournalId
);
id128!(
    /// One daemon start. A journal restored from an old copy gives epochs again that it had given before; these it does not.
    StartId
);
id128!(
    /// Hash of method and exact params: the same call id with another payload is an error.
    Fingerprint
);
id128!(
    /// Hash under which a kept answer is found again when the same is asked.
    AdoptKey
);
id128!(
    /// A conversation. Knowing it, behind the token, is the right to it.
    ConversationKey
);

/// Number of a dial within a session, rising; fences older connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DialNo(pub u64);

/// Counter of daemon starts on one journal; (journal, epoch) names one start, unless the journal was restored from a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);
