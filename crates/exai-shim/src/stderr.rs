//! A few lines on stderr, and never a wait for them.
//!
//! Some hosts pipe stderr and never read it; whoever blocks on it is lost. So a line is written only when the
//! descriptor takes it at once, there are few of them, and everything else goes to the log file.

/// Lines over the life of the process.
#[cfg(unix)]
const LINES_MAX: u8 = 5;

/// Longest line in bytes: what a pipe takes whole once it is writable (PIPE_BUF is at least 512 by POSIX).
#[cfg(unix)]
const LINE_BYTES_MAX: usize = 512;

/// Writes a line if that can be done at once; drops it otherwise.
#[cfg(unix)]
pub(crate) fn line(text: &str) {
    use std::sync::atomic::{AtomicU8, Ordering};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    static WRITTEN: AtomicU8 = AtomicU8::new(0);
    if WRITTEN.fetch_add(1, Ordering::Relaxed) >= LINES_MAX {
        WRITTEN.store(LINES_MAX, Ordering::Relaxed);
        return;
    }
    let stderr = std::io::stderr();
    let mut ready = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let takes = poll(&mut ready, Some(&at_once)).is_ok_and(|count| count > 0);
    if takes && ready.iter().all(|fd| fd.revents() == PollFlags::OUT) {
        let mut line: Vec<u8> = text.bytes().filter(|&byte| byte != b'\n').take(LINE_BYTES_MAX - 1).collect();
        line.push(b'\n');
        let _ = std::io::Write::write(&mut stderr.lock(), &line);
    }
}

/// There is no way to ask first on this system, so nothing is written.
#[cfg(not(unix))]
pub(crate) fn line(_text: &str) {}
