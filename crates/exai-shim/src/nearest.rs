//! The nearest known word to one that is not known.

use strsim::osa_distance;

/// The known word that begins with `word` or most looks like it; `None` if none does.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if word.chars().count() >= 3
        && let Some(whole) = known.clone().find(|other| other.starts_with(word))
    {
        return Some(whole);
    }
    // Longer words are no slips of one of ours, and the time is quadratic.
    let word: String = word.chars().take(64).collect();
    let ranked = known.map(|other| (osa_distance(&word, other), other));
    let (distance, best) = ranked.min_by_key(|(distance, _)| *distance)?;
    // A third of the letters wrong is still a slip; more is another word.
    (distance <= word.chars().count().div_ceil(3).max(1)).then_some(best)
}

#[cfg(test)]
mod tests;
