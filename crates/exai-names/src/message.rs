//! Questions to a name server, and its answers, as bytes (RFC 1035, RFC 3596).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of the head of a message: id, flags, four counts.
const HEAD_BYTES: usize = 12;

/// A question with "recursion desired" and one entry.
const QUESTION_HEAD: [u8; 10] = [1, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// The class "Internet".
const INTERNET: u16 = 1;

/// Most bytes of a part of a name, and of a name.
const LABEL_MAX: usize = 63;
const NAME_MAX: usize = 253;

/// Which addresses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `A` records.
    V4,
    /// `AAAA` records.
    V6,
}

impl Family {
    fn record(self) -> u16 {
        match self {
            Self::V4 => 1,
            Self::V6 => 28,
        }
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// These, or none of this family.
    Addresses(Vec<IpAddr>),
    /// More than fits into a datagram: ask again over TCP.
    Truncated,
    /// There is no such name.
    NoName,
    /// It can't or won't say; its code.
    Failed(u8),
}

/// The bytes of a question; `None` if that can't be a name.
pub(crate) fn question(id: u16, name: &str, family: Family) -> Option<Vec<u8>> {
    if name.is_empty() || name.len() > NAME_MAX {
        return None;
    }
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend(QUESTION_HEAD);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|_| (1..=LABEL_MAX).contains(&label.len()))?;
        bytes.push(length);
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend(family.record().to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    Some(bytes)
}

/// Reads the answer to `question`; `None` if it is none to this one.
pub(crate) fn reply(question: &[u8], message: &[u8]) -> Option<Reply> {
    let mut rest = Rest(message);
    let (id, flags) = (rest.take(2)?, rest.number()?);
    let (asked, answers) = (rest.number()?, rest.number()?);
    rest.take(4)?;
    let is_response = flags & 0x8000 != 0;
    if id != question.get(..2)? || !is_response || asked != 1 {
        return None;
    }
    let entry = question.get(HEAD_BYTES..)?;
    if !rest.take(entry.len())?.eq_ignore_ascii_case(entry) {
        return None;
    }
    match flags.to_be_bytes() {
        [high, _] if high & 0x02 != 0 => Some(Reply::Truncated),
        [_, low] if low & 0x0f == 3 => Some(Reply::NoName),
        [_, low] if low & 0x0f != 0 => Some(Reply::Failed(low & 0x0f)),
        _ => Some(addresses(rest, answers).map_or(Reply::Failed(1), Reply::Addresses)),
    }
}

/// All addresses among the answers; what else is there are the aliases that lead to them.
fn addresses(mut rest: Rest<'_>, answers: u16) -> Option<Vec<IpAddr>> {
    let mut found = Vec::new();
    for _ in 0..answers {
        rest.pass_name()?;
        let (record, class) = (rest.number()?, rest.number()?);
        rest.take(4)?;
        let length = usize::from(rest.number()?);
        let data = rest.take(length)?;
        if class != INTERNET {
            continue;
        }
        if record == Family::V4.record() {
            found.push(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into());
        } else if record == Family::V6.record() {
            found.push(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into());
        }
    }
    Some(found)
}

/// What is not read yet.
#[derive(Debug, Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Goes past a name, whose end may be a pointer to one that stands earlier.
    fn pass_name(&mut self) -> Option<()> {
        loop {
            let [length] = self.take(1)? else { return None };
            match usize::from(*length) {
                0 => return Some(()),
                1..=LABEL_MAX => self.take(usize::from(*length))?,
                0xc0.. => return self.take(1).map(|_| ()),
                _ => return None,
            };
        }
    }
}

#[cfg(test)]
mod tests;
