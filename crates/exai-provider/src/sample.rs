//! A glimpse of what could not be read, for the log: its shape, and nothing that it says.

/// Bytes that are looked at, and with that the most characters of a sample.
const BYTES: usize = 120;

/// Words of the format, which stay readable.
const WORDS: &[&str] = &[
    "arguments",
    "assistant",
    "choices",
    "code",
    "completion_tokens",
    "content",
    "created",
    "data",
    "delta",
    "error",
    "event",
    "false",
    "finish_reason",
    "function",
    "html",
    "id",
    "index",
    "message",
    "model",
    "name",
    "null",
    "object",
    "prompt_tokens",
    "reasoning",
    "reasoning_content",
    "role",
    "tool_calls",
    "total_tokens",
    "true",
    "type",
    "usage",
];

/// The beginning of a piece with its marks and the format's words; of all else letters become `x` and digits `0`, since no
/// answer and no key belongs into a log.
pub(crate) fn sample(piece: &[u8]) -> String {
    let text = String::from_utf8_lossy(piece.get(..piece.len().min(BYTES)).unwrap_or_default());
    let mut sample = String::new();
    let mut word = String::new();
    for char in text.chars() {
        if char.is_alphanumeric() || char == '_' {
            word.push(char);
            continue;
        }
        end_word(&mut word, &mut sample);
        sample.push(if char.is_ascii() && !char.is_control() { char } else { '.' });
    }
    end_word(&mut word, &mut sample);
    sample
}

fn end_word(word: &mut String, sample: &mut String) {
    if WORDS.contains(&word.as_str()) {
        sample.push_str(word);
    } else {
        sample.extend(word.chars().map(|char| match char {
            '_' => '_',
            digit if digit.is_numeric() => '0',
            _ => 'x',
        }));
    }
    word.clear();
}

#[cfg(test)]
mod tests;
