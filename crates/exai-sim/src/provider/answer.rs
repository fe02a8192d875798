//! What the simulated model says: a text that names the prompt it answers, so that tests can tell answers apart and
//! see a missing or repeated piece.

/// Stands for a text in logs and answers: 16 hex digits, FNV-1a of 64 bits. Enough to tell prompts apart, no more.
pub fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The whole answer to `prompt` when it is streamed in `chunks` pieces: `sim answer to DIGEST part 2 part 3 …`.
pub fn answer_to(prompt: &str, chunks: u64) -> String {
    wide_answer_to(prompt, chunks, 0)
}

/// The same with pieces of at least `width` bytes: behind its words each is filled up with digits that occur nowhere else.
pub fn wide_answer_to(prompt: &str, chunks: u64, width: usize) -> String {
    let digest = digest(prompt);
    (1..=chunks).map(|n| piece(&digest, n, width)).collect()
}

/// Piece `n` (from 1) of the answer to the prompt of this digest.
pub(crate) fn piece(prompt_digest: &str, n: u64, width: usize) -> String {
    let mut piece = if n <= 1 { format!("sim answer to {prompt_digest}") } else { format!(" part {n}") };
    if piece.len() < width {
        piece.push(' ');
        let mut fill = 0_u64;
        while piece.len() < width {
            piece.push_str(&digest(&format!("{prompt_digest} {n} {fill}")));
            fill += 1;
        }
        piece.truncate(width);
    }
    piece
}

/// `text` in `chunks` pieces of nearly equal numbers of characters.
pub(crate) fn split(text: &str, chunks: u64) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let size = chars.len().div_ceil(usize::try_from(chunks.max(1)).unwrap_or(usize::MAX)).max(1);
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}
