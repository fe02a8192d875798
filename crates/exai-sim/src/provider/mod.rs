//! A simulated OpenAI-compatible provider on a real socket, with faults by script.
//!
//! It serves `POST …/chat/completions` and `GET …/models` under any prefix; the first path segment names the provider,
//! and `kimi` answers in Kimi's shapes, everything else in GLM's. What an answer looks like is decided, in this order,
//! by the test's function ([`SimProvider::decide`]), its queue ([`SimProvider::push`]), directives in the prompt
//! (`[[sim: chunks=10 gap=100ms]]`, see [`directive`]), and the default script. It may be made on the way, or be bytes as
//! they are ([`Raw`]), for example those that real providers document ([`fixtures`]).
//!
//! A request whose last message is the assistant's, or is the turn by which exai asks for the rest of a message, goes on
//! from that beginning: it belongs to the prompt before, and is sent what comes after (see [`GoingOn`]).

mod answer;
mod connection;
mod contents;
pub mod directive;
pub mod fixtures;
mod http;
mod log;
mod models;
mod raw;
mod reply;
mod script;
mod serve;
mod server;
mod shape;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

pub use answer::{answer_to, digest, wide_answer_to};
pub use log::{End, Ended, Request};
pub use raw::{Cuts, Raw, RawEnd, RawFraming};
pub use script::{Cut, Done, ErrorReply, Fault, FaultKind, Framing, GoingOn, Reply, Script, Stream, Writes};
pub use serve::{Lifetime, ServeOptions, serve_blocking};
pub use shape::Shape;

use server::Server;

/// A running simulated provider; it ends, and all its sockets close, when this is dropped.
#[derive(Debug)]
pub struct SimProvider {
    server: Arc<Server>,
    address: SocketAddr,
    acceptor: Option<std::thread::JoinHandle<()>>,
}

impl SimProvider {
    /// Starts a provider on a free loopback port.
    ///
    /// # Errors
    /// No port can be bound, or no thread started.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Starts a provider on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address can't be bound, or no thread started.
    pub fn start_on(address: SocketAddr) -> anyhow::Result<Self> {
        let (server, listener) = Server::bind(address)?;
        let address = listener.local_addr()?;
        let accepting = Arc::clone(&server);
        let acceptor = std::thread::Builder::new()
            .name("sim-accept".into())
            .spawn(move || accepting.accept(&listener))?;
        Ok(Self { server, address, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of the provider of this name, for example `http://127.0.0.1:4711/kimi/v1`.
    pub fn base_url(&self, name: &str) -> String {
        format!("http://{}/{name}/v1", self.address)
    }

    /// The next request that no earlier script was pushed for follows this one.
    pub fn push(&self, script: Script) {
        self.server.behaviour.change(|b| b.queue.push_back(script));
    }

    /// Requests that nothing else decides about follow this script from now on.
    pub fn set_default(&self, script: Script) {
        self.server.behaviour.change(|b| b.default = script);
    }

    /// Asks `decide` first, for every request; `None` leaves the decision to queue, directives and default.
    pub fn decide(&self, decide: impl Fn(&Request) -> Option<Script> + Send + Sync + 'static) {
        self.server.behaviour.change(|b| b.decide = Some(Arc::new(decide)));
    }

    /// Questions which models there are get this from now on: an error reply or a silence as it is, anything else the usual
    /// list.
    pub fn set_models(&self, reply: Reply) {
        self.server.behaviour.change(|b| b.models = reply);
    }

    /// They get a list of these ids.
    pub fn list_models(&self, ids: &[&str]) {
        self.set_models(Reply::Error(models::list(ids)));
    }

    /// Waits until so many of them were asked, of any provider that this one plays.
    ///
    /// # Errors
    /// They are not within `timeout`.
    pub fn wait_models(&self, least: usize, timeout: Duration) -> anyhow::Result<()> {
        let asked = self.server.behaviour.wait(timeout, |b| (b.models_asked >= least).then_some(()));
        asked.with_context(|| format!("it was asked for its models {} times", self.models_asked()))
    }

    /// How often it was asked which models there are.
    pub fn models_asked(&self) -> usize {
        self.server.behaviour.read(|b| b.models_asked)
    }

    /// All chat requests so far, oldest first (the newest 65,536 of them).
    pub fn requests(&self) -> Vec<Request> {
        self.server.log.requests()
    }

    /// Waits until the log satisfies `enough`, and returns it.
    ///
    /// # Errors
    /// It does not within `timeout`; the error lists what was logged.
    pub fn wait_for(
        &self,
        timeout: Duration,
        enough: impl Fn(&[Request]) -> bool,
    ) -> anyhow::Result<Vec<Request>> {
        self.server.log.wait_for(timeout, enough)
    }

    /// The chat requests with this prompt so far, oldest first.
    pub fn asked(&self, prompt: &str) -> Vec<Request> {
        let digest = digest(prompt);
        self.requests().into_iter().filter(|request| request.digest == digest).collect()
    }

    /// Waits until no request with this prompt is open, and gives all there were, oldest first.
    ///
    /// # Errors
    /// One still is when `timeout` has passed.
    pub fn ended(&self, prompt: &str, timeout: Duration) -> anyhow::Result<Vec<Request>> {
        let digest = digest(prompt);
        self.wait_for(timeout, |log| log.iter().all(|r| r.digest != digest || !r.is_open()))?;
        Ok(self.asked(prompt))
    }

    /// Waits until the `nth` request with this prompt has been sent so many pieces of its answer.
    ///
    /// # Errors
    /// It has not when `timeout` has passed.
    pub fn wait_events(&self, prompt: &str, nth: u64, events: u64, timeout: Duration) -> anyhow::Result<()> {
        let digest = digest(prompt);
        let seen = |r: &Request| r.digest == digest && r.nth == nth && r.events >= events;
        self.wait_for(timeout, |log| log.iter().any(seen))?;
        Ok(())
    }

    /// How long this provider has been running: the clock of all times in the log.
    pub fn now(&self) -> Duration {
        self.server.log.now()
    }

    /// Sockets that are open at this moment, idle kept-alive ones among them.
    pub fn open_sockets(&self) -> usize {
        self.server.open_sockets()
    }

    /// Waits until at most `most` sockets are open.
    ///
    /// # Errors
    /// More are open when `timeout` has passed.
    pub fn wait_sockets(&self, most: usize, timeout: Duration) -> anyhow::Result<()> {
        self.server.wait_sockets(most, timeout)
    }
}

impl Drop for SimProvider {
    fn drop(&mut self) {
        self.server.stop(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            // A panic there has been reported by its own thread.
            let _ = acceptor.join();
        }
    }
}

#[cfg(test)]
mod tests;
