use bytes::Bytes;

use super::*;
use crate::transport::{Body, BoxFuture, TransportError};

struct Nothing;

impl Body for Nothing {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

fn answer(headers: &[(&str, &str)]) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status: 429, headers, body: Box::new(Nothing) }
}

/// 2026-12-31, 23:59:40 UTC by our clock.
const WALL: Duration = Duration::from_secs(1_798_761_580);

fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
    retry_after(&answer(headers), WALL)
}

#[test]
fn every_form_is_read() {
    assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
    assert_eq!(wait(&[("retry-after", "9"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
    let date = [("date", "Thu, 31 Dec 2026 23:59:50 GMT"), ("retry-after", "Fri, 01 Jan 2027 00:00:20 GMT")];
    assert_eq!(wait(&date), Some(Duration::from_secs(30)));
    let past = [("date", "Fri, 01 Jan 2027 00:00:20 GMT"), ("retry-after", "Thu, 31 Dec 2026 23:59:50 GMT")];
    assert_eq!(wait(&past), Some(Duration::ZERO));
    assert_eq!(wait(&[("retry-after", "0.25")]), Some(Duration::from_millis(250)));
    assert_eq!(wait(&[("retry-after", "9"), ("retry-after-ms", "1.5e3")]), Some(Duration::from_millis(1500)));
    // An odd one of the one kind does not hide one of the other.
    assert_eq!(wait(&[("retry-after", "9"), ("retry-after-ms", "soon")]), Some(Duration::from_secs(9)));
}

#[test]
fn a_date_without_the_answers_own_is_measured_by_our_clock() {
    for (date, seconds) in [
        ("Fri, 01 Jan 2027 00:00:20 GMT", 40),
        ("Thu, 31 Dec 2026 23:59:41 GMT", 1),
        ("Thu, 31 Dec 2026 23:00:00 GMT", 0),
    ] {
        assert_eq!(wait(&[("retry-after", date)]), Some(Duration::from_secs(seconds)), "{date}");
        // Also where the answer's own is none.
        assert_eq!(wait(&[("retry-after", date), ("date", "today")]), Some(Duration::from_secs(seconds)));
    }
}

#[test]
fn no_wait_is_longer_than_can_be_counted_on() {
    let longest = Some(Duration::from_secs_f64(LONGEST_S));
    for absurd in
        ["18446744073709551615", "99999999999999999999999", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"]
    {
        assert_eq!(wait(&[("retry-after", absurd)]), longest, "{absurd}");
    }
    assert_eq!(wait(&[("retry-after-ms", "18446744073709551615")]), longest);
    assert_eq!(wait(&[("retry-after", "86400")]), Some(Duration::from_secs(86_400)));
}

#[test]
fn no_wish_is_so_long_that_its_end_can_not_be_counted() {
    let longest = Some(Duration::from_secs(100_000_000));
    assert_eq!(wait(&[("retry-after", "18446744073709551615")]), longest);
    assert_eq!(wait(&[("retry-after-ms", "18446744073709551615")]), longest);
    let date = [("date", "Thu, 31 Dec 2026 23:59:50 GMT"), ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")];
    assert_eq!(wait(&date), longest);
}

#[test]
fn nonsense_is_no_wish() {
    assert_eq!(wait(&[]), None);
    for text in ["soon", "-1", "", "inf", "NaN", "Fri, 32 Jan 2027 00:00:20 GMT", "Fri, 01 Jan 2027"] {
        assert_eq!(wait(&[("date", "Thu, 31 Dec 2026 23:59:50 GMT"), ("retry-after", text)]), None, "{text}");
    }
}

#[test]
fn dates_are_counted_right() {
    for (text, expected) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
        ("Sun, 01 Mar 2026 00:00:00 GMT", 1_772_323_200),
        ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
    ] {
        assert_eq!(unix_seconds(text), Some(expected), "{text}");
    }
}

#[test]
fn a_limits_reset_is_a_wait_or_a_moment() {
    let wall = Duration::from_secs(1_782_907_200);
    let reset = |headers: &[(&str, &str)]| limit_reset(&answer(headers), wall);
    for (value, seconds) in
        [("7", 7.0), ("0.5", 0.5), ("1782907230", 30.0), ("1782907230000", 30.0), ("0", 0.0)]
    {
        let wait = reset(&[("x-ratelimit-reset", value)]).map(|wait| wait.as_secs_f64());
        assert_eq!(wait, Some(seconds), "{value}");
    }
    // The answer's own date beats our wall clock.
    let dated = [("date", "Wed, 01 Jul 2026 12:00:20 GMT"), ("x-ratelimit-reset", "1782907230")];
    assert_eq!(reset(&dated), Some(Duration::from_secs(10)));
    for nonsense in ["", "soon", "-5", "NaN", "inf", "1e300", "1700000000"] {
        assert_eq!(reset(&[("x-ratelimit-reset", nonsense)]), None, "{nonsense}");
    }
}

#[test]
fn a_wait_in_words_is_read() {
    for (sentence, ms) in [
        ("Your account reached organization max RPM: 3, please try again after 1 seconds", 1000),
        ("Rate limit reached. Please try again in 1.5s. Visit the console.", 1500),
        ("Try again in 250ms", 250),
        ("please retry after 2 minutes", 120_000),
    ] {
        assert_eq!(asked_in_words(sentence), Some(Duration::from_millis(ms)), "{sentence}");
    }
    for nothing in [
        "",
        "try again later",
        "try again after a while",
        "again in 5 moons",
        "again after 1e9 s",
        "again in .",
    ] {
        assert_eq!(asked_in_words(nothing), None, "{nothing}");
    }
}
