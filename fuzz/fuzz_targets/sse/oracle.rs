//! What another decoder makes of a stream, written in the plainest form. Our own differs from the standard on purpose:
//! lines `error: …`, an end mark without its last newlines, and bytes that are no UTF-8. Streams with the first and the
//! last are left out here, the end mark is given its newlines.

use bytes::Bytes;
use sse_core::{MessageEvent, SseDecoder, SseEvent};

/// The same events, one `data:` a line, LF everywhere; nothing for what is no stream or is read otherwise on purpose.
pub(crate) fn plainly(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    let start = text.strip_prefix('\u{feff}').unwrap_or(text);
    // JSON, a page, or nothing at all.
    let first = start.bytes().find(|byte| !byte.is_ascii_whitespace())?;
    if matches!(first, b'{' | b'[' | b'"' | b'<') {
        return None;
    }
    let is_dialect = |line: &str| line.split(':').next() == Some("error");
    if start.split(['\n', '\r']).any(is_dialect) {
        return None;
    }
    let mut events = decode(body.to_vec());
    let complete = events.len();
    let pending = decode([body, b"\n\n"].concat()).split_off(complete);
    events.extend(pending.into_iter().filter(|event| event.data == "[DONE]"));
    // A comment, so that an empty stream is one still.
    let mut plain = b":\n".to_vec();
    for (at, MessageEvent { event, data, .. }) in events.into_iter().enumerate() {
        if event == "error" && at < complete {
            plain.extend(b"event: error\n");
        }
        for line in data.split('\n') {
            plain.extend(format!("data: {line}\n").bytes());
        }
        plain.push(b'\n');
    }
    Some(plain)
}

fn decode(body: Vec<u8>) -> Vec<MessageEvent> {
    let (mut decoder, mut rest, mut events) = (SseDecoder::new(), Bytes::from(body), Vec::new());
    while let Some(event) = decoder.next(&mut rest) {
        match event.expect("inputs of the fuzzer are small") {
            SseEvent::Message(message) => events.push(message),
            SseEvent::Retry(_) => {}
        }
    }
    events
}
