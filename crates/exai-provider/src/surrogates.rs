//! JSON text with half a pair of surrogates in it, as servers write it that cut their answers between UTF-16 units: an emoji
//! then comes in two deltas, and neither is JSON that can be decoded.

/// What stands for a character that is not known.
const UNKNOWN: &[u8] = b"\\ufffd";

/// The text with each half that stands alone replaced; `None` where there is none. What is no JSON for another reason stays
/// so.
pub(crate) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = json.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        let rest = json.get(at..).unwrap_or_default();
        let (alone, length) = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (false, 12),
            (Some(0xd800..=0xdfff), _) => (true, 6),
            // A backslash and what it stands before, which may be another.
            _ => (false, 2),
        };
        if alone {
            mended.extend_from_slice(json.get(from..at).unwrap_or_default());
            mended.extend_from_slice(UNKNOWN);
            from = at + length;
        }
        at += length;
    }
    if from == 0 {
        return None;
    }
    mended.extend_from_slice(json.get(from..).unwrap_or_default());
    Some(mended)
}

/// The UTF-16 unit that is escaped at the beginning.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests;
