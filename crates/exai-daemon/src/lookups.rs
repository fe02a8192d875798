//! What the port answers of calls and conversations, to those with the token.
//!
//! Calls are asked of the hub by way of its own queue. The journal is read by threads of the work runtime, a few at a time:
//! nobody who looks on keeps those waiting who work.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, RawQuery};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use exai_session::{CallList, CallState};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::event::Event;
use crate::guard::Refusal;
use crate::http::{Web, json};
use crate::kept::{self, Found, LookupError, Shelf};
use crate::query::{self, QueryError};

/// Readers at a time. Each may hold an answer of 7 MiB, or as many bytes of turns and one turn more.
const READERS: usize = 2;

/// Where readers read.
#[derive(Clone)]
pub(crate) struct Library {
    shelf: Shelf,
    /// Why there is nothing to read: the journal that should be here can't be used.
    unusable: Option<Arc<str>>,
    threads: Handle,
    places: Arc<Semaphore>,
}

impl Library {
    /// Reads these on threads of that runtime; nothing where their journal can't be used, for this reason.
    pub(crate) fn new(shelf: Shelf, unusable: Option<&str>, threads: Handle) -> Self {
        let unusable = unusable.map(Arc::from);
        Self { shelf, unusable, threads, places: Arc::new(Semaphore::new(READERS)) }
    }

    /// What is kept is not known where the journal can't be used. "There is nothing" would be a lie.
    fn check(&self) -> Result<(), Failed> {
        match &self.unusable {
            Some(why) => Err(Failed::Unusable(Arc::clone(why))),
            None => Ok(()),
        }
    }

    async fn read(&self, read: impl FnOnce(&Shelf) -> Read + Send + 'static) -> Read {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let shelf = self.shelf.clone();
        let reading = self.threads.spawn_blocking(move || {
            let _place = place;
            read(&shelf)
        });
        reading.await.unwrap_or_else(|error| Err(LookupError::Unreadable(error.to_string())))
    }
}

type Read = Result<String, LookupError>;

/// What is answered when there is nothing to tell.
#[derive(Debug)]
pub(crate) enum Failed {
    Refused(Refusal),
    Lookup(LookupError),
    Query(QueryError),
    Unusable(Arc<str>),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<LookupError> for Failed {
    fn from(error: LookupError) -> Self {
        Self::Lookup(error)
    }
}

impl From<QueryError> for Failed {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, sentence) = match self {
            Self::Refused(refusal) => return refusal.into_response(),
            Self::Query(error) => (StatusCode::BAD_REQUEST, error.to_string()),
            Self::Unusable(why) => (StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
            Self::Lookup(error) => {
                let status = match &error {
                    LookupError::Unknown { .. } => StatusCode::NOT_FOUND,
                    LookupError::Ambiguous { .. } => StatusCode::CONFLICT,
                    LookupError::Malformed => StatusCode::BAD_REQUEST,
                    LookupError::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
                };
                (status, error.to_string())
            }
        };
        (status, sentence + "\n").into_response()
    }
}

/// The routes.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/calls", get(calls))
        .route("/calls/{id}", get(call))
        .route("/conversations", get(conversations))
        .route("/conversations/{id}", get(conversation).delete(delete_conversation))
}

/// Whoever asks has shown that he may, and there is something to ask.
struct Admitted(Web);

impl FromRequestParts<Web> for Admitted {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Failed> {
        web.guard.check(&parts.headers)?;
        web.library.check()?;
        Ok(Self(web.clone()))
    }
}

async fn calls(Admitted(web): Admitted, RawQuery(query): RawQuery) -> Result<Response, Failed> {
    let states = states(query::only(query.as_deref(), "state")?)?;
    let found: CallList = web.ask(|answer| Event::CallsAsked(states, answer)).await?;
    Ok(json(kept::list(found)).into_response())
}

async fn call(
    Admitted(web): Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    query::none(query.as_deref())?;
    let digits = kept::digits(&id)?;
    let asked = digits.clone();
    let found: Vec<Found> = web.ask(|answer| Event::CallAsked(asked, answer)).await?;
    let told = web.library.read(move |shelf| shelf.call(&digits, found)).await?;
    Ok(json(told).into_response())
}

async fn conversations(Admitted(web): Admitted, RawQuery(query): RawQuery) -> Result<Response, Failed> {
    query::none(query.as_deref())?;
    Ok(json(web.library.read(Shelf::conversations).await?).into_response())
}

async fn conversation(
    Admitted(web): Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    let digits = kept::digits(&id)?;
    let from = match query::only(query.as_deref(), "from")? {
        Some(from) => from.parse().map_err(|_| QueryError::value(from, "number of a turn"))?,
        None => 0,
    };
    let told = web.library.read(move |shelf| shelf.conversation(&digits, from)).await?;
    Ok(json(told).into_response())
}

async fn delete_conversation(
    Admitted(web): Admitted,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failed> {
    query::none(query.as_deref())?;
    let digits = kept::digits(&id)?;
    let told = web.library.read(move |shelf| shelf.delete_conversation(&digits)).await?;
    Ok(json(told).into_response())
}

/// States by their words; all where none is named.
fn states(words: Option<&str>) -> Result<Vec<CallState>, Failed> {
    let Some(words) = words else { return Ok(CallState::ALL.to_vec()) };
    let state = |word: &str| {
        let known = CallState::ALL.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| QueryError::value(word, "state of a call").into())
    };
    words.split(',').map(state).collect()
}
