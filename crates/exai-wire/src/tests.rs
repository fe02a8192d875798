use serde_json::value::RawValue;

use super::*;

fn call_id() -> CallId {
    CallId::from_bytes([7; 16])
}

#[test]
fn ids_are_32_hex_digits_and_nothing_else() {
    let id = call_id();
    assert_eq!(id.to_string(), "07".repeat(16));
    assert_eq!(id.to_string().parse(), Ok(id));
    for bad in ["", "07", "+7070707070707070707070707070707", &"g".repeat(32), &"0".repeat(33)] {
        assert!(bad.parse::<CallId>().is_err(), "{bad:?}");
    }
}

#[test]
fn an_id_is_not_written_whole_by_debug() {
    assert_eq!(format!("{:?}", SessionId::from_bytes([0xab; 16])), "SessionId(abababab…)");
}

#[test]
fn raw_params_pass_byte_for_byte() {
    let params =
        r#"{"name":"chat",  "arguments":{"n":1.50,"big":123456789012345678901234567890,"u":"\u00e9"}}"#;
    let frame = ShimFrame::Call(Call {
        call_id: call_id(),
        method: "tools/call".to_owned(),
        params: RawValue::from_string(params.to_owned()).unwrap(),
        fingerprint: Fingerprint::from_bytes([1; 16]),
        adopt_key: None,
        remaining_ms: 5,
        under: None,
        accepted_seen: false,
        attempts_seen: 0,
        trace: None,
    });
    let Some(ShimFrame::Call(read)) = ShimFrame::decode(&frame.encode()).unwrap() else { panic!("a call") };
    assert_eq!(read.params.get(), params);
}

#[test]
fn frames_without_a_body_round_trip() {
    for frame in [ShimFrame::Beat, ShimFrame::GetCatalogue, ShimFrame::Ack(vec![call_id()])] {
        let text = frame.encode();
        assert_eq!(ShimFrame::decode(&text).unwrap().unwrap().encode(), text);
    }
}

#[test]
fn unknown_types_and_fields_are_ignored_and_the_type_may_stand_anywhere() {
    assert!(ShimFrame::decode(r#"{"t":"of_a_later_release","x":1}"#).unwrap().is_none());
    let frame =
        DaemonFrame::decode(r#"{"new":[1],"call_id":"07070707070707070707070707070707","t":"accepted"}"#);
    assert!(matches!(frame, Ok(Some(DaemonFrame::Accepted(Accepted { call_id: id }))) if id == call_id()));
}

#[test]
fn what_is_no_frame_is_an_error_that_names_the_kind() {
    for text in ["", "[]", "{}", r#"{"t":1}"#, "\u{0}", r#"{"t":"call"}"#] {
        assert!(ShimFrame::decode(text).is_err(), "{text:?}");
    }
    let error = ShimFrame::decode(r#"{"t":"cancel"}"#).unwrap_err().to_string();
    assert!(error.starts_with("malformed cancel frame: missing field `call_id`"), "{error}");
}

#[test]
fn codes_of_later_releases_are_not_errors() {
    let text = r#"{"t":"refused","call_id":"07070707070707070707070707070707","code":"novel"}"#;
    let Ok(Some(DaemonFrame::Refused(refused))) = DaemonFrame::decode(text) else { panic!("refused") };
    assert_eq!(refused.code, RefusedCode::Other);
    assert!(!refused.code.is_retryable());
}

#[test]
fn the_highest_common_version_wins() {
    let range = |min, max| ProtoRange { min, max };
    assert_eq!(range(1, 2).common(range(2, 3)), Some(2));
    assert_eq!(range(1, 1).common(range(1, 1)), Some(1));
    assert_eq!(range(1, 1).common(range(2, 3)), None);
}

#[test]
fn an_attempt_goes_on_from_the_first_of_the_longest_texts() {
    let mut texts = Texts::default();
    texts.add(1, 0, 0, "once upon");
    texts.add(2, 0, 0, "there was");
    assert_eq!(texts.best().map(|best| best.attempt), Some(1), "the second was no longer, and was given up");
    texts.add(3, 9, 9, " a time");
    assert_eq!(texts.best().map(|best| best.text).as_deref(), Some("once upon a time"));
}

#[test]
fn whose_the_parts_of_a_text_are_is_known_wherever_it_comes_from() {
    let seam = |at, attempt| Seam { at, attempt };
    let seams = |texts: &Texts| texts.best().unwrap().seams;
    let mut texts = Texts::default();
    texts.add(1, 0, 0, "once upon");
    assert_eq!(seams(&texts), []);
    texts.add(2, 9, 9, " a time");
    texts.add(2, 9, 16, " there was");
    assert_eq!(seams(&texts), [seam(9, 1)]);
    let mut later = Texts::of(texts.best());
    later.add(3, 26, 26, " a king");
    assert_eq!(seams(&later), [seam(9, 1), seam(26, 2)]);
    later.add(4, 15, 15, ", and he had a daughter");
    assert_eq!(seams(&later), [seam(9, 1), seam(15, 2)], "what is right before it is of the second");
    later.add(5, 9, 0, "an answer that begins anew, whatever it was to go on from");
    assert_eq!(seams(&later), []);
}
