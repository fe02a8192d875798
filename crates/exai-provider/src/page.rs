//! A page of HTML or XML where a model API should have answered: what stands between has put it there, or the address is
//! somebody else's. Of its text people are told what a browser would show, no styles and no scripts.

use crate::sse::BOM;

/// Bytes of a page that are read: what it is about stands at its beginning.
pub(crate) const READ_BYTES_MAX: usize = 64 << 10;

/// Whether a body is one. No answer and no error of an API begins so.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    body.trim_ascii_start().first() == Some(&b'<')
}

/// What to tell of it.
pub(crate) fn told(page: &[u8]) -> String {
    let text = text(page);
    if text.is_empty() { "a page without text".to_owned() } else { format!("a page: {text}") }
}

/// The text between its tags, on one line.
fn text(page: &[u8]) -> String {
    let page = page.strip_prefix(BOM).unwrap_or(page);
    let page = String::from_utf8_lossy(page.get(..page.len().min(READ_BYTES_MAX)).unwrap_or_default());
    // Of the same length, so that places in one are places in the other.
    let lower = page.to_ascii_lowercase();
    let mut words: Vec<&str> = Vec::new();
    let mut from = 0;
    while let Some(length) = lower.get(from..).and_then(|rest| rest.find('<')) {
        words.extend(page.get(from..from + length).unwrap_or_default().split_whitespace());
        from += length;
        from += markup_length(lower.get(from..).unwrap_or_default());
    }
    words.extend(page.get(from..).unwrap_or_default().split_whitespace());
    words.join(" ")
}

/// Bytes of a tag or comment, or of an element that nobody sees, at the beginning of `rest`; what has no end goes to the
/// end.
fn markup_length(rest: &str) -> usize {
    let unseen = [("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")];
    let end = unseen.iter().find(|(start, _)| rest.starts_with(start)).map_or(">", |(_, end)| end);
    rest.find(end).map_or(rest.len(), |at| at + end.len())
}

#[cfg(test)]
mod tests;
