//! Which model a name means.

use exai_provider::{ModelInfo, Status};

/// The model that a call with this name asks for first; `None` as a name, or `auto`, means the default.
pub(crate) fn find<'a>(models: &'a [ModelInfo], name: Option<&str>) -> Option<&'a ModelInfo> {
    match name {
        None => models.iter().find(|model| model.is_default),
        Some(name) if name.eq_ignore_ascii_case("auto") => models.iter().find(|model| model.is_default),
        Some(name) => {
            let called = |model: &&ModelInfo| is_called(model, name);
            let first_of = |model: &&ModelInfo| {
                model.provider.eq_ignore_ascii_case(name) && model.status != Status::Retired
            };
            let listed = || models.iter().filter(|model| !model.found);
            let found = || models.iter().find(called);
            listed().find(called).or_else(|| listed().find(first_of)).or_else(found)
        }
    }
}

fn is_called(model: &ModelInfo, name: &str) -> bool {
    let bare = match name.split_once('/') {
        Some((provider, rest)) if provider.eq_ignore_ascii_case(&model.provider) => rest,
        _ => name,
    };
    let names = std::iter::once(&model.id).chain(&model.aliases);
    names.into_iter().any(|known| known.eq_ignore_ascii_case(bare) || known.eq_ignore_ascii_case(name))
}

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
