//! From the client's errors to ours.

use std::error::Error;
use std::io;

use exai_provider::{TransportError, TransportErrorKind};

/// Where a request broke. The URL is left out: it may carry credentials.
pub(crate) fn of(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let kind = if error.is_builder() {
        TransportErrorKind::Unusable
    } else if error.is_dns() {
        TransportErrorKind::Dns
    } else if error.is_connect() {
        if is_tls(&error) { TransportErrorKind::Tls } else { TransportErrorKind::Connect }
    } else {
        TransportErrorKind::Broken
    };
    let message = match kind {
        // The kind says the rest; what stands around the root is the client's own layers.
        TransportErrorKind::Connect | TransportErrorKind::Dns | TransportErrorKind::Tls => root(&error),
        TransportErrorKind::Broken | TransportErrorKind::Unusable => chain(&error),
    };
    TransportError { kind, message }
}

/// A request that can't be made.
pub(crate) fn unusable(message: String) -> TransportError {
    TransportError { kind: TransportErrorKind::Unusable, message }
}

/// An error with its causes, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// The innermost cause.
fn root(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(inner) = inside(innermost) {
        innermost = inner;
    }
    innermost.to_string()
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        next = inside(error);
    }
    false
}

/// One step towards the root. An I/O error hides what it was made of: its source is that error's source.
fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
