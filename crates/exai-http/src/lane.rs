//! A lane: the thread of one endpoint. Its connections live there, and the calls that ask it first: they wake each other without a
//! second thread, and an endpoint that floods its connections takes time from nobody else's.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{Builder as Thread, JoinHandle, ThreadId};

use bytes::Bytes;
use exai_provider::{Body, BoxFuture, Response, TransportError, TransportErrorKind};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

/// The visible length of a thread's name on Linux.
const NAME_MAX: usize = 15;

/// Pieces of an answer that wait for who reads them on another thread; the connection waits behind them.
const PIECES: usize = 1;

/// Most threads of a runtime on which calls run for what blocks in them: reading the journal.
pub const BLOCKING_THREADS: usize = 32;

/// A runtime of one thread. It ends with the last handle, or when it is told to.
pub(crate) struct Lane {
    handle: Handle,
    thread: ThreadId,
    stop: Arc<Notify>,
}

impl Lane {
    /// Starts it for the endpoint of this name.
    ///
    /// # Errors
    /// If the operating system gives no thread or no event queue.
    pub(crate) fn start(endpoint: &str) -> io::Result<Self> {
        Self::start_with(endpoint, Thread::spawn)
    }

    fn start_with(
        endpoint: &str,
        spawn: impl FnOnce(Thread, Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>,
    ) -> io::Result<Self> {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let name: String = format!("exai-to-{endpoint}").chars().take(NAME_MAX).collect();
        // The thread comes first: a runtime that is dropped where calls run, for want of one, would panic there.
        let (hand_over, handed_over) = sync_channel::<Runtime>(1);
        let work = move || handed_over.recv().map_or((), |runtime| run(runtime, &stopped));
        let thread = spawn(Thread::new().name(name), Box::new(work))?;
        let runtime =
            Builder::new_current_thread().max_blocking_threads(BLOCKING_THREADS).enable_all().build()?;
        let handle = runtime.handle().clone();
        if let Err(unheard) = hand_over.send(runtime) {
            unheard.0.shutdown_background();
        }
        Ok(Self { handle, thread: thread.thread().id(), stop })
    }

    /// Its runtime.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether this is its thread.
    pub(crate) fn is_here(&self) -> bool {
        std::thread::current().id() == self.thread
    }

    /// Ends it; what runs there is dropped.
    pub(crate) fn stop(&self) {
        self.stop.notify_one();
    }

    /// Makes a request there, for somebody on another thread. Dropping the future or the answer ends it.
    pub(crate) async fn open(
        self: Arc<Self>,
        request: impl Future<Output = Result<Response, TransportError>> + Send + 'static,
    ) -> Result<Response, TransportError> {
        let (head, told) = oneshot::channel();
        let (pieces, heard) = mpsc::channel(PIECES);
        let mut task = JoinSet::new();
        task.spawn_on(relay(request, head, pieces), &self.handle);
        let Head { status, headers } = told.await.map_err(|_| ended())??;
        Ok(Response { status, headers, body: Box::new(Far { heard, _task: task, _lane: self }) })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

type Piece = Result<Option<Bytes>, TransportError>;

/// An answer, handed on piece by piece.
async fn relay(
    request: impl Future<Output = Result<Response, TransportError>>,
    head: oneshot::Sender<Result<Head, TransportError>>,
    pieces: mpsc::Sender<Piece>,
) {
    let mut body = match request.await {
        Ok(Response { status, headers, body }) => {
            let _ = head.send(Ok(Head { status, headers }));
            body
        }
        Err(error) => {
            let _ = head.send(Err(error));
            return;
        }
    };
    loop {
        let piece = body.chunk().await;
        let is_last = !matches!(piece, Ok(Some(_)));
        if pieces.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// The body of an answer that comes in on another thread.
struct Far {
    heard: mpsc::Receiver<Piece>,
    _task: JoinSet<()>,
    _lane: Arc<Lane>,
}

impl Body for Far {
    fn chunk(&mut self) -> BoxFuture<'_, Piece> {
        Box::pin(async { self.heard.recv().await.unwrap_or_else(|| Err(ended())) })
    }
}

fn ended() -> TransportError {
    TransportError { kind: TransportErrorKind::Broken, message: "its thread has ended".to_owned() }
}

fn run(runtime: Runtime, stop: &Notify) {
    runtime.block_on(stop.notified());
    runtime.shutdown_background();
}

#[cfg(test)]
mod tests;
