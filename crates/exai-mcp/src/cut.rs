//! Results that would not fit into a line, cut and marked.
//!
//! What is kept: small blocks, the head of the first long text, and its tail, because results say at their end
//! how they came about. Structured content goes: half of it would be wrong, and a host that finds it shows
//! nothing else.

use serde_json::value::RawValue;

use crate::content::push_text_block;
use crate::json::{Kind, each_element, each_field, kind, name, pick, text};

/// Key in `_meta` of a result that was cut; its value tells the bytes of JSON text: `{"left_out":…,"of":…}`.
pub const CUT_META_KEY: &str = "dev.exai/cut";

/// Blocks up to this many bytes are kept before long ones ...
const SMALL_BLOCK_BYTES: usize = 4 << 10;
/// ... as long as they stay below this together, in bytes.
const SMALL_BLOCKS_BYTES_MAX: usize = 256 << 10;
/// Fields beside the content that are kept, in bytes together.
const SIDE_BYTES_MAX: usize = 256 << 10;
/// How much of the end of a cut text is kept, in bytes.
const TAIL_BYTES: usize = 2 << 10;
/// Room for the marks, in bytes.
const MARK_BYTES: usize = 1 << 10;

/// A result object below `budget` bytes; nothing if `result` is no object with content.
pub(crate) fn shorten(result: &RawValue, budget: usize) -> Option<Box<RawValue>> {
    let mut side = String::new();
    let (mut content, mut meta) = (None, None);
    each_field(result.get(), |key, value| match &*name(key) {
        "content" => content = Some(value),
        "_meta" => meta = Some(value),
        "structuredContent" => {}
        _ if side.len() + key.get().len() + value.get().len() < SIDE_BYTES_MAX => {
            side.extend([key.get(), ":", value.get(), ","]);
        }
        _ => {}
    })
    .ok()?;
    let meta = meta.filter(|meta| kind(meta) == Kind::Object && meta.get().len() < SIDE_BYTES_MAX);
    let reserved = side.len() + meta.map_or(0, |meta| meta.get().len()) + MARK_BYTES;
    let mut blocks = Blocks::new(content?, budget.checked_sub(reserved)?);
    each_element(content?.get(), |block| blocks.take(block)).ok()?;
    let (array, left_out) = blocks.end();
    let of = result.get().len();
    let marked = format!("\"{CUT_META_KEY}\":{{\"left_out\":{left_out},\"of\":{of}}}");
    let meta = match meta.and_then(|meta| meta.get().strip_suffix('}')) {
        Some(open) if open.trim_end() != "{" => format!("{open},{marked}}}"),
        _ => format!("{{{marked}}}"),
    };
    RawValue::from_string(format!("{{{side}\"content\":{array},\"_meta\":{meta}}}")).ok()
}

/// Blocks that are kept.
struct Blocks {
    array: String,
    /// Bytes left for small blocks.
    small: usize,
    /// Bytes left for all others.
    long: usize,
    dropped: usize,
    left_out: usize,
}

impl Blocks {
    fn new(content: &RawValue, budget: usize) -> Self {
        let mut small = 0;
        // An error comes again, and is seen, when the blocks are taken.
        let _ = each_element(content.get(), |block| {
            if block.get().len() <= SMALL_BLOCK_BYTES {
                small += block.get().len() + 1;
            }
        });
        let small = small.min(SMALL_BLOCKS_BYTES_MAX).min(budget);
        Self { array: String::from("["), small, long: budget - small, dropped: 0, left_out: 0 }
    }

    fn take(&mut self, block: &RawValue) {
        let bytes = block.get().len() + 1;
        let purse = match bytes <= SMALL_BLOCK_BYTES + 1 && bytes <= self.small {
            true => &mut self.small,
            false => &mut self.long,
        };
        if bytes <= *purse {
            *purse -= bytes;
            return self.push(block.get());
        }
        match cut_text(block, self.long) {
            Some((cut, left_out)) => {
                self.left_out += left_out;
                self.long = 0;
                self.push(&cut);
            }
            None => {
                self.dropped += 1;
                self.left_out += bytes;
            }
        }
    }

    fn push(&mut self, block: &str) {
        if self.array.len() > 1 {
            self.array.push(',');
        }
        self.array.push_str(block);
    }

    fn end(mut self) -> (String, usize) {
        if self.dropped > 0 {
            let mut mark = String::new();
            let dropped = self.dropped;
            push_text_block(
                &mut mark,
                &format!(
                    "[{dropped} more parts of this result left out: a line to the host stays under 8 MiB]"
                ),
            );
            self.push(&mark);
        }
        self.array.push(']');
        (self.array, self.left_out)
    }
}

/// A text block of at most `budget` bytes, and how many bytes of its text it lacks; nothing for other blocks and
/// for budgets in which nothing can be said.
fn cut_text(block: &RawValue, budget: usize) -> Option<(String, usize)> {
    let [of, value] = pick(block.get(), ["type", "text"]).ok()?;
    let inner = value?.get().strip_prefix('"')?.strip_suffix('"')?;
    let room = budget.checked_sub(TAIL_BYTES + MARK_BYTES)?;
    if of.and_then(text)? != "text" || room < TAIL_BYTES {
        return None;
    }
    let (head, tail) = split(inner, room, TAIL_BYTES);
    let (left_out, of) = (inner.len() - head.len() - tail.len(), inner.len());
    let block = format!(
        "{{\"type\":\"text\",\"text\":\"{head}\\n\\n[{left_out} of {of} bytes left out here: a line to the host \
         stays under 8 MiB]\\n\\n{tail}\"}}"
    );
    Some((block, left_out))
}

/// Head and tail of the inside of a JSON string, at most that long, cut between characters and never inside an
/// escape or a pair of surrogates. `head` and `tail` together must be shorter than `inner`.
fn split(inner: &str, head: usize, tail: usize) -> (&str, &str) {
    let tail_from = inner.len().saturating_sub(tail);
    let (mut at, mut head_end) = (0, 0);
    while at < tail_from {
        if at <= head {
            head_end = at;
        }
        at += unit(inner.as_bytes().get(at..).unwrap_or_default());
    }
    (inner.get(..head_end).unwrap_or_default(), inner.get(at..).unwrap_or_default())
}

/// Bytes of the first character or escape.
fn unit(text: &[u8]) -> usize {
    match text {
        [b'\\', b'u', ..] if is_pair(text) => 12,
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        [0xf0..=0xff, ..] => 4,
        [0xe0..=0xef, ..] => 3,
        [0xc0..=0xdf, ..] => 2,
        _ => 1,
    }
}

/// Whether an escaped high surrogate comes first and its low half follows.
fn is_pair(text: &[u8]) -> bool {
    let half = |at: usize, third: [u8; 4]| match text.get(at..at + 4) {
        Some([b'\\', b'u', b'd' | b'D', nibble]) => third.contains(&nibble.to_ascii_lowercase()),
        _ => false,
    };
    half(0, *b"89ab") && half(6, *b"cdef")
}
