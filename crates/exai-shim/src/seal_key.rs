//! The key of the seal: 32 random bytes in the state directory, made by the first shim that needs them. So what one shim
//! has sealed, the next can open.

use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::random;

/// The key.
pub(crate) type SealKey = [u8; 32];

/// Where it is kept.
pub(crate) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("request-state.key")
}

/// A key that no file has.
pub(crate) fn fresh() -> SealKey {
    let mut key = SealKey::default();
    let halves = random::bytes().into_iter().chain(random::bytes());
    key.iter_mut().zip(halves).for_each(|(to, from)| *to = from);
    key
}

/// The key that is kept, made if there is none. Blocks as long as the disk does.
///
/// # Errors
/// As the file system says, or if something else than a file has its name.
pub(crate) fn load(state_dir: &Path) -> std::io::Result<SealKey> {
    let path = path(state_dir);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    std::fs::create_dir_all(state_dir)?;
    let mine = state_dir.join(format!("request-state.key.{:032x}", u128::from_be_bytes(random::bytes())));
    let placed = write(&mine, &fresh()).and_then(|()| place(&mine, &path));
    // Placed under its name, or in the way.
    let _ = std::fs::remove_file(&mine);
    placed?;
    read(&path)?.ok_or_else(|| Error::new(ErrorKind::InvalidData, "the key is not what was written"))
}

fn read(path: &Path) -> std::io::Result<Option<SealKey>> {
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata?,
    };
    if !metadata.is_file() {
        let message = format!("{} is no regular file", path.display());
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    // One of another length was cut by a full disk, and is written anew.
    if metadata.len() != 32 {
        return Ok(None);
    }
    Ok(SealKey::try_from(std::fs::read(path)?.as_slice()).ok())
}

fn write(path: &Path, key: &SealKey) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

/// Gives the file its name, unless another shim was quicker: then its key holds. A link fails where the name is taken;
/// a rename would take it from the other.
fn place(mine: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(mine, path) {
        Ok(()) => Ok(()),
        Err(_) if read(path)?.is_some() => Ok(()),
        // A file system without links, or a file that is no key.
        Err(_) => std::fs::rename(mine, path),
    }
}

#[cfg(test)]
mod tests;
