//! Providers: what a request comes to, and what they wrote.

use std::collections::BTreeMap;

use exai_wire::{CallId, Class};

use super::dice::Dice;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// Turned away before anything was generated: costs nothing.
    Refused,
    Answers,
    /// Ends after so many pieces.
    Breaks(u32),
    /// The tool reports a failure.
    Fails,
    /// The tool crashes.
    Panics,
}

/// In percent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Odds {
    pub(crate) refuses: u64,
    pub(crate) breaks: u64,
    pub(crate) fails: u64,
    pub(crate) panics: u64,
    /// An attempt after another one goes on from its text.
    pub(crate) continues: u64,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) odds: Odds,
    pub(crate) down: bool,
    /// All that was written for each attempt. A volume that was restored may give a number again.
    written: BTreeMap<(CallId, u32), Vec<String>>,
}

impl Provider {
    pub(crate) const fn new(odds: Odds) -> Self {
        Self { odds, down: false, written: BTreeMap::new() }
    }

    pub(crate) fn course(&self, dice: &mut Dice, class: Class) -> Course {
        let Odds { refuses, breaks, fails, panics, .. } = self.odds;
        if self.down || dice.chance(refuses) {
            Course::Refused
        } else if class != Class::Effect && dice.chance(breaks) {
            Course::Breaks(u32::try_from(dice.below(4)).unwrap_or(0))
        } else if dice.chance(fails) {
            Course::Fails
        } else if dice.chance(panics) {
            Course::Panics
        } else {
            Course::Answers
        }
    }

    /// The next piece of an attempt, whose text is to be `before` and this.
    pub(crate) fn write(&mut self, call: CallId, attempt: u32, before: &str) -> String {
        let piece = format!("{attempt}.{};", before.len());
        let texts = self.written.entry((call, attempt)).or_default();
        texts.retain(|text| text != before);
        texts.push(format!("{before}{piece}"));
        piece
    }

    /// Whether such a text was written for this attempt.
    pub(crate) fn has_written(&self, call: CallId, attempt: u32, text: &str) -> bool {
        let texts = self.written.get(&(call, attempt));
        texts.is_some_and(|texts| texts.iter().any(|all| all.starts_with(text)))
    }
}
