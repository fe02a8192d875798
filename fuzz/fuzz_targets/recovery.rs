//! The recovery fold: rows of any journal, whole or damaged, give the calls that a naive reading of them gives.

#![no_main]

use std::cmp::Reverse;

use exai_journal::{Kind, Recovery, Row, Written};
use exai_wire::{
    Asked, Attempt, CallId, Class, End, Ended, Fingerprint, Kept, Outcome, Partial, Record, Seam, SessionId,
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut rows = Vec::new();
    while let Some(op) = input.byte() {
        rows.push(input.row(op));
    }
    let calls = fold(&rows);
    assert_eq!(naive(&rows), calls);
    assert_eq!(fold(&rows), calls, "the same rows give the same calls");
});

/// The calls as text, which is what can be compared.
fn fold(rows: &[Row]) -> Vec<String> {
    let mut recovery = Recovery::default();
    for row in rows {
        let understood = recovery.read(row.clone());
        assert_eq!(understood.is_ok(), row.clone().record().is_ok(), "{row:?}");
    }
    recovery.finish().iter().map(told).collect()
}

fn told(call: &Kept) -> String {
    let before = call.asked.as_ref().map_or(0, |asked| asked.attempts_before);
    let numbers: Vec<u32> = call.attempts.iter().map(|attempt| attempt.n).collect();
    let most = numbers.iter().copied().fold(before, u32::max);
    assert_eq!(call.attempts_numbered(), most);
    let paid = numbers.iter().copied().filter(|n| Some(*n) != call.unused).fold(before, u32::max);
    assert_eq!(call.attempts_made(), paid);
    assert!(call.ended.is_none() || call.partial.is_none(), "nobody goes on from what has ended");
    format!("{} {call:?}", call.call_id)
}

/// Each call read by itself, from the first row to the last, as the words of the protocol say it.
fn naive(rows: &[Row]) -> Vec<String> {
    let records: Vec<(Record, usize)> =
        rows.iter().filter_map(|row| Some((row.clone().record().ok()?, row.bytes))).collect();
    let begins = |record: &Record| matches!(record, Record::Accepted { .. } | Record::Done { .. });
    let mut order: Vec<CallId> = Vec::new();
    for (record, _) in records.iter().filter(|(record, _)| begins(record)) {
        if !order.contains(&record.call_id()) {
            order.push(record.call_id());
        }
    }
    let mut calls: Vec<Kept> = order.into_iter().map(|id| naive_call(id, &records, begins)).collect();
    // Whoever waits for an answer, or has got it, has it from the call that it adopts.
    let handed_on = |call: &&Kept| match call.ended.map(|ended| ended.end.outcome) {
        None | Some(Outcome::Ok | Outcome::OutcomeUnknown) => true,
        Some(Outcome::Error | Outcome::Cancelled) => false,
    };
    let adopted: Vec<CallId> =
        calls.iter().filter(handed_on).filter_map(|call| call.asked.as_ref()?.adopts).collect();
    calls.iter_mut().for_each(|call| call.adopted = adopted.contains(&call.call_id));
    calls.iter().map(told).collect()
}

fn naive_call(id: CallId, records: &[(Record, usize)], begins: impl Fn(&Record) -> bool) -> Kept {
    let begun = records.iter().position(|(record, _)| record.call_id() == id && begins(record));
    let known = &records[begun.unwrap_or(records.len())..];
    let own: Vec<&(Record, usize)> = known.iter().filter(|(record, _)| record.call_id() == id).collect();
    let mut call = Kept::new(id);
    for (record, bytes) in &own {
        match record {
            Record::Accepted { asked, .. } if call.asked.is_none() => call.asked = Some(asked.clone()),
            Record::Started { attempt, .. } => {
                call.unused = call.unused.filter(|unused| *unused != attempt.n);
                match call.attempts.iter().position(|at| at.n == attempt.n) {
                    Some(at) => call.attempts[at] = attempt.clone(),
                    None => call.attempts.push(attempt.clone()),
                }
            }
            Record::Failed { attempt, billed, .. } => {
                let begun = call.attempts.iter().any(|known| known.n == *attempt);
                let highest = call.attempts.iter().all(|known| known.n <= *attempt);
                let under_lost = call.asked.as_ref().map_or(0, |asked| asked.attempts_before);
                if begun && *billed && !call.failed.contains(attempt) {
                    call.failed.push(*attempt);
                } else if begun && !billed && highest && under_lost <= *attempt {
                    call.unused = Some(*attempt);
                }
            }
            Record::Cut { attempt, .. } => {
                let begun = call.attempts.iter().any(|known| known.n == *attempt);
                if begun && !call.cut.contains(attempt) {
                    call.cut.push(*attempt);
                }
            }
            Record::Done { end, .. } if call.ended.is_none() => {
                call.ended = Some(Ended { end: *end, bytes: *bytes });
            }
            Record::Acked { at_ms, .. } if call.acked_ms.is_none() => call.acked_ms = Some(*at_ms),
            Record::Buried { at_ms, .. } if call.buried_ms.is_none() => call.buried_ms = Some(*at_ms),
            Record::Detached { .. } => call.detached = true,
            _ => {}
        }
    }
    call.partial = if call.ended.is_some() { None } else { naive_text(&own) };
    call
}

/// A text, the attempt that wrote each byte of it, and where it was continued.
struct Naive {
    attempt: u32,
    text: String,
    authors: Vec<u32>,
    cuts: Vec<usize>,
}

impl Naive {
    /// Of an attempt that goes on from so many bytes of another's text.
    fn going_on(attempt: u32, from: Option<(&Self, usize)>) -> Option<Self> {
        let Some((before, bytes)) = from else {
            return Some(Self { attempt, text: String::new(), authors: Vec::new(), cuts: Vec::new() });
        };
        let text = before.text.get(..bytes)?.to_owned();
        let mut cuts = before.cuts.clone();
        cuts.retain(|cut| *cut < bytes);
        cuts.push(bytes);
        Some(Self { attempt, text, authors: before.authors[..bytes].to_vec(), cuts })
    }

    fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.authors.resize(self.text.len(), self.attempt);
    }

    fn told(&self) -> Partial {
        let seam = |cut: &usize| Seam { at: *cut, attempt: self.authors[cut - 1] };
        Partial {
            attempt: self.attempt,
            text: self.text.clone(),
            seams: self.cuts.iter().map(seam).collect(),
        }
    }
}

/// Pieces joined where they fit; of the texts the longest, of equals the first attempt's.
fn naive_text(own: &[&(Record, usize)]) -> Option<Partial> {
    let mut texts: Vec<Naive> = Vec::new();
    let mut continues: Vec<(u32, u64)> = Vec::new();
    for (record, _) in own {
        let (attempt, offset, piece) = match record {
            Record::Started { attempt, .. } => {
                continues.retain(|(n, _)| *n != attempt.n);
                continues.push((attempt.n, attempt.continues));
                continue;
            }
            Record::Partial { attempt, offset, text, .. } => (*attempt, *offset, text),
            _ => continue,
        };
        if let Some(begun) = texts.iter_mut().find(|text| text.attempt == attempt) {
            if begun.text.len() as u64 == offset {
                begun.push(piece);
            }
            continue;
        }
        let before = best(texts.iter().filter(|text| text.attempt < attempt));
        let from = match before {
            _ if offset == 0 => None,
            Some(before) if continues.contains(&(attempt, offset)) => Some((before, offset as usize)),
            _ => continue,
        };
        let Some(mut begun) = Naive::going_on(attempt, from) else { continue };
        begun.push(piece);
        texts.push(begun);
    }
    best(texts.iter().filter(|text| !text.text.is_empty())).map(Naive::told)
}

fn best<'a>(texts: impl Iterator<Item = &'a Naive>) -> Option<&'a Naive> {
    texts.max_by_key(|text| (text.text.len(), Reverse(text.attempt)))
}

/// Bytes of the fuzzer as rows: few calls, few attempts, short texts, so that rows meet.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// From 0 to `most`.
    fn number(&mut self, most: u8) -> u8 {
        (u16::from(self.byte().unwrap_or(0)) % (u16::from(most) + 1)) as u8
    }

    fn text(&mut self) -> &'a str {
        let length = usize::from(self.number(31)).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
        }
    }

    fn call_id(&mut self) -> CallId {
        CallId::from_bytes([self.number(3); 16])
    }

    /// The low half of `op` says what; from 13 on a row that no daemon would have written.
    fn row(&mut self, op: u8) -> Row {
        let call_id = self.call_id();
        let record = match op % 16 {
            0 | 1 => Record::Accepted { call_id, asked: self.asked() },
            2 | 3 => Record::Started { call_id, attempt: self.attempt() },
            4..=6 => {
                let (attempt, offset) = (u32::from(self.number(3)), u64::from(self.number(31)));
                Record::Partial { call_id, attempt, offset, text: self.text().to_owned() }
            }
            7 => Record::Cut { call_id, attempt: u32::from(self.number(3)) },
            8 => Record::Done { call_id, end: self.end(), body: self.body(), turn: None },
            9 => Record::Acked { call_id, at_ms: u64::from(self.number(255)) },
            10 => Record::Detached { call_id, session: SessionId::from_bytes([self.number(3); 16]) },
            11 => Record::Buried { call_id, at_ms: u64::from(self.number(255)) },
            12 => Record::Failed { call_id, attempt: u32::from(self.number(3)), billed: self.number(1) == 1 },
            _ => return self.foreign(call_id),
        };
        let Written::Row(row, _) = Written::of(record) else {
            unreachable!("no record of these removes any")
        };
        assert!(row.clone().record().is_ok(), "what was written can be read: {row:?}");
        // Loads of what has ended are not read by every reader.
        if op & 0x80 == 0 { row } else { Row { load: None, ..row } }
    }

    fn foreign(&mut self, call_id: CallId) -> Row {
        let kind = Kind::of(1 + self.number(8)).expect("nine kinds");
        let head = self.text().to_owned();
        let load = (self.number(1) == 1).then(|| self.text().to_owned());
        let bytes = load.as_ref().map_or(usize::from(self.number(255)), String::len);
        Row { call_id, kind, head, load, bytes }
    }

    fn asked(&mut self) -> Asked {
        let flags = self.number(255);
        Asked {
            session: SessionId::from_bytes([flags & 3; 16]),
            fingerprint: Fingerprint::from_bytes([flags; 16]),
            adopt_key: None,
            adopts: (flags & 4 != 0).then(|| self.call_id()),
            method: self.text().to_owned(),
            tool: String::new(),
            class: if flags & 8 != 0 { Class::Effect } else { Class::Metered },
            at_ms: u64::from(flags),
            remaining_ms: 60_000,
            attempts_before: u32::from(flags >> 6),
            params: self.body(),
        }
    }

    fn attempt(&mut self) -> Attempt {
        let (n, continues) = (u32::from(self.number(3)), u64::from(self.number(31)));
        Attempt { n, provider: self.text().to_owned(), model: String::new(), continues, at_ms: 0 }
    }

    fn end(&mut self) -> End {
        let outcome = match self.number(3) {
            0 => Outcome::Ok,
            1 => Outcome::Error,
            2 => Outcome::Cancelled,
            _ => Outcome::OutcomeUnknown,
        };
        End { attempts: u32::from(self.number(3)), outcome, at_ms: u64::from(self.number(255)), spent: None }
    }

    fn body(&mut self) -> Box<RawValue> {
        RawValue::from_string(self.text().to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
    }
}
