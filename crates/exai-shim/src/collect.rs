//! `collect`: waits for the answer of another call. The shim serves it.

use std::time::Duration;

use exai_mcp::IncomingCall;
use exai_wire::CallId;
use serde_json::value::RawValue;

use crate::answer;
use crate::calls::{Kind, Stage};
use crate::params;
use crate::rounds::Turn;
use crate::shim::Shim;

/// Its name.
pub(crate) const COLLECT: &str = "collect";

impl Shim {
    /// Joins the call that is named, or sends for it.
    pub(crate) fn on_collect(&mut self, now: Duration, call: &IncomingCall, mut turn: Turn) {
        let key = call.key;
        let (call_id, wait) = match collect_arguments(&call.params) {
            Ok(arguments) => arguments,
            Err(sentence) => return self.engine.answer(now, key, answer::failure(&sentence)),
        };
        turn.call_id = call_id;
        let mut open = self.opened(now, call, Kind::Collect, turn);
        open.waited = wait.map(|wait| now.saturating_add(wait.saturating_sub(open.earlier)));
        open.until = [open.until, open.waited].into_iter().flatten().min();
        open.stage = Stage::Given;
        self.calls.insert(key, open);
        self.join(now, key, &open);
    }
}

/// The id of the call, and how long to wait for its answer. Models write numbers as texts, too.
fn collect_arguments(params: &RawValue) -> Result<(CallId, Option<Duration>), String> {
    let mut arguments = params::arguments(params);
    let mut text = |name: &str| {
        let raw = arguments.remove(name).map(RawValue::get).filter(|raw| *raw != "null")?;
        Some(serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned()))
    };
    let Some(call_id) = text("call_id") else {
        return Err(
            "`collect` needs the argument call_id: the id of the call, which its answer names.".to_owned()
        );
    };
    let call_id = call_id
        .trim()
        .parse()
        .map_err(|error| format!("`collect`: {error}; `exai calls show` prints the whole one."))?;
    // What is no number of seconds is no wait; the host's patience bounds it in any case.
    let wait = text("wait_s").map(|wait| match wait.trim().parse::<f64>() {
        Ok(seconds) => Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()),
        Err(_) => Err("`collect`: wait_s is a number of seconds.".to_owned()),
    });
    Ok((call_id, wait.transpose()?))
}

#[cfg(test)]
mod tests;
