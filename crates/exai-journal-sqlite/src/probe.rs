//! Whether a file system keeps what it says: tried before anything is promised.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::{Fault, OpenError};
use crate::place::{Place, private};

/// Writes, syncs and locks a file beside the journal.
///
/// # Errors
/// [`OpenError`] that says which of these does not work there.
pub(crate) fn probe(place: &Place) -> Result<(), OpenError> {
    let path = place.beside("-probe");
    let result = try_out(&path, place);
    // It is written anew each time.
    let _ = std::fs::remove_file(&path);
    result
}

fn try_out(path: &Path, place: &Place) -> Result<(), OpenError> {
    let failed = |tried: &'static str| move |error| OpenError::io(&place.dir, tried, &error);
    let open = || private(OpenOptions::new().write(true).create(true).truncate(false)).open(path);
    let mut file = open().map_err(failed("a file can't be made there"))?;
    file.write_all(&[0; 4096]).map_err(failed("a file can't be written there"))?;
    file.sync_all().map_err(|error| unsuitable(place, &format!("a sync fails there: {error}"), error))?;
    lock_twice(&file, open, place)
}

/// A lock that two can hold is none.
fn lock_twice(file: &File, open: impl Fn() -> io::Result<File>, place: &Place) -> Result<(), OpenError> {
    let no_lock =
        |error: io::Error| unsuitable(place, &format!("a file can't be locked there: {error}"), error);
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(no_lock(error)),
        // By whom ever: there are locks.
        Err(TryLockError::WouldBlock) => return Ok(()),
    }
    let other =
        open().map_err(|error| OpenError::io(&place.dir, "a file can't be opened twice there", &error))?;
    match other.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(no_lock(error)),
        Ok(()) => {
            let reason = "a lock that is held can be taken once more there";
            Err(OpenError::new(Fault::Unsuitable, &place.dir, reason.to_owned() + &kind_of(&place.dir)))
        }
    }
}

fn unsuitable(place: &Place, reason: &str, error: io::Error) -> OpenError {
    match OpenError::io(&place.dir, reason, &error) {
        OpenError { fault: fault @ (Fault::Full | Fault::Denied | Fault::ReadOnly), path, .. } => {
            OpenError::new(fault, &path, reason)
        }
        OpenError { path, .. } => {
            OpenError::new(Fault::Unsuitable, &path, reason.to_owned() + &kind_of(&path))
        }
    }
}

/// What is known for locks and syncs that don't reach the disk: file systems of other machines.
#[cfg(target_os = "linux")]
const SHARED: [(u64, &str); 7] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9p, a shared directory of another machine"),
    (0x6573_5546, "FUSE, such as a shared directory of another machine"),
    (0x786f_4256, "a shared folder of VirtualBox"),
    (0xbacb_acbc, "a shared folder of VMware"),
];

/// Says in brackets what file system it is, if it is one of those.
#[cfg(target_os = "linux")]
fn kind_of(dir: &Path) -> String {
    let number = rustix::fs::statfs(dir).map(|found| found.f_type as u64 & 0xffff_ffff).unwrap_or_default();
    let known = SHARED.iter().find(|(kind, _)| *kind == number);
    known.map_or(String::new(), |(_, name)| format!(" (the file system is {name})"))
}

#[cfg(not(target_os = "linux"))]
fn kind_of(_dir: &Path) -> String {
    String::new()
}
