//! A request for the rest of an answer, instead of the whole.

use std::borrow::Cow;

use serde::Serialize;

use crate::chat::{Message, Role};
use crate::fence::Fence;
use crate::prefix::Prefix;
use crate::splice::{Manner, last_chars};

/// Words of the end that a continue turn quotes, in characters: enough to be found again, and to be taken up.
const QUOTED_CHARS: usize = 120;

/// How the rest is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// By the endpoint's own means.
    Prefix(Prefix),
    /// By a turn that quotes the end.
    Turn,
}

impl How {
    /// What the rest may look like.
    pub(crate) const fn manner(self) -> Manner {
        match self {
            Self::Prefix(_) => Manner::Prefix,
            Self::Turn => Manner::Turn,
        }
    }
}

/// The beginning of an answer that a request goes on from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Continuation<'a> {
    pub(crate) text: &'a str,
    /// What the same model thought before it; empty where that is not known.
    pub(crate) reasoning: &'a str,
    pub(crate) how: How,
}

/// A turn as it is sent.
#[derive(Debug, Serialize)]
pub(crate) struct Turn<'a> {
    role: Role,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<bool>,
}

impl<'a> Turn<'a> {
    fn new(role: Role, content: impl Into<Cow<'a, str>>) -> Self {
        Self { role, content: content.into(), reasoning_content: None, partial: None, prefix: None }
    }
}

/// The turns of a question, and behind them what is to be gone on from.
pub(crate) fn turns<'a>(question: &'a [Message], after: Option<Continuation<'a>>) -> Vec<Turn<'a>> {
    let mut turns: Vec<Turn<'a>> =
        question.iter().map(|message| Turn::new(message.role, message.content.as_str())).collect();
    let Some(Continuation { text, reasoning, how }) = after else { return turns };
    let mut beginning = Turn::new(Role::Assistant, text);
    match how {
        How::Prefix(prefix) => {
            beginning.partial = (prefix == Prefix::Partial).then_some(true);
            beginning.prefix = matches!(prefix, Prefix::Prefix | Prefix::Beta).then_some(true);
            beginning.reasoning_content =
                Some(reasoning).filter(|reasoning| prefix.takes_reasoning() && !reasoning.is_empty());
            turns.push(beginning);
        }
        How::Turn => turns.extend([beginning, Turn::new(Role::User, go_on(text))]),
    }
    turns
}

/// Makes the model's own turns such as those want them who take none without reasoning or without text. Of the reasoning
/// nothing was kept; a blank is what clients put there, and is taken.
pub(crate) fn mend(turns: &mut Vec<Turn<'_>>) {
    turns.retain(|turn| turn.role != Role::Assistant || !turn.content.trim().is_empty());
    for turn in turns.iter_mut().filter(|turn| turn.role == Role::Assistant) {
        turn.reasoning_content.get_or_insert(" ");
    }
}

/// Asks for the rest in words.
fn go_on(text: &str) -> String {
    let end = last_chars(text, QUOTED_CHARS);
    let block = match Fence::open_at_end(text) {
        Some(_) => " A code block is open there: do not open it again.",
        None => "",
    };
    format!(
        "Your last message broke off. Its end is:\n<<<\n{end}\n>>>\nGo on with what comes exactly after that end, as if \
         nothing had happened: no greeting, no remark, nothing of what is there already.{block}"
    )
}

#[cfg(test)]
mod tests;
