//! The thread that writes.

use std::path::PathBuf;
use std::time::Duration;

use exai_journal::{JournalError, TurnsError};
use exai_wire::Epoch;
use rusqlite::Connection;

use crate::error::Trouble;
use crate::group::{Answer, Change, Entry, Outcome, Statements, signed};
use crate::housekeeping::Housekeeping;
use crate::mailbox::{Taken, Urgency};
use crate::options::Options;
use crate::place::{Files, Place};
use crate::room::{self, Room};
use crate::store::Shared;

/// Most entries of a transaction, and most bytes: nobody waits for much more than a disk takes in a moment.
const GROUP_MAX: usize = 1024;
const GROUP_BYTES_MAX: usize = 8 << 20;

/// Without work for so long, there is time to tidy up, or to look for room.
const IDLE: Duration = Duration::from_millis(250);
/// Transactions in a row that end without a sync of their own. After a power cut any of the last ones may be missing in the
/// log; so many more that are whole behind one that is not can't be explained by that.
pub(crate) const UNSYNCED_MAX: u32 = 8;

/// Nothing is to be done at all.
const ASLEEP: Duration = Duration::from_secs(3600);

/// Writes until the store is closed.
pub(crate) fn run(conn: &Connection, place: &Place, epoch: Epoch, options: &Options, shared: &Shared) {
    let tools = Statements::prepare(conn)
        .and_then(|statements| Ok((statements, Housekeeping::new(conn, options.turns_bytes_max)?)));
    let (statements, housekeeping) = match tools {
        Ok(tools) => tools,
        Err(error) => return shared.fatal(&format!("the journal can't be used: {error}")),
    };
    let mut writer = Writer {
        conn,
        statements,
        shared,
        place,
        files: Files::of(place),
        log: place.beside("-wal"),
        epoch: signed(epoch.0),
        room: Room::new(place, options),
        housekeeping,
        pace: Urgency::Urgent,
        unsynced: 0,
        end: None,
    };
    writer.work();
    writer.close();
}

struct Writer<'w> {
    conn: &'w Connection,
    statements: Statements<'w>,
    shared: &'w Shared,
    place: &'w Place,
    /// The files that are written to, as they were last.
    files: Files,
    log: PathBuf,
    epoch: i64,
    room: Room,
    housekeeping: Housekeeping<'w>,
    /// How commits are synced.
    pace: Urgency,
    /// Since the last sync.
    unsynced: u32,
    /// Why nothing is written any more.
    end: Option<JournalError>,
}

impl Writer<'_> {
    fn work(&mut self) {
        loop {
            let is_restless = self.end.is_none() && (self.housekeeping.is_due() || self.room.is_tight());
            match self.shared.mailbox.take(if is_restless { IDLE } else { ASLEEP }) {
                Taken::Work(work, urgency) => {
                    let mut entries: Vec<_> = work.into_iter().map(Entry::of).collect();
                    while !entries.is_empty() {
                        let rest = entries.split_off(group_length(&entries));
                        self.group(std::mem::replace(&mut entries, rest), urgency);
                    }
                    self.shared.mailbox.decided();
                }
                Taken::Idle => self.tidy(),
                Taken::Closed => break,
            }
        }
    }

    fn group(&mut self, entries: Vec<Entry>, urgency: Urgency) {
        self.room.look();
        let outcomes = match &self.end {
            Some(end) => refuse(&entries, end),
            None => self.decide(&entries, urgency),
        };
        let has_turns = entries.iter().any(|entry| matches!(&entry.change, Change::Add(_, Some(_))));
        self.tell(entries, outcomes);
        // Whoever waited has been told.
        if self.end.is_none() {
            let noted = self.housekeeping.note(has_turns);
            self.unless_fatal(noted);
        }
        if self.housekeeping.is_overdue() {
            self.tidy();
        }
    }

    fn decide(&mut self, entries: &[Entry], urgency: Urgency) -> Vec<Outcome> {
        let written = self.set_pace(urgency).and_then(|()| self.transact(entries));
        match written {
            Ok(outcomes) => outcomes,
            Err(Trouble::Full(_)) => self.without_room(entries),
            Err(trouble) => refuse(entries, &self.troubled(trouble)),
        }
    }

    /// What nobody waits for needs no sync of its own: the next one brings it to the disk.
    fn set_pace(&mut self, urgency: Urgency) -> Result<(), Trouble> {
        let urgency = if self.unsynced < UNSYNCED_MAX { urgency } else { Urgency::Urgent };
        if self.pace != urgency {
            self.conn.execute_batch(match urgency {
                Urgency::Urgent => "PRAGMA synchronous = FULL",
                Urgency::Lazy => "PRAGMA synchronous = NORMAL",
            })?;
            self.pace = urgency;
        }
        Ok(())
    }

    /// With what the reserve gave up; all together, or else each by itself, so that none fails for its neighbours.
    fn without_room(&mut self, entries: &[Entry]) -> Vec<Outcome> {
        self.room.tighten();
        // Its log can be written over once its contents are in their places.
        let emptied = self.housekeeping.empty_log();
        self.unless_fatal(emptied);
        if let Some(end) = &self.end {
            return refuse(entries, end);
        }
        match self.transact(entries) {
            Ok(outcomes) => outcomes,
            Err(Trouble::Full(_)) => entries.iter().map(|entry| self.alone(entry)).collect(),
            Err(trouble) => refuse(entries, &self.troubled(trouble)),
        }
    }

    fn alone(&mut self, entry: &Entry) -> Outcome {
        if let Some(end) = &self.end {
            return Err(end.clone());
        }
        match self.transact(std::slice::from_ref(entry)) {
            Ok(outcomes) => outcomes.into_iter().next().unwrap_or(Ok(true)),
            Err(trouble) => Err(self.troubled(trouble)),
        }
    }

    /// All of it, or nothing.
    fn transact(&mut self, entries: &[Entry]) -> Result<Vec<Outcome>, Trouble> {
        self.look()?;
        let begun = self.statements.begin().map_err(Trouble::from);
        let written = begun.and_then(|()| self.write(entries)).and_then(|outcomes| {
            self.statements.commit()?;
            self.unsynced = if self.pace == Urgency::Lazy { self.unsynced + 1 } else { 0 };
            Ok(outcomes)
        });
        match written {
            Ok(outcomes) => Ok(outcomes),
            Err(trouble) => {
                if !self.conn.is_autocommit() {
                    self.conn
                        .execute_batch("ROLLBACK")
                        .map_err(|error| Trouble::Unknown(error.to_string()))?;
                }
                match trouble {
                    Trouble::Unwritten(why) if room::is_used_up(self.place) => Err(Trouble::Full(why)),
                    trouble => Err(trouble),
                }
            }
        }
    }

    /// Whether the files are still those that are written to, and hold what was.
    fn look(&mut self) -> Result<(), Trouble> {
        let files = Files::of(self.place);
        if files.identities != self.files.identities {
            return Err(Trouble::Unknown("its file or the log beside it was deleted or replaced".into()));
        }
        if self.housekeeping.is_cut(&self.log, files.log_bytes)? {
            return Err(Trouble::Unknown("the log beside its file was cut".into()));
        }
        // Pages that were given back make it shorter, and then all others are in it.
        let is_shorter = files.file_bytes < self.files.file_bytes;
        if is_shorter && self.statements.bytes().is_ok_and(|bytes| files.file_bytes < bytes) {
            return Err(Trouble::Unknown("its file was cut".into()));
        }
        self.files = files;
        Ok(())
    }

    fn write(&mut self, entries: &[Entry]) -> Result<Vec<Outcome>, Trouble> {
        if self.statements.epoch()? != self.epoch {
            return Err(Trouble::Usurped);
        }
        let refusal = match entries.iter().any(Entry::is_new_call) {
            true => self.room.refusal(self.statements.pages()?),
            false => None,
        };
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries {
            outcomes.push(match &refusal {
                Some(why) if entry.is_new_call() => Err(JournalError::Full(why.clone())),
                _ => match self.statements.write(self.conn, &entry.change)? {
                    false if entry.is_start() => Err(JournalError::Unfounded),
                    found => Ok(found),
                },
            });
        }
        Ok(outcomes)
    }

    /// What whoever waits is told. From some troubles there is no way back.
    fn troubled(&mut self, trouble: Trouble) -> JournalError {
        if let Trouble::Unknown(why) | Trouble::Unwritten(why) = &trouble {
            self.shared.fatal(&format!("the journal {} can't be written: {why}", self.place.file.display()));
        }
        let is_final = matches!(trouble, Trouble::Unknown(_) | Trouble::Unwritten(_) | Trouble::Usurped);
        let error = JournalError::from(trouble);
        if is_final {
            self.end = Some(error.clone());
        }
        error
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
        if !decisions.is_empty() {
            self.shared.decide(decisions);
            self.shared.wake();
        }
    }

    /// Nobody waits now.
    fn tidy(&mut self) {
        self.room.look();
        if self.end.is_some() {
            return;
        }
        let chores = self.housekeeping.chores();
        if !chores.is_empty() {
            let done = self.set_pace(Urgency::Lazy).and_then(|()| self.transact(&chores));
            self.unless_fatal(done);
        }
        if self.end.is_none() {
            let tidied = self.housekeeping.tidy();
            self.unless_fatal(tidied);
        }
    }

    /// What nobody waits for can fail, and be tried another time, unless it says that there will be none.
    fn unless_fatal<T>(&mut self, result: Result<T, Trouble>) {
        match result {
            Ok(_) | Err(Trouble::Full(_) | Trouble::Refused(_)) => {}
            Err(trouble) => drop(self.troubled(trouble)),
        }
    }

    /// The next start finds an empty log, and sees by it that this one ended well.
    fn close(&mut self) {
        if self.end.is_none() && self.statements.epoch().is_ok_and(|epoch| epoch == self.epoch) {
            let ended = self.housekeeping.end_log();
            self.unless_fatal(ended);
        } else {
            // The file is another's by now, or in a state that nobody knows: the last one to close it touches nothing.
            let setting = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = self.conn.set_db_config(setting, true);
        }
    }
}

fn refuse(entries: &[Entry], error: &JournalError) -> Vec<Outcome> {
    entries.iter().map(|_| Err(error.clone())).collect()
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
