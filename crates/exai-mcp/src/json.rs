//! JSON read without building it: fields of one level as raw text. Depth costs nothing, numbers of any size and
//! lone surrogates pass, because nothing is decoded that nobody asked for.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What a value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Other,
}

/// Text that is no JSON, or JSON of another kind.
pub(crate) type Unreadable = serde_json::Error;

/// Kind of a value.
pub(crate) fn kind(value: &RawValue) -> Kind {
    match value.get().as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b'-' | b'0'..=b'9') => Kind::Number,
        _ => Kind::Other,
    }
}

/// Visits the fields of an object in their order, keys and values raw.
pub(crate) fn each_field<'a>(
    object: &'a str,
    visit: impl FnMut(&'a RawValue, &'a RawValue),
) -> Result<(), Unreadable> {
    let mut reader = serde_json::Deserializer::from_str(object);
    reader.deserialize_map(Fields(visit))?;
    reader.end()
}

/// Visits the elements of an array.
pub(crate) fn each_element<'a>(array: &'a str, visit: impl FnMut(&'a RawValue)) -> Result<(), Unreadable> {
    let mut reader = serde_json::Deserializer::from_str(array);
    reader.deserialize_seq(Elements(visit))?;
    reader.end()
}

/// The values of the named fields. A field that comes twice counts as its last one, as in most parsers.
pub(crate) fn pick<'a, const N: usize>(
    object: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], Unreadable> {
    let mut found = [None; N];
    each_field(object, |key, value| {
        let key = name(key);
        let named = names.iter().zip(&mut found).find(|(name, _)| **name == key);
        if let Some((_, slot)) = named {
            *slot = Some(value);
        }
    })?;
    Ok(found)
}

/// A key's text. One with a lone surrogate has none and names nothing that is looked for: it stays raw.
pub(crate) fn name(key: &RawValue) -> Cow<'_, str> {
    text(key).unwrap_or(Cow::Borrowed(key.get()))
}

/// A string's text; nothing for other kinds and for lone surrogates.
pub(crate) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(value.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    // A string always has a JSON form, so the error can't come.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// The first `chars` characters.
pub(crate) fn head_of(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

struct Fields<F>(F);

impl<'de, F: FnMut(&'de RawValue, &'de RawValue)> Visitor<'de> for Fields<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            (self.0)(key, value);
        }
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element::<&RawValue>()? {
            (self.0)(value);
        }
        Ok(())
    }
}
