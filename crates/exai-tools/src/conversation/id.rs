//! The name of a conversation.

use std::fmt;
use std::str::FromStr;

/// 128 random bits, shown as 32 hexadecimal digits. Knowing it is the right to the conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConversationId(u128);

/// No text that an id was ever shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoConversationId;

impl ConversationId {
    /// An id of random bytes.
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Its bytes, to be kept by.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl FromStr for ConversationId {
    type Err = NoConversationId;

    /// Takes 32 hexadecimal digits, also with the hyphens of a UUID and in capitals, as models copy them.
    fn from_str(text: &str) -> Result<Self, NoConversationId> {
        let digits: String = text.trim().chars().filter(|char| *char != '-').collect();
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoConversationId);
        }
        u128::from_str_radix(&digits, 16).map(Self).map_err(|_| NoConversationId)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ConversationId {
    /// The first digits: enough to follow one in a log, not enough to use it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConversationId({:08x}…)", self.0 >> 96)
    }
}
