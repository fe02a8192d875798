//! The files of a journal.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Fault, OpenError};

/// Name of the database in the state directory.
const FILE_NAME: &str = "journal.db";

/// Where they lie.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The state directory.
    pub(crate) dir: PathBuf,
    /// The database.
    pub(crate) file: PathBuf,
}

impl Place {
    pub(crate) fn in_dir(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), file: dir.join(FILE_NAME) }
    }

    /// A file beside the database, named after it.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// Whether the last daemon left something in the write-ahead log: it did not close the journal.
    pub(crate) fn was_left_open(&self) -> bool {
        std::fs::metadata(self.beside("-wal")).is_ok_and(|log| log.len() > 0)
    }

    /// Nothing but a file may have its name.
    ///
    /// # Errors
    /// [`OpenError`] where a directory has it, which SQLite takes for a disk that fails.
    pub(crate) fn is_free_for_a_file(&self) -> Result<(), OpenError> {
        if self.file.is_dir() {
            return Err(OpenError::new(Fault::Directory, &self.file, "a directory has its name"));
        }
        Ok(())
    }

    /// Makes sure that there is a file which nobody but its owner reads; what lies beside it takes over its mode.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let is_new = !self.file.try_exists()?;
        let file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
            .open(&self.file)?;
        narrow(&file)?;
        // Its name, too, has to survive a power cut.
        if is_new { sync_dir(&self.dir) } else { Ok(()) }
    }
}

/// A file that is created so is its owner's alone.
#[cfg(unix)]
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A file that was made otherwise, by a restore for instance.
#[cfg(unix)]
fn narrow(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o700))
}

#[cfg(not(unix))]
fn narrow(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Size of a file, if it is there.
pub(crate) fn bytes_of(path: &Path) -> io::Result<Option<u64>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => Ok(Some(found?.len())),
    }
}

/// Makes names in a directory durable.
#[cfg(unix)]
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// Tells whether a path still leads to the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity((u64, u64));

/// What there is of a journal's files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files {
    /// Of the database and of its log, which holds what is not in the database yet. That exists as long as one is open.
    pub(crate) identities: [Option<Identity>; 2],
    /// Size of the database's file.
    pub(crate) file_bytes: u64,
    /// Size of the log.
    pub(crate) log_bytes: u64,
}

impl Files {
    /// One look at them.
    pub(crate) fn of(place: &Place) -> Self {
        let [file, log] =
            [&place.file, &place.beside("-wal")].map(|path: &PathBuf| std::fs::metadata(path).ok());
        let [file_bytes, log_bytes] =
            [&file, &log].map(|found| found.as_ref().map_or(0, std::fs::Metadata::len));
        Self { identities: [file, log].map(|found| Some(Identity(numbers(&found?)))), file_bytes, log_bytes }
    }
}

#[cfg(unix)]
fn numbers(found: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (found.dev(), found.ino())
}

/// Not told everywhere; that there is a file has to do.
#[cfg(not(unix))]
fn numbers(_found: &std::fs::Metadata) -> (u64, u64) {
    (0, 0)
}
