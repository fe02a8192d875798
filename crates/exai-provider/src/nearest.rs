//! Names that may have been meant.

use strsim::osa_distance;

use crate::model::ID_BYTES_MAX;

/// At most `count` of `names`, nearest first, none further away than half the length of `wanted`; none for a name that is
/// too long for an id: the time grows with its length, and callers may send megabytes.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, count: usize) -> Vec<&'a str> {
    if wanted.len() > ID_BYTES_MAX {
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
