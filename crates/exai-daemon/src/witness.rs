//! How a running call speaks to the io thread: it asks for attempts, tells how it is getting on, and hands over the text of
//! its answer as it comes, for the journal.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use exai_provider::{BoxFuture, Denied, Gate, Observer};
use exai_wire::CallId;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::work::Report;

/// How long a call's first note waits for a newer one. Nobody misses what would be on a screen for less; and most answers
/// that need no more have come by then, without the frames and wake-ups of a note.
const FIRST_NOTE: Duration = Duration::from_millis(200);

/// Shortest time between two notes of a call.
const NOTES_APART: Duration = Duration::from_secs(1);

/// Longest note, in characters: one line of a host's display.
const NOTE_CHARS: usize = 120;

/// Text is handed over when so much of it has come, or after this time: what a crash may cost.
const PIECE_BYTES: usize = 4 << 10;
const PIECE_EVERY: Duration = Duration::from_millis(500);

/// Text of an answer.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Which call.
    pub(crate) call_id: CallId,
    /// Which attempt.
    pub(crate) attempt: u32,
    /// Bytes of the answer before this piece.
    pub(crate) offset: u64,
    /// The piece.
    pub(crate) text: String,
}

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
        continues: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let (provider, model) = (provider.to_owned(), model.to_owned());
            let question =
                Report::Attempt { call_id: self.call_id, unused, provider, model, continues, reply };
            self.report.send(question).await.map_err(|_| Denied::Draining)?;
            answer.await.unwrap_or(Err(Denied::Over))
        })
    }

    fn failed(&self) {
        // Where there is no room, the attempt counts as one that ran: a drain that breaks it off leaves one more.
        let _ = self.report.try_send(Report::Failed(self.call_id));
    }

    fn cost_nothing(&self) {
        // Where there is no room, the next attempt says so, or it counts if the daemon dies before.
        let _ = self.report.try_send(Report::CostNothing(self.call_id));
    }
}

/// Keeps the newest note, and passes it on when the last one is old enough; gathers text, and passes it on in pieces. What
/// was gathered when the call is broken off goes out with it.
#[derive(Debug)]
pub(crate) struct Witness {
    call_id: CallId,
    newest: Mutex<Option<String>>,
    wake: Notify,
    out: mpsc::Sender<(CallId, String)>,
    gathered: Mutex<Option<Piece>>,
    /// Text has begun to gather; enough of it has.
    some: Notify,
    enough: Notify,
    texts: mpsc::Sender<Piece>,
}

impl Witness {
    /// For one call.
    pub(crate) fn new(
        call_id: CallId,
        out: mpsc::Sender<(CallId, String)>,
        texts: mpsc::Sender<Piece>,
    ) -> Self {
        let (newest, gathered) = (Mutex::new(None), Mutex::new(None));
        let (wake, some, enough) = (Notify::new(), Notify::new(), Notify::new());
        Self { call_id, newest, wake, out, gathered, some, enough, texts }
    }

    /// Passes notes and texts on for as long as it is polled.
    pub(crate) async fn forward(&self) -> Infallible {
        tokio::select! {
            never = self.forward_notes() => never,
            never = self.forward_texts() => never,
        }
    }

    async fn forward_notes(&self) -> Infallible {
        self.wake.notified().await;
        tokio::time::sleep(FIRST_NOTE).await;
        self.wake.notify_one();
        loop {
            self.wake.notified().await;
            let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(text) = newest {
                // A full channel means thousands of calls; this note is not missed.
                let _ = self.out.try_send((self.call_id, text));
                tokio::time::sleep(NOTES_APART).await;
            }
        }
    }

    async fn forward_texts(&self) -> Infallible {
        loop {
            self.some.notified().await;
            tokio::select! {
                () = tokio::time::sleep(PIECE_EVERY) => {}
                () = self.enough.notified() => {}
            }
            // Room first: what is gathered meanwhile goes with it, and nothing is lost if this is left.
            if let Ok(room) = self.texts.reserve().await
                && let Some(piece) = self.take_text()
            {
                room.send(piece);
            }
        }
    }

    /// What is gathered and not passed on yet.
    pub(crate) fn take_text(&self) -> Option<Piece> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(piece) = self.take_text() {
            let _ = self.texts.try_send(piece);
        }
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

    fn partial(&self, attempt: u32, offset: usize, text: &str) {
        let offset = offset as u64;
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *gathered {
            Some(piece) if piece.attempt == attempt && piece.offset + piece.text.len() as u64 == offset => {
                piece.text.push_str(text);
                if piece.text.len() >= PIECE_BYTES {
                    self.enough.notify_one();
                }
            }
            // Another attempt has begun, or this one anew: what the last one had brought is told before.
            other => {
                if let Some(piece) =
                    other.replace(Piece { call_id: self.call_id, attempt, offset, text: text.to_owned() })
                {
                    let _ = self.texts.try_send(piece);
                }
                self.some.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests;
