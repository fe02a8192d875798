//! What providers send, byte for byte, in any pieces: the bytes and what they mean come from the simulated provider's crate.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::*;
use crate::classify::classify;
use crate::dialect::Dialect;
use crate::reply::{Ending, ToolCall};
use crate::reset_time::reset_time;
use crate::retry_after::asked_in_words;

const FILES: &[(&str, &[u8])] = include!("../../../../exai-sim/fixtures/files.rs");
const EXPECTED: &str = include_str!("../../../../exai-sim/fixtures/expected.toml");

/// A row of the table.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expected {
    outcome: String,
    text: String,
    reasoning: String,
    calls: Vec<[String; 3]>,
    usage: Option<[u64; 4]>,
    finish: Option<String>,
    /// Part of a sentence; what came of a body has none.
    detail: String,
}

/// A response: its dialect, HTTP status and body.
struct Fixture {
    name: &'static str,
    dialect: &'static Dialect,
    status: u16,
    body: &'static [u8],
}

impl Fixture {
    fn all() -> Vec<Self> {
        FILES.iter().map(|(file, bytes)| Self::new(file, bytes)).collect()
    }

    fn new(file: &'static str, bytes: &'static [u8]) -> Self {
        let (name, ending) = file.rsplit_once('.').unwrap();
        let (status, body) = match ending {
            "http" => {
                let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
                (std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap(), &bytes[end + 2..])
            }
            _ => (200, bytes),
        };
        Self { name, dialect: Dialect::named(name.split('/').next().unwrap()), status, body }
    }

    /// Reads the body in these pieces, as an attempt does.
    fn read(&self, pieces: &[&[u8]]) -> Expected {
        if self.status != 200 {
            let error = ErrorBody::parse(&pieces.concat());
            let outcome = classify(self.dialect, self.status, &error).code().to_owned();
            return Expected { outcome, ..Expected::default() };
        }
        let (stream, end) = feed(pieces);
        let answer = stream.answer;
        let outcome = match end {
            Ok(()) => match answer.judge() {
                Ok(Ending::Whole) => "whole",
                Ok(Ending::Unterminated) => "unterminated",
                Ok(Ending::Truncated) => "truncated",
                Ok(Ending::Partial(_)) => "partial",
                Err((cause, _)) => cause.code(),
            },
            Err(Broken::Error(error)) => classify(self.dialect, 200, &error).code(),
            Err(other) => panic!("{}: {other:?}", self.name),
        };
        let call = |call: ToolCall| [call.id, call.name, call.arguments];
        let usage = answer.usage.map(|usage| {
            [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens, usage.reasoning_tokens]
        });
        assert_eq!(stream.unreadable, 0, "{}", self.name);
        Expected {
            outcome: outcome.to_owned(),
            text: answer.text,
            reasoning: answer.reasoning,
            calls: answer.tool_calls.into_iter().map(call).collect(),
            usage,
            finish: answer.finish,
            detail: String::new(),
        }
    }
}

fn table() -> BTreeMap<String, Expected> {
    toml::from_str(EXPECTED).unwrap()
}

#[test]
fn every_fixture_has_its_row_and_no_row_is_left_over() {
    let mut names: Vec<&str> = Fixture::all().iter().map(|fixture| fixture.name).collect();
    names.sort_unstable();
    assert_eq!(names, table().keys().collect::<Vec<_>>());
}

#[test]
fn every_fixture_means_what_its_row_says_at_every_size_of_piece() {
    let table = table();
    for fixture in Fixture::all() {
        let row = table.get(fixture.name).unwrap();
        for size in [1, 2, 3, 7, 64, fixture.body.len()] {
            let pieces: Vec<&[u8]> = fixture.body.chunks(size).collect();
            let got = Expected { detail: row.detail.clone(), ..fixture.read(&pieces) };
            assert_eq!(got, *row, "{} in pieces of {size}", fixture.name);
        }
    }
}

#[test]
fn other_line_ends_mean_the_same() {
    let table = table();
    for fixture in Fixture::all().iter().filter(|fixture| fixture.status == 200) {
        let row = table.get(fixture.name).unwrap();
        for end in ["\r\n", "\r"] {
            let body = std::str::from_utf8(fixture.body).unwrap().replace('\n', end);
            for size in [1, body.len()] {
                let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
                let got = Expected { detail: row.detail.clone(), ..fixture.read(&pieces) };
                assert_eq!(got, *row, "{} with {end:?} in pieces of {size}", fixture.name);
            }
        }
    }
}

#[test]
fn no_beginning_of_an_answer_passes_for_the_whole() {
    for fixture in Fixture::all().iter().filter(|fixture| fixture.body.starts_with(b"data: ")) {
        let marks = fixture.body.windows(DONE.len()).position(|bytes| bytes == DONE);
        let end = marks.map_or(fixture.body.len(), |at| at + DONE.len());
        let whole = fixture.read(&[fixture.body]);
        for length in 0..end {
            let part = fixture.read(&[&fixture.body[..length]]);
            assert!(part.outcome != "whole", "{length} bytes of {}", fixture.name);
            assert!(whole.text.starts_with(&part.text) && whole.reasoning.starts_with(&part.reasoning));
        }
        assert_eq!(fixture.read(&[&fixture.body[..end]]), whole, "{}", fixture.name);
    }
}

#[test]
fn waits_stand_in_the_words() {
    let fixtures = Fixture::all();
    let error = |name: &str| {
        let fixture = fixtures.iter().find(|fixture| fixture.name == name).unwrap();
        (ErrorBody::parse(fixture.body).message, fixture.dialect)
    };
    // 21:31:39 in Beijing.
    let until = Duration::from_secs(1_787_837_499);
    for name in ["glm/err_1308", "glm/err_1308_cn"] {
        let (message, dialect) = error(name);
        let wall = until - Duration::from_secs(3600);
        assert_eq!(reset_time(&message, dialect.hours_east.unwrap(), wall), Some(until), "{name}");
    }
    assert_eq!(asked_in_words(&error("kimi/err_rate").0), Some(Duration::from_secs(1)));
}

/// Everything that the decoder makes of a body.
fn events(pieces: &[&[u8]]) -> Vec<(Kind, Vec<u8>)> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(event) = decoder.next(&mut rest).unwrap() {
            events.push((event.kind, event.data.to_vec()));
        }
    }
    events.extend(decoder.finish().map(|event| (event.kind, event.data.to_vec())));
    events
}

/// A body in pieces that end at these places.
fn cut<'a>(body: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    places.sort_unstable();
    places.push(body.len());
    let mut from = 0;
    places
        .into_iter()
        .map(|to| {
            let piece = &body[from..to];
            from = to;
            piece
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_cut_changes_a_fixture(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        only in any::<prop::sample::Index>(),
    ) {
        for fixture in Fixture::all() {
            let pieces = cut(fixture.body, &cuts);
            prop_assert_eq!(fixture.read(&pieces), fixture.read(&[fixture.body]), "{}", fixture.name);
            prop_assert_eq!(events(&pieces), events(&[fixture.body]), "{}", fixture.name);
            // The same where it ends before its end.
            let body = &fixture.body[..only.index(fixture.body.len())];
            let pieces = cut(body, &cuts);
            prop_assert_eq!(events(&pieces), events(&[body]), "{}", fixture.name);
            let ((a, a_end), (b, b_end)) = (feed(&pieces), feed(&[body]));
            prop_assert_eq!(
                (a.answer.text, a.answer.reasoning, a.answer.tool_calls, a.answer.usage, a.answer.finish),
                (b.answer.text, b.answer.reasoning, b.answer.tool_calls, b.answer.usage, b.answer.finish)
            );
            prop_assert_eq!((a.answer.done, a.unreadable, a_end), (b.answer.done, b.unreadable, b_end));
        }
    }
}
