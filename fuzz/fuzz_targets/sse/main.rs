//! Bodies of model APIs, through the door of the provider layer: any bytes in any pieces give the same answer as the
//! whole in one, no more text than came, and for server-sent events what another decoder makes of them.

#![no_main]

mod oracle;
mod world;

use exai_provider::{Failure, Reply};
use libfuzzer_sys::fuzz_target;

use self::world::{Given, ask};

// The first byte of the input says the HTTP status and how the connection ends, the second how the body is cut; the rest
// is the body.
fuzz_target!(|input: &[u8]| {
    let [head, cut, body @ ..] = input else { return };
    let given = Given {
        status: match head % 16 {
            12 => 400,
            13 => 429,
            14 => 500,
            15 => 302,
            _ => 200,
        },
        breaks: head & 0x10 != 0,
        pieces: vec![body.to_vec()],
    };
    let whole = ask(&given);
    bounded(&whole, body.len());
    for pieces in [every_byte(body), uneven(body, *cut)] {
        assert_eq!(ask(&Given { pieces, ..given.clone() }), whole, "cut differently");
    }
    if given.status == 200
        && !given.breaks
        && let Some(plain) = oracle::plainly(body)
    {
        let asked = ask(&Given { pieces: vec![plain.clone()], ..given });
        assert_eq!(asked, whole, "as another decoder reads it: {}", String::from_utf8_lossy(&plain));
    }
});

fn every_byte(body: &[u8]) -> Vec<Vec<u8>> {
    body.iter().map(|byte| vec![*byte]).collect()
}

/// Pieces of 1 to 16 bytes, empty ones among them, by a small generator that begins with `seed`.
fn uneven(body: &[u8], seed: u8) -> Vec<Vec<u8>> {
    let (mut rest, mut state, mut pieces) = (body, u32::from(seed) + 1, Vec::new());
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (piece, tail) = rest.split_at((state >> 28) as usize % (rest.len() + 1));
        pieces.push(piece.to_vec());
        rest = tail;
    }
    pieces
}

/// Nothing is held or handed on that did not come: no text is longer than the body, escapes and replaced bytes included.
fn bounded(outcome: &Result<Reply, Failure>, bytes: usize) {
    match outcome {
        Ok(reply) => {
            let calls: usize =
                reply.tool_calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
            let all = reply.text.len() + reply.reasoning.len() + calls;
            assert!(all <= bytes, "{all} bytes of answer out of {bytes}");
            assert!(reply.model.chars().count() <= 100);
        }
        Err(failure) => {
            assert!(failure.attempts.iter().all(|attempt| attempt.detail.chars().count() <= 300));
        }
    }
}
