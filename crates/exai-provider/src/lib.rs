//! What is said to model APIs, and when.
//!
//! The host receives a result whole, so nothing is committed to it until the end: an attempt that fails in the
//! middle of its stream can be made again, here or elsewhere, from its beginning or from where it broke off, with
//! nothing visible but a note.
//!
//! Invariants: no I/O, no clock, no randomness of its own ([`Transport`], [`Timer`], seed); every wait has a
//! deadline that is a timer and not a test on arrival; at most three requests that may be billed for a call, all
//! causes together ([`Gate`]); no model's name in code (`models.toml`); nothing from a provider reaches a message
//! before keys are struck out of it.

mod answer;
mod attempt;
mod backoff;
mod before;
mod blame;
mod breaker;
mod broke;
mod bucket;
mod calendar;
mod call;
mod catalogue;
mod cause;
mod chat;
mod chunk;
mod circuits;
mod classify;
mod clocks;
mod config;
mod continuation;
mod continued;
mod day;
mod dialect;
mod discovering;
mod discovery;
mod error_body;
mod fair_queue;
mod fence;
mod flights;
mod gate;
mod health;
mod kept;
mod key;
mod known;
mod left_out;
mod limit;
mod memory;
mod minute;
mod model;
mod nearest;
mod observer;
mod pace;
mod page;
mod places;
mod prefix;
mod providers;
mod quarantine;
mod redact;
mod reply;
mod request;
mod reset_time;
mod retry_after;
mod retry_budget;
mod route;
mod sample;
mod sentence;
mod silence;
mod span;
mod spend;
mod splice;
mod sse;
mod state;
mod stream;
mod succession;
mod surrogates;
mod timer;
mod tokens;
mod tolerant;
mod transport;
mod wake;

pub use before::{Before, Fate};
pub use broke::Broke;
pub use catalogue::{Catalogue, CatalogueError};
pub use cause::{Cause, StallClock, words};
pub use chat::{Chat, Effort, Fallback, Message, Role, UnknownEffort};
pub use config::{Bounds, ClockOverrides, FallbackPolicy, ProviderConfig, ProvidersConfig, StreamTimeout};
pub use continued::Continued;
pub use day::{Day, NoDay};
pub use gate::{Denied, Gate};
pub use health::{BreakerState, HealthState, KeyHealth, ProviderHealth};
pub use kept::{Kept, KeptSeam};
pub use key::{Key, KeyError};
pub use memory::{Forgetful, Memory, Remembered};
pub use model::{Capability, Status};
pub use nearest::nearest;
pub use observer::Observer;
pub use providers::{CallContext, ModelInfo, Providers};
pub use reply::{AttemptReport, Ending, Failure, Reply, ToolCall, Usage};
pub use span::{span, span_ms};
pub use timer::Timer;
pub use tokens::{message_tokens, room, tokens};
pub use transport::{
    Body, BoxFuture, Method, Request, Response, Transport, TransportError, TransportErrorKind,
};
