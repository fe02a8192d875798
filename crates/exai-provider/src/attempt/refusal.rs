//! What an error of the provider's says of an attempt: the cause, when to come back, and what people read.

use std::time::Duration;

use super::End;
use crate::cause::Cause;
use crate::classify::{classify, is_mendable};
use crate::dialect::Dialect;
use crate::error_body::ErrorBody;
use crate::reset_time::{LONGEST, reset_time};
use crate::retry_after::{asked_in_words, limit_reset, retry_after};
use crate::transport::Response;

/// The waits that the head of an answer asks for; none for an error inside a stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    retry_after: Option<Duration>,
    limit_reset: Option<Duration>,
}

impl Asked {
    /// What a head asks for; `wall` since 1970.
    pub(super) fn by(response: &Response, wall: Duration) -> Self {
        Self { retry_after: retry_after(response, wall), limit_reset: limit_reset(response, wall) }
    }
}

/// How the attempt ends; `status` is the HTTP status, `None` inside a stream, and `wall` the time since 1970.
pub(super) fn end(
    dialect: &Dialect,
    status: Option<u16>,
    error: &ErrorBody,
    asked: Asked,
    wall: Duration,
) -> End {
    let cause = classify(dialect, status.unwrap_or(200), error);
    let head = asked.retry_after.or(asked.limit_reset.filter(|_| cause == Cause::Rate));
    let mut detail = describe(status, error);
    if let Some(wait) = head {
        detail.push_str(&format!("; asks to wait {} s", wait.as_secs_f64().ceil()));
    }
    let in_words = || asked_in_words(&error.message).filter(|_| cause == Cause::Rate);
    let until = match cause {
        Cause::Quota => dialect
            .hours_east
            .and_then(|hours_east| reset_time(&error.message, hours_east, wall))
            .or_else(|| head.filter(|wait| !wait.is_zero() && *wait <= LONGEST).map(|wait| wall + wait)),
        _ => None,
    };
    let is_mendable = is_mendable(cause, error);
    End { retry_after: head.or_else(in_words), until, is_mendable, ..End::new(cause, detail) }
}

fn describe(status: Option<u16>, error: &ErrorBody) -> String {
    let mut parts = Vec::new();
    parts.extend(status.map(|status| format!("HTTP {status}")));
    parts.extend(error.code.as_ref().or(error.kind.as_ref()).map(|code| format!("code {code}")));
    let head = parts.join(", ");
    match (head.is_empty(), error.message.is_empty()) {
        (_, true) => head,
        (true, false) => error.message.clone(),
        (false, false) => format!("{head}: {}", error.message),
    }
}
