use exai_wire::{CallId, Epoch, JournalId, KeptFrame, Outcome, Record};
use serde_json::value::RawValue;

use super::*;

const ID: JournalId = JournalId::from_bytes([1; 16]);

fn done(n: u8) -> Record {
    let body = RawValue::from_string(format!("{{\"n\":{n}}}")).unwrap();
    Record::Done { call_id: CallId::from_bytes([n; 16]), attempt: 1, outcome: Outcome::Ok, body }
}

#[test]
fn a_record_that_is_kept_comes_back_as_its_own_frame_in_order() {
    let mut journal = Journal::new(ModelStore::new(ID));
    assert_eq!(journal.identity(), (ID, Epoch(1)));
    journal.submit(7, done(7));
    journal.submit(8, Record::Acked { call_id: CallId::from_bytes([8; 16]) });
    let first = journal.poll_committed().unwrap();
    let Ok(Some(sealed)) = first.result else { panic!("a sealed frame") };
    let KeptFrame::Result(result) = sealed.as_ref() else { panic!("a result") };
    assert_eq!((first.ticket, result.body.get()), (7, "{\"n\":7}"));
    let second = journal.poll_committed().unwrap();
    assert!(matches!((second.ticket, second.result), (8, Ok(None))), "an ack speaks to nobody");
    assert!(journal.poll_committed().is_none());
}

#[test]
fn nothing_is_sealed_that_the_store_refused() {
    let mut journal = Journal::new(ModelStore::new(ID));
    journal.store_mut().fail_with(Some(JournalError::Full));
    journal.submit(1, done(1));
    journal.store_mut().fail_with(None);
    journal.submit(2, done(2));
    let results: Vec<_> = std::iter::from_fn(|| journal.poll_committed()).collect();
    assert!(matches!(results[0].result, Err(JournalError::Full)));
    assert!(matches!(results[1].result, Ok(Some(_))), "the ticket's own frame, not the refused one's");
}
