use super::*;

fn stream(words: &str) -> Stream {
    match parse(words).unwrap().reply {
        Reply::Stream(stream) => stream,
        other => panic!("{words} gave {other:?}"),
    }
}

#[test]
fn words_come_in_any_order() {
    for words in ["after=3 stall chunks=10 gap=100ms", "gap=100ms chunks=10 stall after=3"] {
        let stream = stream(words);
        assert_eq!((stream.chunks, stream.gap), (10, Duration::from_millis(100)));
        let fault = stream.fault.unwrap();
        assert!(matches!((fault.after, fault.kind), (3, FaultKind::Stall)));
    }
}

#[test]
fn quotes_keep_a_value_together() {
    assert_eq!(stream("text=\"two words\" no-done").text.as_deref(), Some("two words"));
}

#[test]
fn going_on_may_be_told_to_go_wrong() {
    assert_eq!(stream("chunks=3 width=512").width, 512);
    assert_eq!(stream("chunks=3").going_on, GoingOn::Rest);
    assert_eq!(stream("overlap=120").going_on, GoingOn::Overlap(120));
    assert_eq!(stream("anew").going_on, GoingOn::Anew(String::new()));
    assert_eq!(stream("anew=\"Sure: \"").going_on, GoingOn::Anew("Sure: ".into()));
}

#[test]
fn an_error_has_the_shape_of_the_word_that_names_it() {
    let body = |words| match parse(words).unwrap().reply {
        Reply::Error(reply) => (reply.status, reply.body, reply.headers),
        other => panic!("{other:?}"),
    };
    let (status, glm, headers) = body("status=429 code=1302 retry-after=5");
    assert_eq!(status, 429);
    assert!(glm.contains(r#""code":"1302""#), "{glm}");
    assert_eq!(headers, [("retry-after".to_owned(), "5".to_owned())]);
    let (_, kimi, _) = body("status=429 type=engine_overloaded_error message=\"too busy\"");
    assert!(kimi.contains(r#""type":"engine_overloaded_error""#) && kimi.contains("too busy"), "{kimi}");
}

#[test]
fn the_first_directive_that_fits_provider_and_count_decides() {
    let prompt =
        "Hello [[sim glm 1: chunks=1]] there [[sim kimi: chunks=2]][[sim 2: chunks=3]] [[sim: chunks=4]]";
    let chunks = |name, nth| match script_in(prompt, name, nth).unwrap().unwrap().reply {
        Reply::Stream(stream) => stream.chunks,
        other => panic!("{other:?}"),
    };
    assert_eq!([chunks("glm", 1), chunks("glm", 2), chunks("glm", 3), chunks("kimi", 2)], [1, 3, 4, 2]);
    assert!(script_in("no directive", "glm", 1).unwrap().is_none());
    assert!(script_in("[[sim kimi: stall]]", "glm", 1).unwrap().is_none());
}

#[test]
fn a_misspelt_word_is_an_error() {
    for words in ["stal", "chunks=many", "gap=5", "cut=slowly", "after"] {
        assert!(parse(words).is_err(), "{words}");
    }
}

#[test]
fn a_fixture_takes_the_words_that_fit_it() {
    let raw = |words: &str| match parse(words).unwrap().reply {
        Reply::Raw(raw) => raw,
        other => panic!("{words} gave {other:?}"),
    };
    let plain = raw("fixture=glm/plain");
    assert_eq!(
        (plain.framing, plain.cuts.clone(), plain.end),
        (RawFraming::Chunked, Cuts::None, RawEnd::Clean)
    );
    assert_eq!(raw("fixture=glm/err_1308").framing, RawFraming::Length);
    assert_eq!(raw("bytes=7 fixture=kimi/plain").cuts, Cuts::Every(7));
    for (words, framing) in [
        ("framing=length", RawFraming::Length),
        ("framing=chunked", RawFraming::Chunked),
        ("framing=close", RawFraming::Close),
        ("cut=close", RawFraming::Close),
    ] {
        assert_eq!(raw(&format!("fixture=any/html_502 {words}")).framing, framing, "{words}");
    }
    for (words, end) in [
        ("stall", RawEnd::Stall),
        ("cut=fin", RawEnd::Cut(Cut::Fin)),
        ("cut=close", RawEnd::Cut(Cut::Fin)),
        ("cut=rst", RawEnd::Cut(Cut::Rst)),
    ] {
        assert_eq!(raw(&format!("{words} fixture=glm/plain")).end, end, "{words}");
    }
    assert_eq!(*raw("fixture=glm/plain only=9").bytes, plain.bytes[..9]);
    assert_eq!(raw("fixture=glm/plain only=99999").bytes, plain.bytes);
    for words in ["fixture=glm/plan", "fixture=glm/plain trickle", "only=9", "framing=length", "framing=oral"]
    {
        assert!(parse(words).is_err(), "{words}");
    }
}
