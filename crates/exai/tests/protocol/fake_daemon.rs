//! A daemon by the protocol's text alone: it answers every call at once, and can tell of other tools, of another
//! release, or turn everybody away.

use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use exai_sim::process::Exai;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept_hdr};

use crate::world::installation;

/// The session protocol's name in the upgrade.
const SUBPROTOCOL: &str = "exai.v1";

/// What it does with everybody who comes.
#[derive(Clone)]
enum Manner {
    Welcome { release: String },
    Reject(Value),
}

struct Shared {
    manner: Manner,
    tools: Option<Value>,
    open: Vec<TcpStream>,
    hellos: Vec<Value>,
}

pub(crate) struct FakeDaemon {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

impl FakeDaemon {
    /// One of this release.
    pub(crate) fn start() -> Self {
        Self::with(Manner::Welcome { release: env!("CARGO_PKG_VERSION").to_owned() })
    }

    /// One that says that it is of this release.
    pub(crate) fn of_release(release: &str) -> Self {
        Self::with(Manner::Welcome { release: release.to_owned() })
    }

    /// One that answers every greeting with this frame.
    pub(crate) fn rejecting(frame: Value) -> Self {
        Self::with(Manner::Reject(frame))
    }

    fn with(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared { manner, tools: None, open: Vec::new(), hellos: Vec::new() };
        let shared = Arc::new(Mutex::new(shared));
        let theirs = Arc::clone(&shared);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { port, shared }
    }

    /// An installation that is configured to dial it.
    pub(crate) fn installation(&self) -> Exai {
        let mut exai = installation();
        exai.set("EXAI_WS_PORT", &self.port.to_string());
        exai
    }

    /// From the next greeting on it has other tools than this release.
    pub(crate) fn change_tools(&self) {
        let tool = |name: &str| json!({"name": name, "description": "d", "inputSchema": {"type": "object"}});
        self.shared.lock().unwrap().tools = Some(json!([tool("chat"), tool("newer")]));
    }

    /// Ends every connection.
    pub(crate) fn hang_up(&self) {
        for stream in self.shared.lock().unwrap().open.drain(..) {
            // One that has ended already is as good.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// All greetings so far.
    pub(crate) fn hellos(&self) -> Vec<Value> {
        self.shared.lock().unwrap().hellos.clone()
    }
}

#[expect(clippy::result_large_err, reason = "the library's signature")]
fn serve(stream: TcpStream, shared: &Mutex<Shared>) {
    shared.lock().unwrap().open.push(stream.try_clone().unwrap());
    let choose = |_: &Request, mut response: Response| {
        response.headers_mut().insert("Sec-WebSocket-Protocol", SUBPROTOCOL.parse().unwrap());
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr(stream, choose) else { return };
    while let Ok(message) = socket.read() {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if answer(&mut socket, &frame, shared).is_err() {
            return;
        }
    }
}

type Sent = Result<(), tokio_tungstenite::tungstenite::Error>;

fn answer(socket: &mut WebSocket<TcpStream>, frame: &Value, shared: &Mutex<Shared>) -> Sent {
    let mut say = |frame: Value| socket.send(Message::text(frame.to_string()));
    match frame["t"].as_str() {
        Some("hello") => {
            let (manner, changed) = {
                let mut shared = shared.lock().unwrap();
                shared.hellos.push(frame.clone());
                (shared.manner.clone(), shared.tools.is_some())
            };
            match manner {
                Manner::Welcome { release } => say(welcome(frame, &release, changed)),
                Manner::Reject(frame) => say(frame),
            }
        }
        Some("get_catalogue") => {
            let tools = shared.lock().unwrap().tools.clone();
            say(json!({"t": "catalogue", "hash": "newer", "tools": tools.unwrap_or_else(|| json!([]))}))
        }
        Some("call") => {
            let text = format!("fake answer to {}", frame["params"]["arguments"]["prompt"]);
            let body = json!({"content": [{"type": "text", "text": text}], "isError": false, "resultType": "complete"});
            say(json!({"t": "accepted", "call_id": frame["call_id"]}))?;
            say(
                json!({"t": "result", "call_id": frame["call_id"], "attempt": 1, "outcome": "ok", "body": body}),
            )
        }
        _ => Ok(()),
    }
}

fn welcome(hello: &Value, release: &str, changed: bool) -> Value {
    let known = hello["open"].as_array().into_iter().flatten();
    let calls: Vec<Value> = known.map(|open| json!({"call_id": open["call_id"], "known": false})).collect();
    json!({
        "t": "welcome", "proto": 1, "journal": "00112233445566778899aabbccddeeff", "epoch": 1, "version": release,
        "calls": calls, "catalogue_hash": if changed { "newer" } else { "as before" },
        "limits": {"in_flight": 64, "bytes": 67_108_864}, "beat_ms": 2000,
        "reconnect": {"base_ms": 50, "cap_ms": 250}, "state": "ready",
    })
}
