//! What the port answers: the upgrade to a session, health, metrics, settings, what is kept, and the wish to stop.
//!
//! Every answer about the daemon comes from the hub by way of its own queue, so that an answer proves that the io
//! loop goes round.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use exai_wire::{FRAME_BYTES_MAX, SUBPROTOCOL};
use tokio::sync::{mpsc, oneshot};

use crate::connection::PONGS_MAX;
use crate::event::Event;
use crate::guard::{Guard, Refusal};
use crate::listen::Meter;
use crate::lookups::{self, Library};
use crate::metrics;
use crate::snapshot::Snapshot;
use crate::work::Pulse;

/// Per connection, each way; frames of calls are small. A thousand idle sessions hold 32 MB at most.
const BUFFER_BYTES: usize = 16 << 10;

/// What the library may hold for a peer that does not read: one frame, what is left of others, and pongs.
const WRITE_BYTES_MAX: usize = FRAME_BYTES_MAX + 2 * BUFFER_BYTES + PONGS_MAX;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Web {
    /// The way to the hub.
    pub(crate) events: mpsc::Sender<Event>,
    /// Who may ask.
    pub(crate) guard: Arc<Guard>,
    /// Settings that are in force, without secrets.
    pub(crate) settings: Arc<BTreeMap<String, String>>,
    /// What is kept, for those who look on.
    pub(crate) library: Library,
    /// What the work runtime tells of itself.
    pub(crate) pulse: Pulse,
}

/// All routes.
pub(crate) fn router(web: Web) -> Router {
    Router::new()
        .route("/", get(session))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics_page))
        .route("/status", get(status))
        .route("/settings", get(settings))
        .route("/stop", post(stop))
        .merge(lookups::routes())
        .layer(map_response(last))
        .with_state(web)
}

/// A connection is good for one answer, so that nobody keeps a place by asking on and on.
async fn last(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl Web {
    /// Asks the hub by way of its queue.
    pub(crate) async fn ask<T>(&self, event: impl FnOnce(oneshot::Sender<T>) -> Event) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.events.send(event(answer)).await.map_err(|_| Refusal::Ending)?;
        answered.await.map_err(|_| Refusal::Ending)
    }

    async fn snapshot(&self) -> Result<Snapshot, Refusal> {
        self.ask(Event::Asked).await
    }

    /// For people, who compare the numbers: those of the providers are as new as those of the calls.
    async fn fresh_snapshot(&self) -> Result<Snapshot, Refusal> {
        self.pulse.refresh().await;
        self.snapshot().await
    }
}

async fn session(
    State(web): State<Web>,
    ConnectInfo(meter): ConnectInfo<Meter>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(|_| Refusal::NotAnUpgrade)?.protocols([SUBPROTOCOL]);
    web.guard.check_session(&headers)?;
    if upgrade.selected_protocol().is_none() {
        return Err(Refusal::Subprotocol);
    }
    let upgrade = upgrade
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        meter.upgraded();
        let _ = web.events.send(Event::Opened(Box::new(socket), meter)).await;
    }))
}

/// The io loop goes round.
async fn live(State(web): State<Web>) -> Result<&'static str, Refusal> {
    web.snapshot().await?;
    Ok("live\n")
}

/// A connection and its `hello` succeed now.
async fn ready(State(web): State<Web>) -> Result<Response, Refusal> {
    let snapshot = web.snapshot().await?;
    let code = if snapshot.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let brief = serde_json::json!({
        "state": snapshot.state,
        "version": snapshot.version,
        "journal": snapshot.journal,
        "epoch": snapshot.epoch,
        "in_flight": snapshot.in_flight,
        "oldest_in_flight_ms": snapshot.oldest_in_flight_ms,
        "lag_ms": snapshot.lag_ms,
        "why": snapshot.why,
    });
    Ok((code, json(brief.to_string())).into_response())
}

async fn metrics_page(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Refusal> {
    web.guard.check_page(&headers)?;
    let snapshot = web.fresh_snapshot().await?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::render(&snapshot)).into_response())
}

async fn status(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Refusal> {
    web.guard.check(&headers)?;
    Ok(json(web.fresh_snapshot().await?.json()).into_response())
}

async fn settings(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Refusal> {
    web.guard.check(&headers)?;
    Ok(json(serde_json::to_string(web.settings.as_ref()).unwrap_or_default()).into_response())
}

async fn stop(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Refusal> {
    web.guard.check(&headers)?;
    web.events.send(Event::StopAsked).await.map_err(|_| Refusal::Ending)?;
    Ok((StatusCode::ACCEPTED, json(r#"{"state":"draining"}"#.to_owned())).into_response())
}

pub(crate) fn json(text: String) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "application/json")], text + "\n")
}
