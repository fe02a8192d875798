//! The thread that writes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use exai_journal::{JournalError, TurnsError};
use exai_wire::Epoch;
use rusqlite::Connection;

use crate::error::Trouble;
use crate::group::{Answer, Entry, Outcome, Statements, signed};
use crate::mailbox::{Taken, Urgency};
use crate::options::Options;
use crate::place::{Identity, Place};
use crate::store::Shared;

/// Most entries of a transaction, and most bytes: nobody waits for much more than a disk takes in a moment.
const GROUP_MAX: usize = 1024;
const GROUP_BYTES_MAX: usize = 8 << 20;

/// Writes until the store is closed.
pub(crate) fn run(conn: Connection, place: &Place, epoch: Epoch, options: &Options, shared: &Arc<Shared>) {
    let _guard = Guard(Arc::clone(shared));
    let _ = options;
    match Statements::prepare(&conn) {
        Ok(statements) => {
            let identity = Identity::at(&place.file);
            let epoch = signed(epoch.0);
            Writer { conn: &conn, statements, shared, place, identity, epoch, end: None }.work();
        }
        Err(error) => shared.fatal(&format!("the journal can't be used: {error}")),
    }
}

/// A writer that panics decides nothing any more.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fatal("the thread that writes the journal has panicked");
        }
    }
}

struct Writer<'w> {
    conn: &'w Connection,
    statements: Statements<'w>,
    shared: &'w Arc<Shared>,
    place: &'w Place,
    identity: Option<Identity>,
    epoch: i64,
    /// Why nothing is written any more.
    end: Option<JournalError>,
}

impl Writer<'_> {
    fn work(&mut self) {
        loop {
            match self.shared.mailbox.take(Duration::from_secs(60)) {
                Taken::Work(work, urgency) => {
                    let mut entries: Vec<_> = work.into_iter().map(Entry::of).collect();
                    while !entries.is_empty() {
                        let rest = entries.split_off(group_length(&entries));
                        self.group(std::mem::replace(&mut entries, rest), urgency);
                    }
                    self.shared.mailbox.decided();
                }
                Taken::Idle => {}
                Taken::Closed => break,
            }
        }
    }

    fn group(&mut self, entries: Vec<Entry>, _urgency: Urgency) {
        let outcomes = match &self.end {
            Some(end) => entries.iter().map(|_| Err(end.clone())).collect(),
            None => self.transact(&entries).unwrap_or_else(|trouble| self.troubled(&entries, trouble)),
        };
        self.tell(entries, outcomes);
    }

    /// All of it, or nothing.
    fn transact(&mut self, entries: &[Entry]) -> Result<Vec<Outcome>, Trouble> {
        if Identity::at(&self.place.file) != self.identity {
            return Err(Trouble::Unknown("its file was deleted or replaced".into()));
        }
        let written = self.statements.begin().map_err(Trouble::from).and_then(|()| self.write(entries));
        let written = written.and_then(|outcomes| {
            self.statements.commit()?;
            Ok(outcomes)
        });
        match written {
            Ok(outcomes) => {
                self.shared.groups.fetch_add(1, Ordering::Relaxed);
                Ok(outcomes)
            }
            Err(trouble) => {
                if !self.conn.is_autocommit() {
                    self.conn
                        .execute_batch("ROLLBACK")
                        .map_err(|error| Trouble::Unknown(error.to_string()))?;
                }
                Err(trouble)
            }
        }
    }

    fn write(&mut self, entries: &[Entry]) -> Result<Vec<Outcome>, Trouble> {
        if self.statements.epoch()? != self.epoch {
            return Err(Trouble::Usurped);
        }
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            outcomes.push(Ok(self.statements.write(&entry.change)?));
        }
        Ok(outcomes)
    }

    fn troubled(&mut self, entries: &[Entry], trouble: Trouble) -> Vec<Outcome> {
        if let Trouble::Unknown(why) = &trouble {
            self.shared.fatal(&format!("the journal {}: {why}", self.place.file.display()));
        }
        let ends = matches!(trouble, Trouble::Unknown(_) | Trouble::Usurped);
        let error = JournalError::from(trouble);
        if ends {
            self.end = Some(error.clone());
        }
        entries.iter().map(|_| Err(error.clone())).collect()
    }

    fn tell(&self, entries: Vec<Entry>, outcomes: Vec<Outcome>) {
        let mut decisions = Vec::with_capacity(entries.len());
        for (entry, outcome) in entries.into_iter().zip(outcomes) {
            match entry.answer {
                Answer::Ticket(ticket) => decisions.push((ticket, outcome.map(drop))),
                // Who has gone away needs no answer.
                Answer::Reply(reply) => {
                    let _ = reply.try_send(outcome.map_err(|error| TurnsError(error.to_string())));
                }
                Answer::Nobody => {}
            }
        }
        self.shared.decide(decisions);
        self.shared.wake();
    }
}

/// How many of them go into one transaction; at least one.
fn group_length(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    let fitting = entries.iter().take(GROUP_MAX).take_while(|entry| {
        let fits = bytes == 0 || bytes + entry.bytes() <= GROUP_BYTES_MAX;
        bytes += entry.bytes();
        fits
    });
    fitting.count().max(1)
}
