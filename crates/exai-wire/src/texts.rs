//! The text of an answer, joined from pieces: the same from a journal as from a daemon's memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::kept::{Partial, Seam};

/// Texts of a call's attempts, each joined from its pieces as long as they fit without a gap; what comes after a piece that
/// was lost is of no use.
#[derive(Debug, Clone, Default)]
pub struct Texts(BTreeMap<u32, Text>);

/// Text of one attempt, and whose its parts are.
#[derive(Debug, Clone, Default)]
struct Text {
    text: String,
    seams: Vec<Seam>,
}

impl Texts {
    /// Takes a piece: `offset` bytes of the answer came before it, of which the attempt went on from `continues`.
    pub fn add(&mut self, attempt: u32, continues: u64, offset: u64, text: &str) {
        let Ok(offset) = usize::try_from(offset) else { return };
        if let Some(known) = self.0.get_mut(&attempt) {
            if known.text.len() == offset {
                known.text.push_str(text);
            }
        } else if let Some(mut begun) = self.beginning(attempt, continues, offset) {
            begun.text.push_str(text);
            self.0.insert(attempt, begun);
        }
    }

    /// What an earlier start of the daemon left.
    pub fn of(partial: Option<Partial>) -> Self {
        let text = |Partial { attempt, text, seams }| (attempt, Text { text, seams });
        Self(partial.into_iter().map(text).collect())
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.0.values().map(|known| known.text.len()).sum()
    }

    /// What an attempt goes on from: nothing, or the beginning of the longest text that an earlier one had brought.
    fn beginning(&self, attempt: u32, continues: u64, offset: usize) -> Option<Text> {
        if offset == 0 {
            return Some(Text::default());
        }
        let (before, longest) = longest(self.0.range(..attempt))?;
        let text = longest.text.get(..offset).filter(|_| offset as u64 == continues)?.to_owned();
        // What is gone on from may end before the newest seam: then it ends in what an earlier attempt had brought.
        let (mut seams, beyond): (Vec<Seam>, Vec<Seam>) =
            longest.seams.iter().partition(|seam| seam.at < offset);
        let attempt = beyond.first().map_or(*before, |seam| seam.attempt);
        seams.push(Seam { at: offset, attempt });
        Some(Text { text, seams })
    }

    /// The longest: what is worth most to go on from, or to hand over at the end.
    pub fn best(&self) -> Option<Partial> {
        let best = longest(self.0.iter().filter(|(_, known)| !known.text.is_empty()));
        best.map(|(attempt, known)| {
            let Text { text, seams } = known.clone();
            Partial { attempt: *attempt, text, seams }
        })
    }
}

/// The first of the longest: who goes on from a text gives it up for a longer one only.
fn longest<'a>(texts: impl Iterator<Item = (&'a u32, &'a Text)>) -> Option<(&'a u32, &'a Text)> {
    texts.max_by_key(|(attempt, known)| (known.text.len(), Reverse(**attempt)))
}
