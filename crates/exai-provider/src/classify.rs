//! From what a provider said to a cause: by business code first, since a status like 429 means five things.

use crate::cause::Cause;
use crate::dialect::Dialect;
use crate::error_body::ErrorBody;

/// Phrases of too long a question, lower case: OpenAI and its imitators, Kimi, local servers.
const OVERFLOW: &[&str] = &[
    "context length",
    "context window",
    "context size",
    "maximum context",
    "token limit",
    "token length too long",
    "too many tokens",
    "prompt is too long",
    "total message size",
];

/// Phrases of faults in the earlier turns that can be mended, lower case: models that think want their reasoning back,
/// which nobody kept, and some take no turn without text.
const MENDABLE: &[&str] = &["reasoning_content is missing", "role 'assistant' must not be empty"];

/// Phrases of a refusal by content rules under HTTP 403, lower case: routers use the status for keys, too.
const MODERATED: &[&str] = &["moderation", "flagged"];

/// What many send with every error. Only where no status says more it is what it says.
const INVALID_REQUEST: &str = "invalid_request_error";

/// Whether the same question without such a fault may be taken.
pub(crate) fn is_mendable(cause: Cause, error: &ErrorBody) -> bool {
    cause == Cause::BadRequest && says_any(&error.message, MENDABLE)
}

/// The cause of an error with this HTTP status (200 for errors inside a stream).
pub(crate) fn classify(dialect: &Dialect, status: u16, error: &ErrorBody) -> Cause {
    let cause = by_word(dialect, error).unwrap_or_else(|| by_status(status, error));
    if error.page {
        return of_page(cause);
    }
    if cause == Cause::BadRequest && says_any(&error.message, OVERFLOW) {
        Cause::ContextOverflow
    } else {
        cause
    }
}

fn by_word(dialect: &Dialect, error: &ErrorBody) -> Option<Cause> {
    [&error.code, &error.kind].into_iter().flatten().find_map(|word| dialect.cause(word))
}

fn by_status(status: u16, error: &ErrorBody) -> Cause {
    if status != 200 && status < 400 {
        return Cause::WrongAddress;
    }
    // Routers put the status of what is behind them into the code of an error under HTTP 200.
    let inner = || error.code.as_ref()?.parse().ok().filter(|code| (400..600).contains(code));
    let Some(status) = Some(status).filter(|status| *status >= 400).or_else(inner) else {
        return untold(error);
    };
    match status {
        401 | 434 => Cause::AuthDead,
        403 if says_any(&error.message, MODERATED) => Cause::Policy,
        402 | 403 => Cause::AccountDead,
        404 => Cause::ModelGone,
        408 | 409 | 425 | 499 => Cause::Server,
        413 => Cause::ContextOverflow,
        429 | 498 => Cause::Rate,
        400..=499 => Cause::BadRequest,
        _ => Cause::Server,
    }
}

/// An error under HTTP 200 whose code says nothing: its words may. All else counts as trouble of the server's, since a refusal
/// comes before the head mostly.
fn untold(error: &ErrorBody) -> Cause {
    let is_refusal = [&error.code, &error.kind].into_iter().flatten().any(|word| word == INVALID_REQUEST);
    if is_refusal || says_any(&error.message, OVERFLOW) { Cause::BadRequest } else { Cause::Server }
}

/// A page speaks for what stands between, or for another server: it knows of no model, no account and no request.
const fn of_page(by_status: Cause) -> Cause {
    match by_status {
        Cause::ModelGone => Cause::WrongAddress,
        Cause::AccountDead | Cause::BadRequest | Cause::Policy => Cause::Page,
        other => other,
    }
}

fn says_any(message: &str, phrases: &[&str]) -> bool {
    let message = message.to_lowercase();
    phrases.iter().any(|phrase| message.contains(phrase))
}

#[cfg(test)]
mod tests;
