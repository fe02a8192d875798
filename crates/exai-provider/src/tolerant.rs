//! Values that providers send in more than one shape, of which none fails to parse, lists that are bounded, and objects in
//! which a name may stand twice.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// Text: a string, `null` (empty), a list of parts with `text` (joined); anything else is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

/// Numbers from here on count nothing that a provider has: a million times the largest context.
const ABSURD: u64 = 1 << 40;

/// A count: a number, `null` (0); anything else is 0. `None` for a number that can't be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

/// A list of at most `N` items; a longer one fails to parse. What stands in its place and says nothing is an empty one.
#[derive(Debug)]
pub(crate) struct Upto<const N: usize, T>(pub(crate) Vec<T>);

impl Default for Count {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl From<u64> for Count {
    fn from(number: u64) -> Self {
        Self(Some(number).filter(|number| *number < ABSURD))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

impl<'de, const N: usize, T: Deserialize<'de>> Deserialize<'de> for Upto<N, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UptoVisitor(PhantomData))
    }
}

struct UptoVisitor<const N: usize, T>(PhantomData<T>);

impl<'de, const N: usize, T: Deserialize<'de>> Visitor<'de> for UptoVisitor<N, T> {
    type Value = Upto<N, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {N} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Upto<N, T>, A::Error> {
        let mut kept = Vec::new();
        while let Some(item) = items.next_element()? {
            if kept.len() == N {
                return Err(A::Error::invalid_length(N + 1, &self));
            }
            kept.push(item);
        }
        Ok(Upto(kept))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Upto<N, T>, E> {
        Ok(Upto(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Upto<N, T>, E> {
        Ok(Upto(Vec::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Upto<N, T>, E> {
        Ok(Upto(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Upto<N, T>, E> {
        Ok(Upto(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Upto<N, T>, E> {
        Ok(Upto(Vec::new()))
    }

    /// An empty one is what some make of an empty list. There may be an item in any other.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Upto<N, T>, A::Error> {
        match map.next_key::<IgnoredAny>()? {
            None => Ok(Upto(Vec::new())),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text<'de>, A::Error> {
        let mut joined = String::new();
        while let Some(part) = parts.next_element::<Text<'de>>()? {
            joined.push_str(&part.0);
        }
        Ok(Text(Cow::Owned(joined)))
    }

    /// A part of a list: its `text`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
        let mut text = Text::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if name.0 == "text" {
                text = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(text)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
        Ok(u64::try_from(number).unwrap_or(0).into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
        // Saturates: negative and not-a-number become 0.
        Ok((number as u64).into())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count::default())
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Count, E> {
        Ok(text.parse::<u64>().unwrap_or(0).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Count, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count::default())
    }
}

/// Has a struct read from an object in which each of its fields may be missing, or stand twice: the last one counts, as with most
/// parsers. What else stands there is passed over.
macro_rules! last_counts {
    ($of:ident { $($field:ident),+ }) => {
        impl<'de: 'a, 'a> serde::Deserialize<'de> for $of<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                #[expect(non_camel_case_types, reason = "named as on the wire")]
                enum Name {
                    $($field,)+
                    #[serde(other)]
                    another,
                }

                struct Fields<'a>(std::marker::PhantomData<$of<'a>>);

                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Fields<'a> {
                    type Value = $of<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$of<'a>, A::Error> {
                        let mut read = $of::default();
                        while let Some(found) = map.next_key()? {
                            match found {
                                $(Name::$field => read.$field = map.next_value()?,)+
                                Name::another => drop(map.next_value::<serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(read)
                    }
                }

                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}

pub(crate) use last_counts;
