//! The text of an answer, joined from pieces: the same from a journal as from a daemon's memory.

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
        let before = self.0.range(..attempt).map(|(_, text)| text);
        let longest = before.max_by_key(|text| text.len())?;
        (offset as u64 == continues).then(|| longest.get(..offset).map(str::to_owned))?
    }

    /// The longest, the newest of those: what is worth most to go on from, or to hand over at the end.
    pub fn best(&self) -> Option<Partial> {
        let texts = self.0.iter().filter(|(_, text)| !text.is_empty());
        let best = texts.max_by_key(|(attempt, text)| (text.len(), **attempt));
        best.map(|(attempt, text)| Partial { attempt: *attempt, text: text.clone() })
    }
}
