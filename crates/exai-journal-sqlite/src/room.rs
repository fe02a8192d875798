//! Room on the disk: a cap for new calls, and a file that gives up its place for the ends of old ones.
//!
//! As long as the reserve can't be made, the disk counts as full: new calls are refused, and what serves promises that were made
//! before gets what room there is.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::options::Options;
use crate::place::{Place, private};

/// Name of the reserve in the state directory.
const RESERVE: &str = "journal.reserve";

/// How long after a failure room is looked for again.
const RETRY: Duration = Duration::from_secs(1);

/// SQLite's usual size of a page; a journal has no other.
pub(crate) const PAGE_BYTES: u64 = 4096;

#[derive(Debug)]
pub(crate) struct Room {
    reserve: PathBuf,
    reserve_bytes: u64,
    pages_max: u64,
    /// Since when there was none, as far as was tried.
    tight_since: Option<Instant>,
}

impl Room {
    /// With its reserve, if there is room for it.
    pub(crate) fn new(place: &Place, options: &Options) -> Self {
        let bytes_max = options.bytes_max.saturating_add(options.turns_bytes_max);
        let mut room = Self {
            reserve: place.dir.join(RESERVE),
            reserve_bytes: options.reserve_bytes,
            pages_max: bytes_max / PAGE_BYTES,
            tight_since: None,
        };
        room.make_reserve();
        room
    }

    /// Why no new call is taken now that the journal holds so many pages.
    pub(crate) fn refusal(&self, pages: u64) -> Option<String> {
        if self.is_tight() {
            return Some("the disk is full".into());
        }
        let mib = |pages: u64| pages.saturating_mul(PAGE_BYTES) >> 20;
        (pages > self.pages_max)
            .then(|| format!("it holds {} MiB, and may hold {} MiB", mib(pages), mib(self.pages_max)))
    }

    pub(crate) fn is_tight(&self) -> bool {
        self.tight_since.is_some()
    }

    /// The disk is full: the reserve is given up, and new calls are refused from now on.
    pub(crate) fn tighten(&mut self) {
        // If it can't be removed there is no more room than before.
        let _ = std::fs::remove_file(&self.reserve);
        self.tight_since = Some(Instant::now());
    }

    /// Looks whether there is room again, not too often.
    pub(crate) fn look(&mut self) {
        if self.tight_since.is_some_and(|since| since.elapsed() >= RETRY) {
            self.make_reserve();
        }
    }

    fn make_reserve(&mut self) {
        self.tight_since = match fill(&self.reserve, self.reserve_bytes) {
            Ok(()) => None,
            Err(error) if is_out_of_room(&error) => {
                let _ = std::fs::remove_file(&self.reserve);
                Some(Instant::now())
            }
            // A reserve that can't be made for another reason is no sign of a full disk.
            Err(_) => None,
        };
    }
}

/// A file of this size that really takes its place.
fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    if bytes == 0 || std::fs::metadata(path).is_ok_and(|found| found.len() == bytes) {
        return Ok(());
    }
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
    allocate(&mut file, bytes)
}

#[cfg(target_os = "linux")]
fn allocate(file: &mut File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(&*file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP) => write_out(file, bytes),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: &mut File, bytes: u64) -> io::Result<()> {
    write_out(file, bytes)
}

fn write_out(file: &mut File, bytes: u64) -> io::Result<()> {
    let block = [0; 64 << 10];
    let mut left = bytes;
    while left > 0 {
        let some =
            block.get(..usize::try_from(left).unwrap_or(block.len()).min(block.len())).unwrap_or(&block);
        file.write_all(some)?;
        left -= some.len() as u64;
    }
    Ok(())
}

fn is_out_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Whether a write beside the journal fails for want of room. SQLite tells a full disk from other failures, but not a quota
/// that is used up.
pub(crate) fn is_used_up(place: &Place) -> bool {
    let path = place.beside("-probe");
    let tried = fill(&path, 64 << 10);
    let _ = std::fs::remove_file(&path);
    tried.is_err_and(|error| is_out_of_room(&error))
}
