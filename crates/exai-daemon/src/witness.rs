//! How a running call speaks to the io thread: it asks for attempts, and tells how it is getting on.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use exai_provider::{BoxFuture, Denied, Gate, Observer};
use exai_wire::CallId;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::work::Report;

/// Shortest time between two notes of a call.
const NOTES_APART: Duration = Duration::from_secs(1);

/// Longest note, in characters: one line of a host's display.
const NOTE_CHARS: usize = 120;

/// Asks the io thread for attempts, which asks the journal.
#[derive(Debug)]
pub(crate) struct Asker {
    call_id: CallId,
    report: mpsc::Sender<Report>,
}

impl Asker {
    /// For one call.
    pub(crate) fn new(call_id: CallId, report: mpsc::Sender<Report>) -> Self {
        Self { call_id, report }
    }
}

impl Gate for Asker {
    fn begin<'a>(
        &'a self,
        unused: Option<u32>,
        provider: &'a str,
        model: &'a str,
        _continues: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let (provider, model) = (provider.to_owned(), model.to_owned());
            let question = Report::Attempt { call_id: self.call_id, unused, provider, model, reply };
            self.report.send(question).await.map_err(|_| Denied::Draining)?;
            answer.await.unwrap_or(Err(Denied::Over))
        })
    }
}

/// Keeps the newest note, and passes it on when the last one is old enough.
#[derive(Debug)]
pub(crate) struct Witness {
    call_id: CallId,
    newest: Mutex<Option<String>>,
    wake: Notify,
    out: mpsc::Sender<(CallId, String)>,
}

impl Witness {
    /// For one call.
    pub(crate) fn new(call_id: CallId, out: mpsc::Sender<(CallId, String)>) -> Self {
        Self { call_id, newest: Mutex::new(None), wake: Notify::new(), out }
    }

    /// Passes notes on for as long as it is polled.
    pub(crate) async fn forward(&self) -> Infallible {
        loop {
            self.wake.notified().await;
            if let Some(text) = self.take() {
                // A full channel means thousands of calls; this note is not missed.
                let _ = self.out.try_send((self.call_id, text));
                tokio::time::sleep(NOTES_APART).await;
            }
        }
    }

    fn take(&self) -> Option<String> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Observer for Witness {
    fn note(&self, text: String) {
        let text = match text.char_indices().nth(NOTE_CHARS) {
            Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
            None => text,
        };
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        self.wake.notify_one();
    }
}
