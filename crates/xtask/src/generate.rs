//! Files that are written from a source in the code, so that they can't drift from it.

use std::path::Path;

use anyhow::Context as _;

use crate::seeds;

/// Every generated file: path from the root, and its text.
pub fn files() -> Vec<(String, String)> {
    let settings = exai_settings::docs::files().into_iter().map(|(path, text)| (path.to_owned(), text));
    settings.chain(seeds::files()).collect()
}

/// Writes the files; returns the paths of those that changed.
///
/// # Errors
/// If a file can't be written.
pub fn write(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut changed = Vec::new();
    for (path, text) in files() {
        let target = root.join(&path);
        if std::fs::read_to_string(&target).is_ok_and(|old| old == text) {
            continue;
        }
        if let Some(directory) = target.parent() {
            std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        }
        std::fs::write(&target, text).with_context(|| path.clone())?;
        changed.push(path);
    }
    Ok(changed)
}
