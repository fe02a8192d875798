//! Accepts connections and answers each on its own thread. A provider that stalls for hours costs one sleeping thread.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::connection::Connection;
use super::http::HttpRequest;
use super::log::Log;
use super::reply::{self, Next};
use super::{End, ErrorReply, Reply, Request, Script, directive, models};
use crate::sync::Watched;

/// Connections served at a time; one more is closed at once. A thread each, so the bound is the machine's.
const MAX_CONNECTIONS: usize = 2048;
/// Enough for the parsing of a body; the default of 2 MiB times 2048 would be address space for nothing.
const STACK_BYTES: usize = 512 * 1024;

type Decide = Arc<dyn Fn(&Request) -> Option<Script> + Send + Sync>;

/// Everything that connections share.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) log: Log,
    pub(crate) behaviour: Watched<Behaviour>,
    sockets: Watched<Sockets>,
    stopped: AtomicBool,
}

/// Who decides what a request gets.
#[derive(Default)]
pub(crate) struct Behaviour {
    pub(crate) decide: Option<Decide>,
    pub(crate) queue: VecDeque<Script>,
    pub(crate) default: Script,
    /// What a question which models there are gets.
    pub(crate) models: Reply,
    /// Such questions so far.
    pub(crate) models_asked: usize,
}

impl std::fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Behaviour")
            .field("queue", &self.queue)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Sockets {
    last: u64,
    open: BTreeMap<u64, TcpStream>,
}

impl Server {
    pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<(Arc<Self>, TcpListener)> {
        let listener = TcpListener::bind(address)
            .with_context(|| format!("simulated provider: can't listen on {address}"))?;
        let server = Self {
            log: Log::new(),
            behaviour: Watched::default(),
            sockets: Watched::default(),
            stopped: AtomicBool::new(false),
        };
        Ok((Arc::new(server), listener))
    }

    /// Serves until [`Server::stop`]; returns when every connection has ended.
    pub(crate) fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            let Ok(stream) = stream else { continue };
            let Some(number) = self.register(&stream) else { continue };
            let server = Arc::clone(self);
            let serve = move || {
                if let Ok(connection) = Connection::new(stream) {
                    server.serve(connection, number);
                }
                server.forget(number);
            };
            let thread = std::thread::Builder::new().name("sim-provider".into()).stack_size(STACK_BYTES);
            if thread.spawn(serve).is_err() {
                self.forget(number);
            }
        }
        // Every thread removes its socket when it is done, and `stop` has ended them all.
        self.sockets.wait(Duration::from_secs(5), |sockets| sockets.open.is_empty().then_some(()));
    }

    /// Ends the accepting thread and every connection.
    pub(crate) fn stop(&self, address: SocketAddr) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; a failure means that it is awake or gone.
        let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        self.sockets.read(|sockets| {
            for socket in sockets.open.values() {
                let _ = socket.shutdown(Shutdown::Both);
            }
        });
    }

    pub(crate) fn open_sockets(&self) -> usize {
        self.sockets.read(|sockets| sockets.open.len())
    }

    pub(crate) fn wait_sockets(&self, most: usize, timeout: Duration) -> anyhow::Result<()> {
        self.sockets.wait(timeout, |sockets| (sockets.open.len() <= most).then_some(())).with_context(|| {
            format!("{} sockets are open after {timeout:?}, not {most}", self.open_sockets())
        })
    }

    fn register(&self, stream: &TcpStream) -> Option<u64> {
        let handle = stream.try_clone().ok()?;
        self.sockets.change(|sockets| {
            if sockets.open.len() >= MAX_CONNECTIONS {
                return None;
            }
            sockets.last += 1;
            sockets.open.insert(sockets.last, handle);
            Some(sockets.last)
        })
    }

    fn forget(&self, number: u64) {
        self.sockets.change(|sockets| sockets.open.remove(&number));
    }

    fn serve(&self, mut connection: Connection, number: u64) {
        while let Some(request) = connection.next_request() {
            let path = request.path.split('?').next().unwrap_or_default();
            let next = match (request.method.as_str(), path) {
                ("POST", path) if path.ends_with("/chat/completions") => self.chat(&mut connection, &request),
                ("GET", path) if path.ends_with("/models") => self.list(&mut connection),
                ("GET", "/sim/log") => plain(&mut connection, 200, &self.log.json()),
                _ => {
                    plain(&mut connection, 404, &json!({"error": {"code": "404", "message": "no such path"}}))
                }
            };
            if let Next::Close(cut) = next {
                // The second handle would keep a reset from being sent.
                self.forget(number);
                if let Some(cut) = cut {
                    connection.cut(cut);
                }
                return;
            }
        }
    }

    fn chat(&self, connection: &mut Connection, request: &HttpRequest) -> Next {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return plain(connection, 400, &json!({"error": {"code": "1210", "message": "no JSON"}}));
        };
        let entry = self.log.open(request, body);
        let script = self.script_for(&entry);
        let (how, next) = reply::send(connection, &self.log, &entry, script);
        let stopped = how == End::ClientClosed && self.stopped.load(Ordering::SeqCst);
        self.log.ended(entry.number, if stopped { End::Stopped } else { how });
        next
    }

    fn list(&self, connection: &mut Connection) -> Next {
        let reply = self.behaviour.change(|b| {
            b.models_asked += 1;
            b.models.clone()
        });
        models::send(connection, reply)
    }

    fn script_for(&self, request: &Request) -> Script {
        let decide = self.behaviour.read(|b| b.decide.clone());
        if let Some(script) = decide.and_then(|decide| decide(request)) {
            return script;
        }
        if let Some(script) = self.behaviour.change(|b| b.queue.pop_front()) {
            return script;
        }
        match directive::script_in(&request.prompt, &request.provider, request.nth) {
            Ok(Some(script)) => script,
            Ok(None) => self.behaviour.read(|b| b.default.clone()),
            // A misspelt directive must not look like a healthy answer.
            Err(error) => Script {
                delay: Duration::ZERO,
                reply: Reply::Error(ErrorReply::glm(400, "1210", &error.to_string())),
            },
        }
    }
}

fn plain(connection: &mut Connection, status: u16, body: &Value) -> Next {
    let reply = ErrorReply {
        status,
        headers: Vec::new(),
        content_type: "application/json".into(),
        body: body.to_string(),
    };
    match connection.write(&reply::whole_response(&reply)) {
        Ok(()) => Next::Request,
        Err(_) => Next::Close(None),
    }
}
