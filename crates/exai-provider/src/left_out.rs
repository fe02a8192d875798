//! Models that might have answered and were not asked, and why.

use crate::cause::Cause;
use crate::model::Model;
use crate::tokens;

/// A model that costs more than so many times the first choice's price for its answer takes its place only where people have
/// said so.
const TIMES_MAX: f64 = 3.0;

/// Most of them that a sentence names.
const NAMED_MAX: usize = 4;

/// One of them, in words: `kimi-k3 (its answers cost 3.4 times ...)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    told: String,
    /// The only cause of a failure with which it is told.
    only: Option<Cause>,
}

impl LeftOut {
    pub(crate) fn new(model: &Model, why: &str) -> Self {
        Self { told: format!("{} ({why})", model.id), only: None }
    }

    /// A name of the chain that no model answers to, for this cause.
    pub(crate) fn of_chain(name: &str, why: Cause) -> Self {
        Self { told: format!("{name} in EXAI_CHAIN ({})", why.words()), only: None }
    }

    /// The other models of the only provider that can be asked: what ails one mostly ails all, but one that is gone.
    pub(crate) fn siblings(provider: &str) -> Self {
        let told = format!(
            "other models of {provider} (no other provider has a key and a listed model, and EXAI_CHAIN names none)"
        );
        Self { told, only: Some(Cause::ModelGone) }
    }

    /// Whether it might have helped after such a failure.
    pub(crate) fn matters(&self, cause: Cause) -> bool {
        self.only.is_none_or(|only| only == cause)
    }
}

/// All of them in a sentence; empty where there is none.
pub(crate) fn sentence(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let mut told: Vec<String> = left_out.iter().take(NAMED_MAX).map(|one| one.told.clone()).collect();
    if left_out.len() > NAMED_MAX {
        told.push(format!("{} more", left_out.len() - NAMED_MAX));
    }
    format!("Not asked: {}.", told.join("; "))
}

/// Why one is too dear to stand in for the first choice; `None`: it is not, or nobody knows.
pub(crate) fn too_dear(model: &Model, first: &Model) -> Option<String> {
    let (price, usual) = (model.price?.output, first.price?.output);
    let why = if usual <= 0.0 {
        format!("its answers cost money and those of {} do not", first.id)
    } else {
        format!("its answers cost {:.1} times as much as those of {}", price / usual, first.id)
    };
    (price > usual * TIMES_MAX).then(|| format!("{why}; EXAI_CHAIN can name it"))
}

/// Why a question of so many tokens does not fit; `None`: it does, or the provider has to say.
pub(crate) fn too_long(model: &Model, needed: u64) -> Option<String> {
    let room = tokens::room(model.context, model.output_cap);
    (needed > room).then(|| {
        format!(
            "about {needed} tokens, and {room} of its context of {} are free for them; the rest is kept for the answer",
            model.context
        )
    })
}
