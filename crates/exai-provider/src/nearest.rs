//! Names that may have been meant.

use strsim::osa_distance;

/// Longest name that is compared, in bytes: the time grows with its length, and callers may send megabytes.
const WANTED_BYTES_MAX: usize = 200;

/// At most `count` of `names`, nearest first, none further away than half the length of `wanted`; none for a name of more than
/// 200 bytes.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    if wanted.len() > WANTED_BYTES_MAX {
        return Vec::new();
    }
    let wanted = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 2).max(1);
    let mut found: Vec<(usize, &str)> = names
        .map(|name| (osa_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().take(count).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests;
