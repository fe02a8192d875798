//! Which model answered.

/// Whether the name under which a provider answered is this model: the same id, also with the provider's
/// namespace before it or a release date behind it.
pub(crate) fn is_same(asked: &str, answered: &str) -> bool {
    let (asked, answered) = (last_segment(asked), last_segment(answered));
    match answered.strip_prefix(asked.as_str()) {
        Some("") => true,
        Some(rest) => {
            let date: String = rest.chars().filter(|char| *char != '-').collect();
            rest.starts_with('-')
                && matches!(date.len(), 4 | 6 | 8)
                && date.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => false,
    }
}

fn last_segment(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
