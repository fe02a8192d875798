use proptest::prelude::*;

use super::*;

/// What a stream decodes to when it arrives in pieces that end at `cuts`.
fn decode(bytes: &[u8], cuts: &[usize]) -> Vec<(Kind, Vec<u8>)> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        let to = to.clamp(from, bytes.len());
        let mut piece = &bytes[from..to];
        while let Some(event) = decoder.next(&mut piece).unwrap() {
            events.push((event.kind, event.data.to_vec()));
        }
        from = to;
    }
    if let Some(event) = decoder.finish() {
        events.push((event.kind, event.data.to_vec()));
    }
    events
}

fn data(bytes: &[u8]) -> Vec<String> {
    let every: Vec<usize> = (0..bytes.len()).collect();
    let whole = decode(bytes, &[]);
    assert_eq!(whole, decode(bytes, &every), "byte by byte");
    whole.into_iter().map(|(_, data)| String::from_utf8_lossy(&data).into_owned()).collect()
}

#[test]
fn every_line_ending_ends_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["data: a", "", "data: b", "", "data: [DONE]", "", ""].join(end);
        assert_eq!(data(text.as_bytes()), ["a", "b", "[DONE]"], "{end:?}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    assert_eq!(data("\u{feff}data: a\n\ndata: b\n\n".as_bytes()), ["a", "b"]);
}

#[test]
fn data_lines_are_joined_and_lose_one_blank_at_most() {
    assert_eq!(data(b"data: a\ndata:b\ndata:  c\n\n"), ["a\nb\n c"]);
    assert_eq!(data(b"data\ndata:\n\n"), ["\n"]);
}

#[test]
fn comments_ids_and_unknown_fields_are_passed_over() {
    assert_eq!(data(b": keep-alive\n\nid: 1\nretry: 5\nid: \0\nfoo: x\ndata: a\n: b\n\n: c\n\n"), ["a"]);
}

#[test]
fn names_tell_errors_from_messages() {
    let events = decode(
        b"event: error\ndata: x\n\nevent: ping\ndata: y\n\nevent: error\n\ndata: z\n\nerror: w\n\n",
        &[],
    );
    let kinds: Vec<Kind> = events.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [Kind::Error, Kind::Message, Kind::Message, Kind::Error]);
    assert_eq!(events[3].1, b"w");
}

#[test]
fn done_counts_without_its_last_newlines_and_nothing_else_does() {
    for tail in ["data: [DONE]", "data: [DONE]\n", "data:[DONE]\r", "data: [DONE]\r\n"] {
        assert_eq!(data(format!("data: a\n\n{tail}").as_bytes()), ["a", "[DONE]"], "{tail:?}");
    }
    for tail in ["data: b", "data: b\n", "data: [DON", ": [DONE]"] {
        assert_eq!(data(format!("data: a\n\n{tail}").as_bytes()), ["a"], "{tail:?}");
    }
}

#[test]
fn bytes_that_are_no_text_end_nothing() {
    assert_eq!(decode(b"data: \xff\xfe\n\ndata: b\n\n", &[]).len(), 2);
}

#[test]
fn characters_survive_a_cut_at_every_byte() {
    assert_eq!(data("data: é世界🙂\n\n".as_bytes()), ["é世界🙂"]);
}

#[test]
fn a_line_without_end_is_refused_at_the_bound() {
    let mut decoder = Decoder::default();
    // Not a power of two, whose doublings would end at the bound by themselves.
    let piece = vec![b'x'; 2000];
    let mut pieces = 0;
    while decoder.next(&mut piece.as_slice()).is_ok() {
        pieces += 1;
        assert!(decoder.held() <= LINE_BYTES_MAX + 1, "{}", decoder.held());
    }
    assert_eq!(pieces, LINE_BYTES_MAX / 2000);
}

#[test]
fn an_event_of_many_lines_is_refused_at_the_bound() {
    let line = [b"data: ".as_slice(), &[b'x'; 1 << 20], b"\n"].concat();
    let mut decoder = Decoder::default();
    let outcomes: Vec<bool> = (0..6).map(|_| decoder.next(&mut line.as_slice()).is_ok()).collect();
    assert_eq!(outcomes[..3], [true; 3]);
    assert!(outcomes.contains(&false));
}

#[test]
fn a_long_line_costs_its_memory_only_while_it_lasts() {
    let mut decoder = Decoder::default();
    let long = [b"data: ".as_slice(), &[b'x'; 1 << 20]].concat();
    assert_eq!(decoder.next(&mut long.as_slice()), Ok(None));
    let mut end = b"\n\n".as_slice();
    assert_eq!(decoder.next(&mut end).unwrap().unwrap().data.len(), 1 << 20);
    assert_eq!(decoder.next(&mut b"data: a\n".as_slice()), Ok(None));
    assert!(decoder.held() <= 64 << 10, "{}", decoder.held());
}

#[test]
fn a_million_empty_events_are_held_nowhere() {
    let mut decoder = Decoder::default();
    let piece = b"data:\n\n".repeat(1000);
    let mut seen = 0;
    for _ in 0..1000 {
        let mut rest = piece.as_slice();
        while let Some(event) = decoder.next(&mut rest).unwrap() {
            assert!(event.data.is_empty());
            seen += 1;
        }
    }
    assert_eq!(seen, 1_000_000);
    assert!(decoder.held() < 1024);
}

/// Lines as streams have them, and some that they should not have.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("data: [DONE]".to_owned()),
        Just("event: error".to_owned()),
        Just(": comment".to_owned()),
        "(data|event|id|x)?:? ?[a-zé世\u{feff} :]{0,12}",
    ]
}

proptest! {
    #[test]
    fn no_cut_changes_anything(
        lines in prop::collection::vec((line(), prop_oneof![Just("\n"), Just("\r"), Just("\r\n")]), 0..24),
        mut cuts in prop::collection::vec(0_usize..400, 0..24),
    ) {
        let text: String = lines.iter().flat_map(|(line, end)| [line.as_str(), end]).collect();
        cuts.sort_unstable();
        prop_assert_eq!(decode(text.as_bytes(), &[]), decode(text.as_bytes(), &cuts));
    }

    #[test]
    fn any_bytes_at_all_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200) {
        prop_assert_eq!(decode(&bytes, &[]), decode(&bytes, &[cut]));
    }
}
