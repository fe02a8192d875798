//! A streamed answer as GLM writes it.

use std::fmt::Write as _;

use bytes::Bytes;

const HEAD: &str = r#"data: {"id":"20260701120000a1b2c3d4e5f60718","created":1782907200,"object":"chat.completion.chunk","model":"glm-fast","choices":[{"index":0,"delta":{"role":"assistant","content":""#;

/// So many deltas of two words each, in pieces of `read` bytes (0: of one event each), and the length of the text.
pub(crate) fn pieces(deltas: usize, read: usize) -> (Vec<Bytes>, usize) {
    let (mut events, mut length) = (Vec::new(), 0);
    for n in 0..deltas {
        let text = format!(" word {n}");
        length += text.len();
        let mut event = String::new();
        write!(event, "{HEAD}{text}\"}}}}]}}\n\n").unwrap();
        events.push(event);
    }
    events.push(
        r#"data: {"id":"20260701120000a1b2c3d4e5f60718","created":1782907200,"object":"chat.completion.chunk","model":"glm-fast","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}}"#
            .to_owned()
            + "\n\n",
    );
    events.push("data: [DONE]\n\n".to_owned());
    let pieces = match read {
        0 => events.into_iter().map(Bytes::from).collect(),
        read => {
            let whole = Bytes::from(events.concat());
            (0..whole.len()).step_by(read).map(|at| whole.slice(at..whole.len().min(at + read))).collect()
        }
    };
    (pieces, length)
}
