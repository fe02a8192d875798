//! The text of an answer, joined from pieces: the same from a journal as from a daemon's memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::kept::Partial;

/// Texts of a call's attempts, each joined from its pieces as long as they fit without a gap; what comes after a piece that
/// was lost is of no use.
#[derive(Debug, Clone, Default)]
pub struct Texts(BTreeMap<u32, String>);

impl Texts {
    /// Takes a piece: `offset` bytes of the answer came before it, of which the attempt went on from `continues`.
    pub fn add(&mut self, attempt: u32, continues: u64, offset: u64, text: &str) {
        let Ok(offset) = usize::try_from(offset) else { return };
        if let Some(known) = self.0.get_mut(&attempt) {
            if known.len() == offset {
                known.push_str(text);
            }
        } else if let Some(mut begun) = self.beginning(attempt, continues, offset) {
            begun.push_str(text);
            self.0.insert(attempt, begun);
        }
    }

    /// What an earlier start of the daemon left.
    pub fn of(partial: Option<Partial>) -> Self {
        Self(partial.into_iter().map(|partial| (partial.attempt, partial.text)).collect())
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.0.values().map(String::len).sum()
    }

    /// What an attempt goes on from: nothing, or the beginning of the longest text that an earlier one had brought.
    fn beginning(&self, attempt: u32, continues: u64, offset: usize) -> Option<String> {
        if offset == 0 {
            return Some(String::new());
        }
        let (_, longest) = longest(self.0.range(..attempt))?;
        (offset as u64 == continues).then(|| longest.get(..offset).map(str::to_owned))?
    }

    /// The longest: what is worth most to go on from, or to hand over at the end.
    pub fn best(&self) -> Option<Partial> {
        let best = longest(self.0.iter().filter(|(_, text)| !text.is_empty()));
        best.map(|(attempt, text)| Partial { attempt: *attempt, text: text.clone() })
    }
}

/// The first of the longest: who goes on from a text gives it up for a longer one only.
fn longest<'a>(texts: impl Iterator<Item = (&'a u32, &'a String)>) -> Option<(&'a u32, &'a String)> {
    texts.max_by_key(|(attempt, text)| (text.len(), Reverse(**attempt)))
}
