use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use exai_wire::{End, Outcome};
use serde_json::value::RawValue;

use super::*;

const FILE: &str = "/state/journal.db";

fn end(call_id: CallId) -> Row {
    let end = End { attempts: 1, outcome: Outcome::Ok, at_ms: 1, spent: None };
    let body = RawValue::from_string("{}".into()).unwrap();
    let exai_journal::Written::Row(row, _) =
        exai_journal::Written::of(Record::Done { call_id, end, body, turn: None })
    else {
        panic!("a row")
    };
    row
}

/// What is said of what is odd, and of what is fatal.
fn shared() -> (Arc<Shared>, Receiver<String>, Receiver<String>) {
    let ((tell, odd), (cry, fatal)) = (sync_channel(9), sync_channel(9));
    let tell = move |what: &str| tell.send(what.to_owned()).unwrap();
    let cry = move |why: &str| cry.send(why.to_owned()).unwrap();
    (Arc::new(Shared::new(|| {}, tell, cry)), odd, fatal)
}

fn error(code: std::ffi::c_int) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

#[test]
fn what_passes_is_waited_for_and_the_answer_is_read() {
    for code in [ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED, ffi::SQLITE_CANTOPEN, ffi::SQLITE_NOMEM] {
        let (shared, odd, fatal) = shared();
        let (call_id, tries) = (CallId::from_bytes([1; 16]), Cell::new(0));
        shared.desk.ask(call_id);
        answer(&shared, Path::new(FILE), |asked| {
            tries.set(tries.get() + 1);
            if tries.get() < 3 {
                return Err(error(code));
            }
            shared.desk.close();
            Ok(Some(end(asked)))
        });
        assert!(matches!(shared.desk.take(), Some((of, Some(_))) if of == call_id), "{code}");
        let said: Vec<_> = odd.try_iter().collect();
        assert!(said.len() == 1 && said[0].contains("can't be read now"), "once: {said:?}");
        assert!(fatal.try_recv().is_err());
    }
}

#[test]
fn of_what_was_not_read_nothing_is_said() {
    for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_IOERR_READ, ffi::SQLITE_NOTADB] {
        let (shared, _odd, fatal) = shared();
        shared.desk.ask(CallId::from_bytes([1; 16]));
        answer(&shared, Path::new(FILE), |_| Err(error(code)));
        assert!(fatal.try_recv().unwrap().contains("can't be read"), "{code}");
        assert!(shared.desk.take().is_none());
    }
}

#[test]
fn an_end_of_the_store_ends_the_waiting() {
    let (shared, _odd, fatal) = shared();
    shared.desk.ask(CallId::from_bytes([1; 16]));
    answer(&shared, Path::new(FILE), |_| {
        shared.desk.close();
        Err(error(ffi::SQLITE_BUSY))
    });
    assert!(shared.desk.take().is_none() && fatal.try_recv().is_err());
}
