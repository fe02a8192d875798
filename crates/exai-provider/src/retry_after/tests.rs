use bytes::Bytes;

use super::*;
use crate::transport::{Body, BoxFuture, TransportError};

struct Nothing;

impl Body for Nothing {
    fn chunk(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    retry_after(&Response { status: 429, headers, body: Box::new(Nothing) })
}

#[test]
fn every_form_is_read() {
    assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
    assert_eq!(wait(&[("retry-after", "9"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
    let date = [("date", "Thu, 31 Dec 2026 23:59:50 GMT"), ("retry-after", "Fri, 01 Jan 2027 00:00:20 GMT")];
    assert_eq!(wait(&date), Some(Duration::from_secs(30)));
    let past = [("date", "Fri, 01 Jan 2027 00:00:20 GMT"), ("retry-after", "Thu, 31 Dec 2026 23:59:50 GMT")];
    assert_eq!(wait(&past), Some(Duration::ZERO));
}

#[test]
fn nonsense_is_no_wish() {
    assert_eq!(wait(&[]), None);
    for text in ["soon", "-1", "", "Fri, 32 Jan 2027 00:00:20 GMT", "Fri, 01 Jan 2027"] {
        assert_eq!(wait(&[("date", "Thu, 31 Dec 2026 23:59:50 GMT"), ("retry-after", text)]), None, "{text}");
    }
    assert_eq!(wait(&[("retry-after", "Fri, 01 Jan 2027 00:00:20 GMT")]), None);
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
