//! Reads one file whole, within bounds, and never waits for anything but the disk.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::FILE_BYTES_MAX;
use super::error::FileProblem;

/// A file's text and facts.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) modified: Option<SystemTime>,
}

/// Reads a file by its real path.
///
/// It is looked at before it is opened, because opening a pipe waits for its other end and opening a device may do
/// something; and again afterwards, because it may have been replaced in between.
pub(super) fn whole(real: &Path) -> Result<Content, FileProblem> {
    check(&real.symlink_metadata()?)?;
    let file = open(real)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    let bytes = read_bounded(file, &metadata)?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let modified = metadata.modified().ok();
    let length = bytes.len() as u64;
    Ok(Content { text: text(bytes)?, bytes: length, sha256, modified })
}

fn check(metadata: &Metadata) -> Result<(), FileProblem> {
    if metadata.is_dir() {
        return Err(FileProblem::Directory);
    }
    if !metadata.is_file() {
        return Err(FileProblem::NotRegular);
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(FileProblem::TooLarge { bytes: metadata.len() });
    }
    Ok(())
}

/// Follows no link any more, since the path is resolved, and does not wait for the other end of a pipe.
#[cfg(unix)]
fn open(real: &Path) -> Result<File, FileProblem> {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
    Ok(OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(real)?)
}

#[cfg(not(unix))]
fn open(real: &Path) -> Result<File, FileProblem> {
    Ok(OpenOptions::new().read(true).open(real)?)
}

/// A file that grows while it is read ends at the bound.
fn read_bounded(file: File, metadata: &Metadata) -> Result<Vec<u8>, FileProblem> {
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > FILE_BYTES_MAX { Err(FileProblem::TooLarge { bytes: length }) } else { Ok(bytes) }
}

fn text(bytes: Vec<u8>) -> Result<String, FileProblem> {
    if memchr::memchr(0, &bytes).is_some() {
        return Err(FileProblem::Binary);
    }
    String::from_utf8(bytes).map_err(|error| FileProblem::NotUtf8 { at: error.utf8_error().valid_up_to() })
}

#[cfg(test)]
mod tests;
