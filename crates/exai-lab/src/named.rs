//! Faults by their names.

/// The one of this name.
///
/// # Errors
/// The name, where there is none.
pub fn named<T>(all: impl IntoIterator<Item = (&'static str, T)>, name: &str) -> Result<T, String> {
    let found = all.into_iter().find(|(known, _)| *known == name);
    found.map(|(_, fault)| fault).ok_or_else(|| name.to_owned())
}
