//! The health file. The io thread only swaps a string into a mailbox; a thread of its own writes, so that a hung
//! disk costs old news and nothing else.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::atomic_file::{self, Readers};

/// How long the end of the daemon waits for the last write.
const LAST_WRITE: Duration = Duration::from_millis(300);

/// What is to be written next; the newest wins.
#[derive(Debug, Default)]
struct Mail {
    text: Option<String>,
    /// Somebody has said that nothing more comes.
    last: bool,
    /// The thread has gone.
    gone: bool,
}

#[derive(Debug, Default)]
struct Mailbox {
    mail: Mutex<Mail>,
    changed: Condvar,
}

impl Mailbox {
    fn put(&self, change: impl FnOnce(&mut Mail)) {
        change(&mut self.mail.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

/// The writer; dropping it waits a moment for what was published last.
#[derive(Debug)]
pub(crate) struct HealthFile {
    mailbox: Arc<Mailbox>,
    _thread: JoinHandle<()>,
}

impl HealthFile {
    /// Starts the thread that writes `path`, and makes its directory.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start(path: PathBuf) -> std::io::Result<Self> {
        let mailbox = Arc::new(Mailbox::default());
        let letters = Arc::clone(&mailbox);
        let writer = std::thread::Builder::new().name("exai-health".to_owned());
        let thread = writer.spawn(move || write_all(&path, &letters))?;
        Ok(Self { mailbox, _thread: thread })
    }

    /// Has this text written; it replaces one that is not written yet. Never waits for the disk.
    pub(crate) fn publish(&self, text: String) {
        self.mailbox.put(|mail| mail.text = Some(text));
    }
}

impl Drop for HealthFile {
    fn drop(&mut self) {
        self.mailbox.put(|mail| mail.last = true);
        let mail = self.mailbox.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.mailbox.changed.wait_timeout_while(mail, LAST_WRITE, |mail| !mail.gone);
    }
}

fn write_all(path: &std::path::Path, mailbox: &Mailbox) {
    let mut failing = false;
    if let Some(directory) = path.parent() {
        let _ = std::fs::create_dir_all(directory);
    }
    while let Some(text) = next(mailbox) {
        match atomic_file::write(path, text.as_bytes(), Readers::Anyone) {
            Ok(()) => failing = false,
            // Said once per trouble: it is written every 2 s.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(path = %path.display(), %error, "can't write the health file; working on without");
            }
            Err(_) => {}
        }
    }
    mailbox.put(|mail| mail.gone = true);
}

fn next(mailbox: &Mailbox) -> Option<String> {
    let mail = mailbox.mail.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = mailbox.changed.wait_while(mail, |mail| mail.text.is_none() && !mail.last);
    waited.unwrap_or_else(PoisonError::into_inner).text.take()
}

#[cfg(test)]
mod tests;
