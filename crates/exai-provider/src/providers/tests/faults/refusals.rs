//! F18 to F21: what providers say when they refuse, with a status or in the middle of a stream.

use super::*;

/// A cause, requests to the provider and to the one behind it, and the words that mean it.
type Row = (&'static str, usize, usize, &'static [&'static str]);

/// GLM's business codes.
const GLM: [Row; 9] = [
    ("auth_dead", 1, 1, &["434", "1000", "1001", "1002", "1003", "1004", "1220"]),
    ("account_dead", 1, 1, &["1110", "1111", "1112", "1113", "1120", "1121", "1309", "1313", "1315"]),
    ("bad_request", 1, 0, &["435", "1210", "1212", "1213", "1214", "1215", "1231", "1400", "1499"]),
    ("model_gone", 1, 1, &["1211", "1221", "1222", "1311"]),
    ("context_overflow", 1, 1, &["1261"]),
    ("policy", 1, 0, &["1300", "1301"]),
    ("rate", 2, 1, &["1302", "1303", "1305"]),
    ("quota", 1, 1, &["1304", "1308", "1310", "1314", "1316", "1317", "1318", "1319", "1320", "1321"]),
    ("server", 2, 1, &["500", "1200", "1230", "1234"]),
];

/// The same by Kimi's types.
const KIMI: [Row; 7] = [
    ("policy", 1, 0, &["content_filter"]),
    ("auth_dead", 1, 1, &["invalid_authentication_error", "incorrect_api_key_error"]),
    ("account_dead", 1, 1, &["permission_denied_error", "exceeded_current_quota_error"]),
    ("model_gone", 1, 1, &["resource_not_found_error"]),
    ("rate", 2, 1, &["engine_overloaded_error", "rate_limit_reached_error"]),
    ("server", 2, 1, &["server_error", "unexpected_output", "server_unavailable", "client_closed_request"]),
    // It says no more than the status does with which it comes; inside a stream there is none.
    ("bad_request", 1, 0, &["invalid_request_error"]),
];

fn glm_error(code: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#)
}

fn kimi_error(kind: &str) -> String {
    format!(r#"{{"error":{{"type":"{kind}","message":"m"}}}}"#)
}

/// GLM with a model behind it whose context is larger; all of its refusals are the same.
async fn glm_refuses(refusal: &Answer) -> Played {
    play(vec![refusal.clone(); 2], vec![says("kimi")]).await
}

/// The same with Kimi as the first. Its model's context is the larger one.
async fn kimi_refuses(refusal: &Answer) -> Played {
    let change = |config: &mut ProvidersConfig| config.providers.reverse();
    play_once(World::with(vec![says("glm")], vec![refusal.clone(); 2], change), None).await
}

/// What comes of a refusal: the cause and the words of the first attempt; so many requests, each of which is told of; and for
/// the person the answer of the fallback (`by`), what had come before, or a failure that says why.
fn comes_to(played: &Played, (cause, first, other): (&str, usize, usize), words: &str, had: &str, by: &str) {
    let told = &played.attempts()[0];
    assert_eq!((told.cause, told.detail.as_str()), (cause, words));
    let counts = if by == "kimi" { (first, other) } else { (other, first) };
    assert_eq!((played.counts, played.attempts().len()), (counts, first + other), "{words}");
    assert_eq!(played.world.open(), 0, "{words}");
    match (&played.outcome, other) {
        (Ok(reply), 1) => assert_eq!((reply.text.as_str(), &reply.ending), (by, &Ending::Whole), "{words}"),
        // Of what the rules stop nothing is handed out.
        (Ok(reply), _) => {
            assert_eq!((reply.text.as_str(), cause), (had, "bad_request"), "{words}");
            assert_eq!(reply.ending, Ending::Partial(Broke::Failed(Cause::BadRequest)));
        }
        (Err(failure), _) => {
            assert_eq!((failure.code(), failure.is_retryable(), other), (cause, false, 0), "{words}");
            assert!(failure.message.contains(words), "{words} is not in {failure}");
            assert!(had.is_empty() || cause == "policy", "{words}");
        }
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f18_an_error_in_the_middle_of_a_stream_is_what_its_code_says() {
    let midway = |error: &str| stream(vec![content("half"), event(error), Do::Hang]);
    let at_once = |error: &str| stream(vec![event(error), Do::Hang]);
    for (cause, first, other, codes) in GLM {
        for code in codes {
            let (error, words) = (glm_error(code), format!("code {code}: m"));
            for (refusal, had) in [(midway(&error), "half"), (at_once(&error), "")] {
                comes_to(&glm_refuses(&refusal).await, (cause, first, other), &words, had, "kimi");
            }
        }
    }
    for (cause, first, other, kinds) in KIMI {
        for kind in kinds {
            let (error, words) = (kimi_error(kind), format!("code {kind}: m"));
            for (refusal, had) in [(midway(&error), "half"), (at_once(&error), "")] {
                comes_to(&kimi_refuses(&refusal).await, (cause, first, other), &words, had, "glm");
            }
        }
    }
    let what = "sends an error chunk in the middle of the text: ";
    for (code, name) in [("1234", "a server error"), ("1302", "a rate limit"), ("1308", "a used up quota")] {
        let played = glm_refuses(&midway(&glm_error(code))).await;
        assert_eq!(played.reply().text, "kimi");
        played.row("F18", &format!("{what}{name}"));
    }
    // Nobody is asked for what breaks the rules, nor for what is wrong; of the latter there is the text before it.
    glm_refuses(&midway(&glm_error("1301")))
        .await
        .fails(&["glm:policy"])
        .row("F18", &format!("{what}policy"));
}

#[tokio::test(start_paused = true)]
pub(super) async fn f19_an_error_under_http_200_is_what_its_code_says() {
    let json = |code: &str| {
        let body = vec![Do::Send(glm_error(code).into_bytes()), Do::End];
        Answer::Head(200, vec![("content-type", "application/json")], body)
    };
    for (cause, first, other, codes) in GLM {
        for code in codes {
            let played = glm_refuses(&json(code)).await;
            comes_to(&played, (cause, first, other), &format!("code {code}: m"), "", "kimi");
        }
    }
    let played = glm_refuses(&json("9999")).await;
    let played = played.is("kimi", &["glm:server", "glm:server", "kimi:ok"]);
    played.row("F19", "answers 200 with an error as JSON, of no known code");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f19_a_page_of_a_gateway_is_trouble_of_the_server() {
    let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    let played = glm_refuses(&status(502, page)).await.is("kimi", &["glm:server", "glm:server", "kimi:ok"]);
    assert!(played.attempts()[0].detail.contains("502 Bad Gateway"), "{}", played.attempts()[0].detail);
    played.row("F19", "answers 502 with a page");
    // Under HTTP 200 it costs nothing, so it may be asked once more.
    let page = status(200, page);
    let played = play(vec![page.clone(), page.clone(), page], vec![says("kimi")]).await;
    let played = played.is("kimi", &["glm:page", "glm:page", "glm:page", "kimi:ok"]);
    assert!(played.attempts()[0].detail.contains("502 Bad Gateway"), "{}", played.attempts()[0].detail);
    played.row("F19", "answers 200 with a page");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f19_an_empty_body_is_an_empty_answer() {
    let empty = Answer::Head(200, vec![], vec![Do::End]);
    let played = glm_refuses(&empty).await;
    let played = played.is("kimi", &["glm:empty_answer", "glm:empty_answer", "kimi:ok"]);
    played.row("F19", "answers 200 with an empty body");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f20_a_429_is_what_its_code_says() {
    for (cause, first, other, codes) in GLM {
        for code in codes {
            let played = glm_refuses(&status(429, &glm_error(code))).await;
            comes_to(&played, (cause, first, other), &format!("HTTP 429, code {code}: m"), "", "kimi");
            let (glm, kimi) = (played.world.requests_at("glm"), played.world.requests_at("kimi"));
            match cause {
                "rate" => assert_eq!((glm, kimi), (vec![0, 2], vec![2]), "{code}"),
                "server" => assert!(kimi[0] < 8, "{code}"),
                _ => assert_eq!((glm, kimi), (vec![0], vec![0; other]), "{code}"),
            }
        }
    }
    for (code, name) in [
        ("1113", "arrears"),
        ("1302", "too much at once"),
        ("1305", "overload"),
        ("1308", "a used up quota"),
        ("1315", "a key for another product"),
    ] {
        let played = glm_refuses(&status(429, &glm_error(code))).await;
        assert_eq!(played.reply().text, "kimi");
        played.row("F20", &format!("answers 429 with {code}: {name}"));
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f20_who_has_no_money_is_asked_once() {
    let arrears = status(429, &glm_error("1113"));
    let played = play_after(1, World::new(vec![arrears], vec![says("kimi"); 2])).await;
    assert_eq!((played.causes(), played.counts), (owned(&["glm:open", "kimi:ok"]), (0, 1)));
    played.row("F20", "answered 429 with 1113 to the call before");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f20_a_429_of_kimi_is_what_its_type_says() {
    for (kind, cause, requests) in [
        ("engine_overloaded_error", "rate", &[0, 2][..]),
        ("rate_limit_reached_error", "rate", &[0, 2]),
        ("exceeded_current_quota_error", "account_dead", &[0]),
    ] {
        let played = kimi_refuses(&status(429, &kimi_error(kind))).await;
        let words = format!("HTTP 429, code {kind}: m");
        comes_to(&played, (cause, requests.len(), 1), &words, "", "glm");
        assert_eq!(played.world.requests_at("kimi"), requests, "{kind}");
        assert_eq!(played.world.requests_at("glm"), [*requests.last().unwrap()], "{kind}");
        // None of them has cost anything.
        assert!(played.attempts().iter().all(|one| one.billed == (one.cause == "ok")), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f20_a_refusal_whose_text_never_ends_is_read_for_ten_seconds_and_a_while() {
    let arrears = glm_error("1113").into_bytes();
    let refuses = |begun: &[u8], rest: Do| Answer::Head(429, vec![], vec![Do::Send(begun.to_vec()), rest]);
    for (rest, seconds) in [
        (Do::Break, 0),
        (Do::Hang, 10),
        (Do::Repeat(b" ".to_vec(), S), 10),
        (Do::Repeat(vec![b' '; 1 << 16], Duration::from_millis(1)), 0),
    ] {
        let world = World::new(vec![refuses(&arrears, rest.clone())], vec![says("kimi")]);
        let played = play_once(world, None).await.is("kimi", &["glm:account_dead", "kimi:ok"]);
        assert_eq!(played.took.as_secs(), seconds, "{rest:?}");
        assert_eq!(played.attempts()[0].detail, "HTTP 429, code 1113: m");
    }
    // Of half a text only the status is understood.
    let half = refuses(&arrears[..20], Do::Hang);
    let played = play(vec![half.clone(), half], vec![says("kimi")]).await;
    played.is("kimi", &["glm:rate", "glm:rate", "kimi:ok"]).after(22, 22);
}

fn limited(headers: &[(&'static str, &'static str)]) -> Answer {
    Answer::Head(429, headers.to_vec(), vec![Do::Send(glm_error("1302").into_bytes()), Do::End])
}

#[tokio::test(start_paused = true)]
pub(super) async fn f21_a_wish_is_honoured_within_the_deadline() {
    // The wall clock begins at 12:00 UTC.
    for (headers, millis, wish) in [
        ([("retry-after", "40")], 40_000, "40 s, as a number"),
        ([("retry-after", "Wed, 01 Jul 2026 12:00:40 GMT")], 40_000, "40 s, as a date"),
        ([("retry-after-ms", "1500")], 1_500, "1,500 ms"),
    ] {
        let date = ("date", "Wed, 01 Jul 2026 12:00:00 GMT");
        let refusal = limited(&[headers[0], date]);
        let world = World::new(vec![refusal.clone(), says("x")], vec![]);
        let played = play_once(world, Some("glm-fast")).await.is("x", &["glm:rate", "glm:ok"]);
        assert_eq!(played.took.as_millis(), millis, "{wish}");
        played.row("F21", &format!("wants a rest of {wish}, and there is no fallback"));
        // A fallback is better than a long wait.
        if millis > 3_000 {
            let played = play(vec![refusal], vec![says("kimi")]).await;
            let played = played.is("kimi", &["glm:rate", "kimi:ok"]).after(0, 0);
            if wish.ends_with("number") {
                played.row("F21", "the same, and there is a fallback");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f21_a_wish_beyond_the_deadline_is_told_at_once() {
    let absurd = limited(&[("retry-after", "86400")]);
    let played = play(vec![absurd.clone()], vec![says("kimi")]).await;
    played.is("kimi", &["glm:rate", "kimi:ok"]).after(0, 0).row("F21", "wants a day of rest");
    let played = play_once(World::new(vec![absurd], vec![]), Some("glm-fast")).await.fails(&["glm:rate"]);
    assert!(played.outcome.as_ref().unwrap_err().message.contains("asks to wait 86400 s"));
    assert_eq!(played.took.as_secs(), 0);
    played.row("F21", "the same, and there is no fallback");
}

#[tokio::test(start_paused = true)]
pub(super) async fn f21_a_date_without_the_answers_own_is_measured_by_our_clock() {
    // The wall clock begins at 12:00 UTC.
    let refusal = limited(&[("retry-after", "Wed, 01 Jul 2026 12:00:40 GMT")]);
    let world = World::new(vec![refusal, says("x")], vec![]);
    let played = play_once(world, Some("glm-fast")).await.is("x", &["glm:rate", "glm:ok"]);
    assert_eq!(played.took.as_secs(), 40);
}

#[tokio::test(start_paused = true)]
pub(super) async fn f21_no_wish_is_so_absurd_that_it_breaks_anything() {
    let absurd = "18446744073709551615";
    for (name, code) in [
        ("retry-after", "1302"),
        ("retry-after", "1308"),
        ("retry-after", "1234"),
        ("retry-after-ms", "1302"),
    ] {
        let body = vec![Do::Send(glm_error(code).into_bytes()), Do::End];
        let refusal = Answer::Head(429, vec![(name, absurd)], body);
        // Not as the first: the clock has begun to run by then.
        let world = World::new(vec![limited(&[("retry-after", "7")]), refusal], vec![]);
        let played = play_once(world, Some("glm-fast")).await;
        assert_eq!((played.counts, played.took.as_secs()), ((2, 0), 7), "{name} {code}");
        let failure = played.outcome.as_ref().unwrap_err();
        assert!(failure.message.contains("asks to wait"), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
pub(super) async fn f21_kimis_waits_in_words_and_heads_are_honoured() {
    let limited = |headers: Vec<(&'static str, &'static str)>, message: &str| {
        let body = format!(r#"{{"error":{{"type":"rate_limit_reached_error","message":"{message}"}}}}"#);
        Answer::Head(429, headers, vec![Do::Send(body.into_bytes()), Do::End])
    };
    let words = "request reached organization max concurrency: 1, please try again after 9 seconds";
    for (headers, message, second) in [
        (vec![], words, 9),
        (vec![("x-ratelimit-reset", "12")], words, 12),
        (vec![("x-ratelimit-reset", "1782907213")], "m", 13),
        (vec![("retry-after", "14"), ("x-ratelimit-reset", "12")], words, 14),
    ] {
        let world = World::new(vec![], vec![limited(headers, message), says("x")]);
        world.ask(Some("kimi-fast"), 1200).await.unwrap();
        assert_eq!(world.requests_at("kimi"), [0, second]);
    }
    // A wish that did not help is a minimum: "after 1 seconds" is said for as long as others fill the account's limit.
    let full = || limited(vec![], "please try again after 1 seconds");
    let world = World::new(vec![], vec![full(), full(), full(), full(), says("x")]);
    world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert_eq!(world.requests_at("kimi"), [0, 1, 6, 21, 51]);
    // With every answer, so also with those that speak of no limit.
    let trouble = Answer::Head(500, vec![("x-ratelimit-reset", "60")], vec![Do::End]);
    let world = World::new(vec![], vec![trouble, says("x")]);
    world.ask(Some("kimi-fast"), 1200).await.unwrap();
    assert!(world.requests_at("kimi")[1] < 8);
}
