//! Whether a daemon could work in a state directory. One that can't write there has nowhere to say so: its log, its last
//! words and its address would all stand in that directory.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Bytes that are written to see whether there is room: more than a daemon needs to tell where it listens.
const PROBE: [u8; 16 << 10] = [0; 16 << 10];

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    /// Whether it stays so until somebody changes a setting or a right; a full disk may have room again at any time.
    pub lasts: bool,
    /// A sentence with what to do.
    pub why: String,
}

/// Tries to write there, and leaves nothing behind but the directory and its `logs`. `None`: a daemon could.
pub fn what_is_wrong(dir: &Path) -> Option<NoRoom> {
    let error = try_it(dir).err()?;
    let (lasts, remedy) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (false, "free some space there, or set EXAI_STATE_DIR to a disk with room")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (true, "make it writable, or set EXAI_STATE_DIR to a directory that is")
        }
        io::ErrorKind::PermissionDenied => {
            (true, "make it belong to this user (chown), or set EXAI_STATE_DIR to a directory of its own")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            (true, "move the file away that is in its place, or set EXAI_STATE_DIR to a directory")
        }
        _ => (false, "look after the disk, or set EXAI_STATE_DIR to a directory on another one"),
    };
    let why = format!("the state directory {} can't be written: {error}; {remedy}", dir.display());
    Some(NoRoom { lasts, why })
}

fn try_it(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir.join("logs"))?;
    let path = dir.join(format!("probe-{}", std::process::id()));
    let written = OpenOptions::new().write(true).create(true).truncate(true).open(&path).and_then(fill);
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

fn fill(mut file: File) -> io::Result<()> {
    file.write_all(&PROBE)
}

#[cfg(all(test, unix))]
mod tests;
