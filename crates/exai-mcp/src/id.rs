//! Ids and progress tokens: strings or numbers that are given back byte for byte.

use serde_json::value::RawValue;

use crate::json::{Kind, kind, text};
use crate::limit::ID_BYTES_MAX;

/// The raw text of an id or token, if it is of a kind and length that can be repeated.
pub(crate) fn readable(value: &RawValue) -> Option<&str> {
    let fits = matches!(kind(value), Kind::String | Kind::Number) && value.get().len() <= ID_BYTES_MAX;
    fits.then(|| value.get())
}

/// Whether two raw ids mean the same. Hosts repeat their own spelling; only escapes may differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other || ((one.contains('\\') || other.contains('\\')) && decoded_same(one, other))
}

fn decoded_same(one: &str, other: &str) -> bool {
    let decode = |raw: &str| serde_json::from_str::<&RawValue>(raw).ok().and_then(text).map(String::from);
    decode(one).is_some_and(|one| decode(other) == Some(one))
}
