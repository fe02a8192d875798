use std::sync::Arc;

use exai_journal::{ModelDisk, ModelStore, Pace, Store as _};
use exai_session::CallState;
use exai_wire::{
    Asked, Attempt, CallId, Class, ConversationKey, End, Fingerprint, JournalId, Outcome, Record, SessionId,
    Spent, Turn, TurnPlace,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{LookupError, Shelf, calls, digits, only};

fn id(n: u8) -> CallId {
    CallId::from_bytes([n; 16])
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn accepted(n: u8) -> Record {
    let asked = Asked {
        session: SessionId::from_bytes([1; 16]),
        fingerprint: Fingerprint::from_bytes([n; 16]),
        adopt_key: None,
        adopts: None,
        method: "tools/call".to_owned(),
        tool: "chat".to_owned(),
        class: Class::Metered,
        at_ms: 1000 + u64::from(n),
        remaining_ms: 60_000,
        attempts_before: 0,
        params: raw(&json!({"name": "chat"})),
    };
    Record::Accepted { call_id: id(n), asked }
}

fn started(n: u8, attempt: u32) -> Record {
    let (provider, model) = ("glm".to_owned(), "m1".to_owned());
    Record::Started {
        call_id: id(n),
        attempt: Attempt { n: attempt, provider, model, continues: 0, at_ms: 2000 },
    }
}

fn done(n: u8, turn: Option<Turn>) -> Record {
    let spent = Spent { input: 10, cached: 0, output: 2, nano_usd: Some(2_500_000), whole: true };
    let end = End { attempts: 1, outcome: Outcome::Ok, at_ms: 3000, spent: Some(spent) };
    let body = raw(&json!({"content": [{"type": "text", "text": "an answer"}]}));
    Record::Done { call_id: id(n), end, body, turn }
}

fn shelf(records: Vec<Record>) -> Shelf {
    let disk = Arc::new(ModelDisk::default());
    let mut store = ModelStore::open(JournalId::from_bytes([9; 16]), &disk, Pace::AtOnce);
    for (ticket, record) in (0..).zip(records) {
        store.submit(ticket, record);
    }
    Shelf { archive: Arc::clone(&disk) as _, turns: disk }
}

fn kept(shelf: &Shelf) -> Vec<exai_wire::Kept> {
    calls::fold(shelf.archive.heads().unwrap())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_id_is_meant_by_six_of_its_digits_or_more() {
    assert_eq!(digits("ABCDEF").unwrap(), "abcdef");
    assert_eq!(digits(" 01234567-89ab-cdef-0123-456789abcdef ").unwrap().len(), 32);
    for text in ["", "abcde", "ghijkl", "0123456789abcdef0123456789abcdef0", "..%2f..%2f"] {
        assert_eq!(digits(text), Err(LookupError::Malformed), "{text}");
    }
    assert_eq!(only("call", "abcdef", [1]), Ok(1));
    assert!(only("call", "abcdef", Vec::<u8>::new()).unwrap_err().to_string().starts_with("no call is kept"));
    assert!(only("call", "abcdef", [1, 2]).unwrap_err().to_string().contains("more of its digits"));
}

#[test]
fn the_calls_of_a_journal_stand_where_its_records_leave_them_the_newest_first() {
    let buried = Record::Buried { call_id: id(4), at_ms: 4000 };
    let shelf = shelf(vec![
        accepted(1),
        started(1, 1),
        accepted(2),
        done(2, None),
        accepted(3),
        done(3, None),
        Record::Acked { call_id: id(3), at_ms: 3500 },
        accepted(4),
        done(4, None),
        buried,
    ]);
    let list = parsed(&calls::list_kept(kept(&shelf), |_| true));
    let stand = |n: usize| (list["calls"][n]["state"].clone(), list["calls"][n]["outcome"].clone());
    assert_eq!(stand(0), (json!("buried"), Value::Null));
    assert_eq!(stand(1), (json!("delivered"), json!("ok")));
    assert_eq!(stand(2), (json!("kept"), json!("ok")));
    assert_eq!(stand(3), (json!("parked"), Value::Null));
    assert_eq!(list["calls"][3]["attempts"], 1);
    assert_eq!(list["calls"][2]["spent"]["usd"], 0.0025);
    let parked = parsed(&calls::list_kept(kept(&shelf), |state| state == CallState::Parked));
    assert_eq!((parked["calls"].as_array().unwrap().len(), &parked["left_out"]), (1, &json!(0)));
}

#[test]
fn a_call_is_told_with_its_attempts_and_what_there_is_of_its_answer() {
    let partial = Record::Partial { call_id: id(1), attempt: 1, offset: 0, text: "half".to_owned() };
    let shelf = shelf(vec![
        accepted(1),
        started(1, 1),
        partial,
        Record::Cut { call_id: id(1), attempt: 1 },
        accepted(2),
        started(2, 1),
        done(2, None),
    ]);
    let of = |n: u8| {
        let digits: String = id(n).to_string().chars().take(6).collect();
        parsed(&calls::kept_call(&*shelf.archive, &digits, kept(&shelf)).unwrap())
    };
    let broken_off = of(1);
    assert_eq!((&broken_off["partial_bytes"], &broken_off["result"]), (&json!(4), &Value::Null));
    assert_eq!(broken_off["attempts"][0]["cut"], true);
    let ended = of(2);
    assert_eq!(ended["result"]["content"][0]["text"], "an answer");
    assert_eq!((&ended["attempts"][0]["model"], &ended["partial_bytes"]), (&json!("m1"), &Value::Null));
}

#[test]
fn a_conversation_is_told_page_by_page_and_deleted_by_the_digits_of_its_id() {
    let conversation = ConversationKey::from_bytes([7; 16]);
    let long = "x".repeat(3 << 20);
    let turn = |n: u8| Turn {
        conversation,
        place: TurnPlace::First,
        body: raw(&json!({"prompt": n, "answer": long})),
    };
    let shelf = shelf((1..=3).flat_map(|n| [accepted(n), done(n, Some(turn(n)))]).collect());
    let list = parsed(&shelf.conversations().unwrap());
    assert_eq!((&list["conversations"][0]["turns"], &list["left_out"]), (&json!(3), &json!(0)));

    let (mut from, mut seen, mut pages) = (Some(0), Vec::new(), 0);
    while let Some(seq) = from {
        let page = parsed(&shelf.conversation("070707", seq).unwrap());
        let prompts = page["turns"].as_array().unwrap().iter().map(|turn| turn["exchange"]["prompt"].clone());
        seen.extend(prompts);
        from = page["next"].as_u64();
        pages += 1;
    }
    assert_eq!((seen, pages), (vec![json!(1), json!(2), json!(3)], 3));

    let deleted = parsed(&shelf.delete_conversation("0707070").unwrap());
    assert_eq!((&deleted["id"], &deleted["turns"]), (&json!(conversation.to_string()), &json!(3)));
    assert!(matches!(shelf.delete_conversation("070707"), Err(LookupError::Unknown { .. })));
    assert!(matches!(shelf.conversation("070707", 0), Err(LookupError::Unknown { .. })));
}
