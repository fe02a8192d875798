//! How the text of a request is joined to the beginning that it goes on from.
//!
//! A model that is asked for the rest mostly gives just that. It may also say the end of the beginning once more, open a
//! code block that is open, or begin anew, with or without a greeting. So the first characters are held back until they
//! are judged; from then on text goes through as it comes.
//!
//! A text that repeats itself looks like all of these. Where that is so, it is taken as the rest: a piece that stands there
//! twice harms less than one that is gone.

use std::collections::BTreeSet;

use crate::fence::Fence;

/// Most characters of the beginning's end that are dropped when they come once more.
const OVERLAP_CHARS_MAX: usize = 200;

/// Fewest of them after a native continuation, which hardly ever repeats: lines of code and of tables that stand twice in
/// a row are shorter.
const PREFIX_OVERLAP_CHARS_MIN: usize = 40;

/// Fewest of them after a continue turn, where models like to take up the last words.
const TURN_OVERLAP_CHARS_MIN: usize = 12;

/// Bytes of the pieces by which a text is measured for how much it says: rulers and runs of equal lines say little.
const WINDOW: usize = 8;

/// So many characters of the beginning's start mean that the answer begins anew.
const OPENING_CHARS: usize = 80;

/// Longest greeting before an answer that begins anew, in characters.
const GREETING_CHARS_MAX: usize = 200;

/// How the rest was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By the endpoint's own means: the model can't tell that anything broke off.
    Prefix,
    /// By a turn that says so.
    Turn,
}

/// Whether more of a text will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// It may.
    Coming,
    /// It is over.
    Over,
}

/// What became of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joined {
    /// It had nothing to go on from.
    Alone,
    /// It went on from the beginning, from this byte of the whole on.
    At(usize),
    /// It began anew.
    Anew,
}

/// Joins the text of one request, as it grows.
#[derive(Debug)]
pub(crate) struct Splice<'a> {
    beginning: &'a str,
    manner: Option<Manner>,
    verdict: Option<Verdict>,
    /// Bytes of the text that have been told or dropped.
    told: usize,
    /// Bytes of the text, from its first on, that are those of the beginning.
    echoed: usize,
    /// What an answer that begins anew would begin with; `None` where that would tell nothing.
    opening: Option<&'a str>,
}

/// What the text turned out to be; so many bytes of it are dropped first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Rest { skip: usize },
    Anew { skip: usize },
}

impl<'a> Splice<'a> {
    /// For a text with nothing before it.
    pub(crate) const fn alone() -> Self {
        let verdict = Some(Verdict::Rest { skip: 0 });
        Self { beginning: "", manner: None, verdict, told: 0, echoed: 0, opening: None }
    }

    /// For a text that is to go on from `beginning`.
    pub(crate) fn after(beginning: &'a str, manner: Manner) -> Self {
        let opening = telling_opening(match manner {
            Manner::Prefix => beginning,
            Manner::Turn => beginning.trim_start(),
        });
        Self { beginning, manner: Some(manner), verdict: None, told: 0, echoed: 0, opening }
    }

    /// Bytes of the beginning.
    pub(crate) const fn beginning_len(&self) -> usize {
        self.beginning.len()
    }

    /// How the rest was asked for; `None`: it was not.
    pub(crate) const fn manner(&self) -> Option<Manner> {
        self.manner
    }

    /// What is new in the text since it was last asked for, and its offset in bytes within the whole.
    pub(crate) fn fresh<'t>(&mut self, text: &'t str, more: More) -> Option<(usize, &'t str)> {
        let verdict = match self.verdict {
            Some(verdict) => verdict,
            None => self.judge(text, more)?,
        };
        self.verdict = Some(verdict);
        let (before, skip) = match verdict {
            Verdict::Rest { skip } => (self.beginning.len(), skip),
            Verdict::Anew { skip } => (0, skip),
        };
        let from = self.told.max(skip);
        let fresh = text.get(from..).filter(|fresh| !fresh.is_empty())?;
        self.told = text.len();
        Some((before + from - skip, fresh))
    }

    /// The text is over and has been told: makes it the whole.
    pub(crate) fn join(&self, text: &mut String) -> Joined {
        match (self.manner, self.verdict) {
            (None, _) => Joined::Alone,
            (Some(_), Some(Verdict::Anew { skip })) => {
                text.drain(..skip);
                Joined::Anew
            }
            (Some(_), verdict) => {
                let skip = if let Some(Verdict::Rest { skip }) = verdict { skip } else { 0 };
                text.replace_range(..skip, self.beginning);
                Joined::At(self.beginning.len())
            }
        }
    }

    /// `None`: more of it must come first.
    fn judge(&mut self, text: &str, more: More) -> Option<Verdict> {
        match self.manner {
            None => Some(Verdict::Rest { skip: 0 }),
            Some(Manner::Prefix) => self.judge_prefix(text, more),
            Some(Manner::Turn) => self.judge_turn(text, more),
        }
    }

    fn judge_prefix(&mut self, text: &str, more: More) -> Option<Verdict> {
        let beginning = self.beginning;
        let rest = beginning.get(self.echoed..).unwrap_or_default();
        self.echoed += common(rest, text.get(self.echoed..).unwrap_or_default());
        if self.opening.is_some_and(|opening| self.echoed >= opening.len()) {
            return match self.echoed {
                // Some send the beginning along.
                all if all == beginning.len() => Some(Verdict::Rest { skip: all }),
                all if all == text.len() && more == More::Coming => None,
                _ => Some(Verdict::Anew { skip: 0 }),
            };
        }
        // Of a text that repeats itself, or differs from its start already, the end of the beginning is looked for.
        if more == More::Coming && !has_chars(text, OVERLAP_CHARS_MAX) {
            return None;
        }
        Some(Verdict::Rest { skip: overlap(beginning, text, PREFIX_OVERLAP_CHARS_MIN) })
    }

    fn judge_turn(&self, text: &str, more: More) -> Option<Verdict> {
        if more == More::Coming && !has_chars(text, GREETING_CHARS_MAX + OPENING_CHARS) {
            return None;
        }
        let head = first_chars(text, GREETING_CHARS_MAX + OPENING_CHARS);
        if let Some(skip) = self.opening.and_then(|opening| head.find(opening)) {
            return Some(Verdict::Anew { skip });
        }
        let fence = reopened(self.beginning, text);
        let text = text.get(fence..).unwrap_or_default();
        let mut skip = overlap(self.beginning, text, TURN_OVERLAP_CHARS_MIN);
        // The beginning was cut behind a blank; models begin with one nevertheless.
        if skip == 0 && self.beginning.ends_with(' ') {
            skip = text.len() - text.trim_start_matches(' ').len();
        }
        Some(Verdict::Rest { skip: fence + skip })
    }
}

/// Where to go on from a text by a turn, in bytes: behind its last whole line, else its last whole word, if that costs few
/// characters. A model that speaks anew begins neither in the middle of a word nor with a blank.
pub(crate) fn seam(text: &str) -> usize {
    let most = (text.chars().count() / 4).min(OVERLAP_CHARS_MAX);
    let tail = last_chars(text, most);
    let kept = tail.rfind('\n').or_else(|| tail.rfind(' ')).map_or(tail.len(), |at| at + 1);
    text.len() - tail.len() + kept
}

/// Bytes at the head of a text that are the end of its beginning once more, at least `least` characters; 0 where they may as
/// well belong there.
fn overlap(beginning: &str, text: &str, least: usize) -> usize {
    let tail = last_chars(beginning, OVERLAP_CHARS_MAX);
    let ends = tail.char_indices().filter_map(|(at, _)| tail.get(at..));
    ends.take_while(|end| has_chars(end, least))
        .filter(|end| text.starts_with(*end))
        .find(|end| says_enough(end, least) && !is_periodic(end) && !ends_twice(beginning, end))
        .map_or(0, str::len)
}

/// Bytes of a line at the head of a text that opens the block which is open already, blank lines before it included.
fn reopened(beginning: &str, text: &str) -> usize {
    let Some(fence) = Fence::open_at_end(beginning) else { return 0 };
    let from = text.len() - text.trim_start_matches(['\n', '\r']).len();
    let line = text.get(from..).and_then(|text| text.split_inclusive('\n').next()).unwrap_or_default();
    if line.ends_with('\n') && fence.is_opened_again_by(line) { from + line.len() } else { 0 }
}

/// The opening of a text, unless it says nothing about where a text begins: because it is said again later, for example.
fn telling_opening(text: &str) -> Option<&str> {
    let opening = first_chars(text, OPENING_CHARS);
    let behind = opening.chars().next().map_or(0, char::len_utf8);
    let comes_again = || text.get(behind..).is_some_and(|rest| rest.contains(opening));
    (has_chars(opening, OPENING_CHARS) && says_enough(opening, OPENING_CHARS / 2) && !comes_again())
        .then_some(opening)
}

fn ends_twice(text: &str, end: &str) -> bool {
    text.strip_suffix(end).is_some_and(|before| before.ends_with(end))
}

/// Whether a text says as much as `least` characters without repetition do.
fn says_enough(text: &str, least: usize) -> bool {
    let pieces: BTreeSet<&[u8]> = text.as_bytes().windows(WINDOW).collect();
    pieces.len() + WINDOW > least
}

/// Whether a text is one piece over and over, as rulers and blanks are.
fn is_periodic(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=bytes.len() / 2).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b))
}

/// Bytes that two texts have in common at their heads, up to a whole character.
fn common(a: &str, b: &str) -> usize {
    let mut same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    while !a.is_char_boundary(same) {
        same -= 1;
    }
    same
}

fn has_chars(text: &str, count: usize) -> bool {
    count == 0 || text.chars().nth(count - 1).is_some()
}

fn first_chars(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// The last `count` characters of a text, or all of it.
pub(crate) fn last_chars(text: &str, count: usize) -> &str {
    let from = match count.checked_sub(1) {
        Some(back) => text.char_indices().rev().nth(back).map_or(0, |(at, _)| at),
        None => text.len(),
    };
    text.get(from..).unwrap_or(text)
}

#[cfg(test)]
mod tests;
