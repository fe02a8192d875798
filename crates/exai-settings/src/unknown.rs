//! Names that nobody reads: misspelt ones get the nearest known name, retired ones what to do instead. The
//! environment belongs to others too, so a name there is spoken of only if it is surely meant for us.

use strsim::osa_distance as distance;

use crate::load::Loader;
use crate::problem::{Origin, Problem};
use crate::provider::Provider;
use crate::registry::{self, ADDRESS, BUILT_IN, FAMILY, OWN_PREFIXES, READ_ELSEWHERE};
use crate::retired::{self, Scope};

/// Most slips of a finger (letters put in, left out, changed, or swapped with their neighbour) in a name that is still
/// taken for a misspelt one.
const SLIPS: usize = 2;

pub(crate) fn warn(loader: &mut Loader, providers: &[Provider]) {
    let unread: Vec<(String, Origin)> = loader
        .given
        .names()
        .filter(|(name, _)| !loader.known.contains_key(*name) && !READ_ELSEWHERE.contains(name))
        .map(|(name, origin)| (name.to_owned(), origin))
        .collect();
    for (name, origin) in unread {
        if let Some(message) = verdict(&name, &origin, loader, providers) {
            loader.report.warnings.push(Problem::of(origin, name, message));
        }
    }
}

fn verdict(name: &str, origin: &Origin, loader: &Loader, providers: &[Provider]) -> Option<String> {
    let in_our_file = *origin != Origin::Environment;
    if let Some(retired) = retired::find(name) {
        return (in_our_file || retired.scope == Scope::Anywhere).then(|| retired.instead.to_owned());
    }
    if let Some(message) = of_a_provider(name, loader, providers) {
        return Some(message);
    }
    let upper = name.to_ascii_uppercase();
    let known = || loader.known.iter();
    if let Some(prefix) = OWN_PREFIXES.iter().find(|prefix| upper.starts_with(**prefix)) {
        let alike = known().filter(|(known, _)| known.starts_with(prefix));
        let (_, nearest) = alike.min_by_key(|(known, _)| distance(&upper, known))?;
        return Some(format!("there is no such setting; the nearest is {nearest}"));
    }
    if !in_our_file {
        return None;
    }
    let (_, nearest) =
        known().find(|(known, _)| known.len() > 2 * SLIPS && distance(&upper, known) <= SLIPS)?;
    Some(format!("there is no such setting; is {nearest} meant?"))
}

/// The setting that a word is, or that it misses by a slip or two. Tells nothing of the word itself.
pub(crate) fn nearest_setting(word: &str) -> Option<String> {
    let word = word.to_ascii_uppercase().replace('-', "_");
    let own =
        registry::rows().flat_map(|(_, row)| std::iter::once(row.name).chain(row.aliases.iter().copied()));
    let families = BUILT_IN.iter().flat_map(|one| registry::family(one.name));
    let names = own.map(str::to_owned).chain(families.map(|named| named.name));
    let near = names.filter(|name| name.len() > 2 * SLIPS && name.len().abs_diff(word.len()) <= SLIPS);
    let ranked = near.map(|name| (distance(&word, &name), name)).filter(|(slips, _)| *slips <= SLIPS);
    ranked.min().map(|(_, name)| name)
}

/// A name that begins with a provider of `EXAI_PROVIDERS`. Others' tools may read such names, so only the family's own
/// suffixes and slips in them count.
fn of_a_provider(name: &str, loader: &Loader, providers: &[Provider]) -> Option<String> {
    let owner = |provider: &&Provider| {
        let suffix = name.strip_prefix(&provider.name.to_ascii_uppercase());
        suffix.is_some_and(|suffix| suffix.starts_with('_'))
            && !loader.known.contains_key(&provider.variable(ADDRESS))
    };
    let provider = providers.iter().find(owner)?;
    let suffix = name.get(provider.name.len() + 1..)?;
    if suffix == ADDRESS {
        let same = loader
            .given
            .candidate(name)
            .is_some_and(|it| it.text.is_ok_and(|text| text == provider.base_url));
        let message = "this is not read; the address of this provider stands in EXAI_PROVIDERS";
        return (!same).then(|| message.to_owned());
    }
    let nearest = FAMILY.iter().map(|row| row.name).min_by_key(|known| distance(suffix, known))?;
    let meant = distance(suffix, nearest) <= SLIPS;
    meant.then(|| format!("there is no such setting; is {} meant?", provider.variable(nearest)))
}

#[cfg(test)]
mod tests;
