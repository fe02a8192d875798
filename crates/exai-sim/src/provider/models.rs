//! The list of models: `GET …/models`.

use serde_json::{Value, json};

use super::connection::Connection;
use super::reply::{Next, whole_response};
use super::{ErrorReply, Reply};

/// What it answers with until a test says otherwise.
const DEFAULT: &str = "sim-model";

/// A list with these ids, as OpenAI and its imitators write it.
pub(super) fn list(ids: &[&str]) -> ErrorReply {
    let data: Vec<Value> =
        ids.iter().map(|id| json!({"id": id, "object": "model", "owned_by": "sim"})).collect();
    ErrorReply { body: json!({"object": "list", "data": data}).to_string(), ..ErrorReply::glm(200, "", "") }
}

/// Sends what `reply` says; where it is the answer to a chat, the usual list.
pub(super) fn send(connection: &mut Connection, reply: Reply) -> Next {
    let reply = match reply {
        Reply::Error(reply) => reply,
        Reply::Hang => {
            connection.pause_for_ever();
            return Next::Close(None);
        }
        Reply::Close(cut) => return Next::Close(Some(cut)),
        Reply::Stream(_) | Reply::Json | Reply::Raw(_) => list(&[DEFAULT]),
    };
    match connection.write(&whole_response(&reply)) {
        Ok(()) => Next::Request,
        Err(_) => Next::Close(None),
    }
}
