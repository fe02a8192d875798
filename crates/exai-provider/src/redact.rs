//! Strikes keys, and parts of keys, out of texts that come from outside.

use crate::config::ProviderConfig;

/// Characters of upstream text that are passed on.
const TEXT_CHARS_MAX: usize = 300;

/// Characters of a name that are passed on: longer than the id of any known model.
const NAME_CHARS_MAX: usize = 100;

/// A run of so many characters of a key betrays it; providers quote keys back in part ("sk-abcdef***wxyz").
const RUN: usize = 6;

/// Shorter ones (`EMPTY`, `k`) are no secrets but stand in for none, as servers without keys want it; struck out of texts
/// and names they would make those unreadable.
const KEY_BYTES_MIN: usize = 8;

/// Knows every configured key.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    keys: Vec<Secret>,
}

#[derive(Clone)]
struct Secret {
    key: String,
    /// Its runs of so many bytes that betray it.
    runs: Vec<Vec<u8>>,
}

impl Redactor {
    /// Learns the keys. What stands in `public` words too, as the names of models are, betrays none of them: many keys begin
    /// with the name of their vendor.
    pub(crate) fn new<'a>(providers: &[ProviderConfig], public: impl Iterator<Item = &'a str>) -> Self {
        let public: Vec<&str> = public.collect();
        let is_public =
            |run: &[u8]| public.iter().any(|word| memchr::memmem::find(word.as_bytes(), run).is_some());
        let secret = |key: &str| {
            let runs = key.as_bytes().windows(RUN).filter(|run| !is_public(run));
            Secret { key: key.to_owned(), runs: runs.map(<[u8]>::to_vec).collect() }
        };
        let keys = providers.iter().filter_map(|provider| provider.key.as_ref()).map(|key| key.reveal());
        Self { keys: keys.filter(|key| key.len() >= KEY_BYTES_MIN).map(secret).collect() }
    }

    /// One line of at most 300 characters without keys.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.line(text, TEXT_CHARS_MAX)
    }

    /// A name that a provider gives, without keys, in at most 100 characters.
    pub(crate) fn name(&self, text: &str) -> String {
        self.line(text, NAME_CHARS_MAX)
    }

    /// Whether a word gives away a key, or a part of one.
    pub(crate) fn holds_key(&self, word: &str) -> bool {
        self.keys.iter().any(|secret| secret.is_betrayed_by(word.as_bytes()))
    }

    fn line(&self, text: &str, most: usize) -> String {
        // What is not seen goes first: it would hide a key from the search, and be dropped from what people read.
        let seen = text.chars().filter(|c| c.is_whitespace() || !is_unseen(*c));
        let text: String = seen.take(4 * TEXT_CHARS_MAX).collect();
        let mut clean = String::new();
        for word in text.split_whitespace() {
            if !clean.is_empty() {
                clean.push(' ');
            }
            if self.holds_key(word) {
                clean.push_str("[key]");
            } else {
                clean.push_str(word);
            }
        }
        shorten(clean, most)
    }
}

/// Control characters, and those without width: joiners, marks of direction, byte order marks.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn shorten(mut text: String, most: usize) -> String {
    if text.char_indices().nth(most).is_some() {
        let end = text.char_indices().nth(most.saturating_sub(1)).map_or(0, |(end, _)| end);
        text.truncate(end);
        text.push('…');
    }
    text
}

impl Secret {
    fn is_betrayed_by(&self, word: &[u8]) -> bool {
        let holds = |part: &[u8]| memchr::memmem::find(word, part).is_some();
        self.runs.iter().any(|run| holds(run)) || (holds(b"**") && shares_ends(word, self.key.as_bytes()))
    }
}

/// For masked keys that show less than a run on either side.
fn shares_ends(word: &[u8], key: &[u8]) -> bool {
    let ends = [key.get(..3), key.len().checked_sub(4).and_then(|at| key.get(at..))];
    ends.into_iter().flatten().any(|end| memchr::memmem::find(word, end).is_some())
}

#[cfg(test)]
mod tests;
