//! How many tokens a text is: estimated, since each model counts in its own way, and in this one place.

use crate::chat::Chat;
use crate::request::OUTPUT_DEFAULT;

/// What a message costs beside its text, in tokens: role and separators in the templates of known models, rounded up.
const MESSAGE_TOKENS: u64 = 8;

/// Most tokens of a question, or of an answer, where no context is known: four times the largest that any known model has.
const MOST_UNLISTED: u64 = 4 << 20;

/// Tokens of a text, estimated: 3.5 ASCII characters a token (code and English prose lie between 3 and 4.5), one
/// token for every other character (Chinese, Japanese and Korean need about that, most scripts less).
pub fn tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let chars = text.chars().count() as u64;
    (ascii * 2).div_ceil(7) + (chars - ascii)
}

/// Tokens of a message with this text.
pub fn message_tokens(text: &str) -> u64 {
    tokens(text) + MESSAGE_TOKENS
}

/// Tokens that may be sent to a model with this context and this longest output, both in tokens: the context less the answer,
/// for which a quarter is kept at most. `u64::MAX` where the context is not known (0): the provider judges then.
pub fn room(context: u32, output_cap: u32) -> u64 {
    match context {
        0 => u64::MAX,
        context => u64::from(context - answer_room(context, output_cap)),
    }
}

/// The same with the beginning of the answer among what is sent. The rest of it needs less than a whole answer: a quarter of
/// what is kept for one.
pub(crate) fn room_with_beginning(context: u32, output_cap: u32) -> u64 {
    match context {
        0 => u64::MAX,
        context => u64::from(context - answer_room(context, output_cap) / 4),
    }
}

/// Most tokens that a question or an answer of such a model can have: no more than both together, with an answer's room beside
/// them for providers that count it apart and for a context that has grown since it was written down.
pub(crate) const fn most(context: u32, output_cap: u32) -> u64 {
    match context {
        0 => MOST_UNLISTED,
        context => context as u64 + output_cap as u64,
    }
}

fn answer_room(context: u32, output_cap: u32) -> u32 {
    let cap = if output_cap == 0 { u32::MAX } else { output_cap };
    OUTPUT_DEFAULT.min(cap).min(context / 4)
}

/// Tokens of a question.
pub(crate) fn of_chat(chat: &Chat) -> u64 {
    chat.messages.iter().map(|message| message_tokens(&message.content)).sum()
}

/// Tokens of a text of which only the bytes were counted: scripts that need a token for a character take three bytes for it.
pub(crate) const fn of_bytes(bytes: u64) -> u64 {
    (bytes * 2).div_ceil(7)
}

#[cfg(test)]
mod tests;
