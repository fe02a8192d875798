//! The nearest known word to one that is not known.

/// The known word that begins with `word` or most looks like it; `None` if none does.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if word.chars().count() >= 3
        && let Some(whole) = known.clone().find(|other| other.starts_with(word))
    {
        return Some(whole);
    }
    // Longer words are no slips of one of ours, and the table below is quadratic.
    let word: Vec<char> = word.chars().take(64).collect();
    let ranked = known.map(|other| (distance(&word, other), other));
    let (distance, best) = ranked.min_by_key(|(distance, _)| *distance)?;
    // A third of the letters wrong is still a slip; more is another word.
    (distance <= word.len().div_ceil(3).max(1)).then_some(best)
}

/// Letters to change, insert or delete (Levenshtein).
fn distance(word: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (done, letter) in other.chars().enumerate() {
        let mut diagonal = done;
        let mut left = done + 1;
        for (cell, own) in row.iter_mut().zip(std::iter::once(None).chain(word.iter().map(Some))) {
            let Some(own) = own else {
                *cell = left;
                continue;
            };
            let changed = diagonal + usize::from(*own != letter);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
