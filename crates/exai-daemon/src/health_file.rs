//! The health file. The io thread only swaps a string into a mailbox; a thread of its own writes, so that a hung
//! disk costs old news and nothing else.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::atomic_file::{self, Readers};
use crate::event::Event;
use crate::keeper::{Hold, Keeper};

/// How long the end of the daemon waits for the last write.
const LAST_WRITE: Duration = Duration::from_millis(300);

/// What is to be written next; the newest wins.
#[derive(Debug, Default)]
struct Mail {
    text: Option<String>,
    /// What else the thread is to look after from now on, and whom to tell when it can't.
    keeper: Option<(Keeper, mpsc::Sender<Event>)>,
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

    fn keeper(&self) -> Option<(Keeper, mpsc::Sender<Event>)> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner).keeper.take()
    }
}

/// The writer; dropping it waits a moment for what was published last.
#[derive(Debug)]
pub(crate) struct HealthFile {
    mailbox: Arc<Mailbox>,
    _thread: JoinHandle<()>,
}

impl HealthFile {
    /// Starts the thread that writes `path`, if there is one, and makes its directory.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(crate) fn start(path: Option<PathBuf>) -> io::Result<Self> {
        let mailbox = Arc::new(Mailbox::default());
        let letters = Arc::clone(&mailbox);
        let writer = std::thread::Builder::new().name("exai-health".to_owned());
        let thread = writer.spawn(move || write_all(path.as_deref(), &letters))?;
        Ok(Self { mailbox, _thread: thread })
    }

    /// Has this text written; it replaces one that is not written yet. Never waits for the disk.
    pub(crate) fn publish(&self, text: String) {
        self.mailbox.put(|mail| mail.text = Some(text));
    }

    /// Has the state directory looked after too, each time before the file is written; `lost` is told once if another
    /// daemon has it, and nothing is written any more then.
    pub(crate) fn keep(&self, keeper: Keeper, lost: mpsc::Sender<Event>) {
        self.mailbox.put(|mail| mail.keeper = Some((keeper, lost)));
    }
}

impl Drop for HealthFile {
    fn drop(&mut self) {
        self.mailbox.put(|mail| mail.last = true);
        let mail = self.mailbox.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.mailbox.changed.wait_timeout_while(mail, LAST_WRITE, |mail| !mail.gone);
    }
}

fn write_all(path: Option<&Path>, mailbox: &Mailbox) {
    let mut failing = false;
    let mut kept = None;
    while let Some(text) = next(mailbox) {
        kept = mailbox.keeper().or(kept);
        if let Some((keeper, lost)) = &mut kept
            && keeper.check() == Hold::Lost
        {
            let _ = lost.blocking_send(Event::Usurped);
            break;
        }
        let Some(path) = path else { continue };
        match write(path, &text) {
            Ok(()) => failing = false,
            // Said once per trouble: it is written every 2 s.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(path = %path.display(), %error, "can't write the health file; working on without");
            }
            Err(_) => {}
        }
    }
    // What was kept is let go before anybody may take this thread for gone.
    drop(kept);
    mailbox.put(|mail| mail.gone = true);
}

/// Writes the file, and makes its directory if that is not there.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let write = || atomic_file::write(path, text.as_bytes(), Readers::Anyone);
    match (write(), path.parent()) {
        (Err(error), Some(directory)) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(directory)?;
            write()
        }
        (written, _) => written,
    }
}

fn next(mailbox: &Mailbox) -> Option<String> {
    let mail = mailbox.mail.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = mailbox.changed.wait_while(mail, |mail| mail.text.is_none() && !mail.last);
    waited.unwrap_or_else(PoisonError::into_inner).text.take()
}

#[cfg(test)]
mod tests;
