//! The error objects of model APIs, in all the shapes they come in.

use serde_json::Value;

use crate::page;

/// Most bytes of an error that are read; as values, JSON takes up to thirty times as much.
pub(crate) const READ_BYTES_MAX: usize = 64 << 10;

/// What an error says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ErrorBody {
    /// Business code, number or word, as text.
    pub(crate) code: Option<String>,
    /// Type or status word.
    pub(crate) kind: Option<String>,
    /// Text for people; may be empty.
    pub(crate) message: String,
    /// It was a page, so no word of the API itself.
    pub(crate) page: bool,
}

impl ErrorBody {
    /// An error from JSON text, or from text that is none.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        if page::is_page(bytes) {
            return Self { page: true, message: page::told(bytes), ..Self::default() };
        }
        if bytes.len() > READ_BYTES_MAX {
            return Self::plain(&String::from_utf8_lossy(bytes.get(..READ_BYTES_MAX).unwrap_or_default()));
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => Self::from_value(&value).unwrap_or_else(|| Self::plain(&value.to_string())),
            Err(_) => Self::plain(&String::from_utf8_lossy(bytes)),
        }
    }

    /// An error from JSON, if it is one: `{error: {…}}`, `{error: "…"}`, `[{error: …}]`, the error object itself, or MiniMax's
    /// `{base_resp: {status_code, status_msg}}`.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::plain(text)),
            Value::Array(items) => items.first().and_then(Self::from_value),
            Value::Object(map) => match map.get("error") {
                Some(Value::Null) | None => Self::from_fields(value),
                // `{"error": true, "message": …}` and other empty shells.
                Some(inner) => Self::from_value(inner).or_else(|| Self::from_fields(value)),
            },
            _ => None,
        }
    }

    fn from_fields(value: &Value) -> Option<Self> {
        if let Some(inner) = value.get("base_resp") {
            return Self::from_base_resp(inner);
        }
        let message = ["message", "msg", "detail"].iter().find_map(|name| value.get(name));
        let code = value.get("code").and_then(word);
        let kind = ["type", "status"].iter().find_map(|name| value.get(name)).and_then(word);
        if message.is_none() && code.is_none() {
            return None;
        }
        let message = match message {
            Some(Value::String(text)) => readable(text),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        Some(Self { code, kind, message, page: false })
    }

    /// It comes with every answer; 0 is success.
    fn from_base_resp(value: &Value) -> Option<Self> {
        let code = value.get("status_code").and_then(word).filter(|code| code != "0")?;
        let message = value.get("status_msg").and_then(Value::as_str).map(readable).unwrap_or_default();
        Some(Self { code: Some(code), message, ..Self::default() })
    }

    fn plain(text: &str) -> Self {
        Self { message: readable(text), ..Self::default() }
    }
}

/// Routers hand on the page of what is behind them.
fn readable(text: &str) -> String {
    if page::is_page(text.as_bytes()) { page::told(text.as_bytes()) } else { text.trim().to_owned() }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
