//! Who may ask the port what.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exai_settings::Host;

use crate::token::Token;

/// What a request must show.
#[derive(Debug)]
pub(crate) struct Guard {
    token: Option<Token>,
    origins: Vec<String>,
    reach: Reach,
}

/// Who can reach the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Programs of this machine; among them browsers, on behalf of any page.
    Loopback,
    /// The network.
    Beyond,
}

/// Why a request is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No token, or another one.
    #[error(
        "the token is missing or wrong; set EXAI_WS_TOKEN to the same text for the daemon and for this program"
    )]
    Token,
    /// A browser on behalf of a page.
    #[error("browsers may not connect from this origin; EXAI_ALLOWED_ORIGINS lists those that may")]
    Origin,
    /// A name that a page made point to this machine.
    #[error("this address is not known by that name; use localhost or an IP address")]
    HostName,
    /// A plain request where a session was expected.
    #[error(
        "this is an exai daemon; sessions begin with a WebSocket upgrade, its health is at /health/ready"
    )]
    NotAnUpgrade,
    /// A WebSocket of something else.
    #[error(
        "the WebSocket subprotocol exai.v1 is expected; is this program an exai shim of another release?"
    )]
    Subprotocol,
    /// The hub is gone.
    #[error("the daemon is ending")]
    Ending,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Origin | Self::HostName => StatusCode::FORBIDDEN,
            Self::NotAnUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::Subprotocol => StatusCode::BAD_REQUEST,
            Self::Ending => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), format!("{self}\n")).into_response()
    }
}

impl Guard {
    /// Rules for a listener on `host`.
    pub(crate) fn new(host: &Host, token: Option<Token>, origins: Vec<String>) -> Self {
        let reach = if host.is_loopback() { Reach::Loopback } else { Reach::Beyond };
        Self { token, origins, reach }
    }

    /// For what only the user may ask: origin, and the token. Where no token is set, a name that is ours.
    ///
    /// # Errors
    /// The [`Refusal`] to answer with.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match &self.token {
            Some(_) => self.check_session(headers),
            None => self.check_page(headers),
        }
    }

    /// For an upgrade: browsers always send its origin, so any name will do.
    ///
    /// # Errors
    /// [`Refusal::Origin`] or [`Refusal::Token`].
    pub(crate) fn check_session(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.check_origin(headers)?;
        match &self.token {
            Some(token) if !token.authorizes(text(headers, header::AUTHORIZATION)) => Err(Refusal::Token),
            _ => Ok(()),
        }
    }

    /// For what any program of this machine may read, but no page of a browser. A page whose own name was made to
    /// point here sends no `Origin` with a plain request, but that name as `Host`.
    ///
    /// # Errors
    /// [`Refusal::Origin`] or [`Refusal::HostName`].
    pub(crate) fn check_page(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.check_origin(headers)?;
        match text(headers, header::HOST) {
            Some(host) if self.reach == Reach::Loopback && !names_loopback(host) => Err(Refusal::HostName),
            _ => Ok(()),
        }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if !headers.contains_key(header::ORIGIN) {
            return Ok(());
        }
        let origin = text(headers, header::ORIGIN).unwrap_or_default();
        let listed = self.origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin));
        if listed { Ok(()) } else { Err(Refusal::Origin) }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a `Host` header (with or without port) is `localhost` or a loopback address.
fn names_loopback(header: &str) -> bool {
    let host = match header.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => header,
    };
    Host::parse(host).is_ok_and(|host| host.is_loopback())
}

#[cfg(test)]
mod tests;
