//! What a host may expect, read from its own lines by other means than the engine's.
//!
//! Where that can't be told without the engine's own bookkeeping, an id is only held to "not more often than asked": an id
//! of an array that is cancelled, since its answer may wait in the array already, and one that is used for a subscription
//! while it is open.

use std::collections::BTreeMap;

use exai_mcp::{BATCH_MESSAGES_MAX, ID_BYTES_MAX};
use serde_json::value::RawValue;

/// An id by its meaning: two spellings of a string are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Text(String),
    Raw(String),
}

impl Id {
    pub(crate) fn of(raw: &str) -> Self {
        serde_json::from_str(raw).map_or_else(|_| Self::Raw(raw.to_owned()), Self::Text)
    }

    /// Of a string or number that is not too long to be repeated.
    fn readable(raw: &RawValue) -> Option<Self> {
        let fits = raw.get().starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
            && raw.get().len() <= ID_BYTES_MAX;
        fits.then(|| Self::of(raw.get()))
    }
}

/// What is known of an id.
#[derive(Debug, Default)]
struct Account {
    asked: usize,
    answered: usize,
    cancelled: usize,
    /// Asked in an array.
    batched: bool,
    /// Whether only the upper bound is known.
    loose: bool,
}

/// How a message comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Alone,
    Batched,
}

/// What must come of a line.
pub(crate) struct Expected {
    /// Lines at once, where they can be told.
    pub(crate) lines: Option<usize>,
    /// Progress tokens that it names, raw.
    pub(crate) tokens: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Host {
    accounts: BTreeMap<Id, Account>,
    /// Errors without an id that are due, and those that came.
    nameless: (usize, usize),
    /// Damaged lines that are not answered yet. Their errors bear an id where it can be told.
    damaged: usize,
}

impl Host {
    /// Takes note of a line.
    pub(crate) fn says(&mut self, line: &[u8]) -> Expected {
        let mut expected = Expected { lines: None, tokens: Vec::new() };
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        if !matches!(line.first(), Some(b'{' | b'[')) {
            return Expected { lines: Some(0), ..expected };
        }
        let message =
            std::str::from_utf8(line).ok().and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        let Some(message) = message else {
            self.damaged += 1;
            return Expected { lines: Some(1), ..expected };
        };
        if line.starts_with(b"{") {
            self.message(message, Form::Alone, &mut expected.tokens);
            return expected;
        }
        let messages: Vec<&RawValue> = serde_json::from_str(message.get()).expect("an array");
        if messages.is_empty() || messages.len() > BATCH_MESSAGES_MAX {
            self.nameless.0 += 1;
            return Expected { lines: Some(1), ..expected };
        }
        for message in &messages {
            self.message(message, Form::Batched, &mut expected.tokens);
        }
        expected
    }

    /// Takes note of the head of a line that is too long; the lines that must come.
    pub(crate) fn says_overlong(&mut self, head: &[u8]) -> usize {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii();
        let is_message = matches!(head.first(), Some(b'{' | b'['));
        self.damaged += usize::from(is_message);
        usize::from(is_message)
    }

    fn message(&mut self, message: &RawValue, form: Form, tokens: &mut Vec<String>) {
        let id = field(message, "id");
        let readable = id.and_then(Id::readable);
        let method = field(message, "method");
        if method.is_none() && (field(message, "result").is_some() || field(message, "error").is_some()) {
            return;
        }
        let name = method.and_then(text);
        let sound = name.is_some() && field(message, "jsonrpc").and_then(text).as_deref() == Some("2.0");
        match readable {
            Some(id) => self.asks(id, form, name.as_deref()),
            None if sound && id.is_none() => return self.cancels(message),
            None if sound
                && id.is_some_and(|id| id.get() == "null")
                && name.is_some_and(|name| name.starts_with("notifications/")) =>
            {
                return self.cancels(message);
            }
            None => self.nameless.0 += 1,
        }
        let meta = field(message, "params").and_then(|params| field(params, "_meta"));
        let token = meta.and_then(|meta| field(meta, "progressToken"));
        tokens.extend(token.map(|token| token.get().to_owned()));
    }

    fn asks(&mut self, id: Id, form: Form, method: Option<&str>) {
        let account = self.accounts.entry(id).or_default();
        account.batched |= form == Form::Batched;
        let is_open = account.asked > account.answered + account.cancelled;
        // A subscription takes the place of one with its id, which is not answered any more then.
        account.loose |= is_open && method == Some("subscriptions/listen");
        account.asked += 1;
    }

    fn cancels(&mut self, message: &RawValue) {
        let Some(id) = cancelled(message) else { return };
        let account = self.accounts.entry(id).or_default();
        account.cancelled = account.asked.saturating_sub(account.answered);
        account.loose |= account.batched;
    }

    /// An answer arrives. What a damaged line is told comes at once, before anything else can.
    pub(crate) fn hears(&mut self, id: Option<Id>, text: &str) {
        if self.damaged > 0 {
            assert!(text.contains("\"error\""), "a damaged line is refused: {text}");
            self.damaged -= 1;
            return;
        }
        let Some(id) = id else {
            self.nameless.1 += 1;
            assert!(self.nameless.1 <= self.nameless.0, "an error about nothing: {text}");
            return;
        };
        let account = self.accounts.entry(id).or_default();
        account.answered += 1;
        let cancelled = if account.loose { 0 } else { account.cancelled };
        assert!(account.answered + cancelled <= account.asked, "nobody waits for it: {text}");
    }

    /// Nothing will come any more.
    pub(crate) fn settled(&self) {
        for (id, account) in &self.accounts {
            let all = account.loose || account.answered + account.cancelled == account.asked;
            assert!(all && account.answered <= account.asked, "{id:?}: {account:?}");
        }
        assert_eq!((self.damaged, self.nameless.0), (0, self.nameless.1), "errors that never came");
    }
}

/// The id that a cancel names.
fn cancelled(message: &RawValue) -> Option<Id> {
    let is_cancel = field(message, "method").and_then(text).as_deref() == Some("notifications/cancelled");
    let id = field(field(message, "params")?, "requestId")?;
    is_cancel.then(|| Id::readable(id))?
}

/// The last field of that name, if this is an object.
pub(crate) fn field<'a>(object: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    Fields::of(object)?
        .into_iter()
        .rev()
        .find(|(key, _)| text(key).as_deref() == Some(name))
        .map(|(_, value)| value)
}

/// A string's text.
fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// Keys and values in their order.
struct Fields;

impl Fields {
    fn of(object: &RawValue) -> Option<Vec<(&RawValue, &RawValue)>> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        let mut reader = serde_json::Deserializer::from_str(object.get());
        serde::de::Deserializer::deserialize_map(&mut reader, Pairs).ok()
    }
}
