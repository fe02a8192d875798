//! The shapes of the tasks extension, by its text: the protocol's own schema does not have them.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value};

use super::Schemas;
use crate::host::Revision;

/// Fields of every task.
const COMMON: [&str; 7] =
    ["taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt", "ttlMs", "pollIntervalMs"];

/// Checks a task whose fields lie flat in `object`, beside those that are named in `others`.
pub(super) fn check(schemas: &Schemas, object: &Value, others: &[&str]) -> anyhow::Result<()> {
    let task = object.as_object().context("a task that is no object")?;
    let payload = match text(task, "status")? {
        "working" | "cancelled" => None,
        "completed" => Some("result"),
        "failed" => Some("error"),
        other => bail!("{other:?} is no status that this server has"),
    };
    ensure!(!text(task, "taskId")?.is_empty(), "a task without a name");
    if task.contains_key("statusMessage") {
        text(task, "statusMessage")?;
    }
    for moment in ["createdAt", "lastUpdatedAt"] {
        ensure!(is_moment(text(task, moment)?), "{moment} is no moment in UTC");
    }
    for number in ["ttlMs", "pollIntervalMs"] {
        ensure!(task.get(number).is_some_and(Value::is_u64), "{number} is no whole number");
    }
    let known = |name: &str| COMMON.contains(&name) || others.contains(&name) || payload == Some(name);
    let stray = task.keys().find(|name| !known(name));
    ensure!(stray.is_none(), "{stray:?} is no field of such a task");
    match payload {
        Some("result") => {
            let result = task.get("result").context("completed without a result")?;
            schemas.check(Revision::V2026_07_28, "CallToolResult", result)
        }
        Some(_) => {
            let error = task.get("error").context("failed without an error")?;
            schemas.check(Revision::V2026_07_28, "Error", error)
        }
        None => Ok(()),
    }
}

fn text<'a>(task: &'a Map<String, Value>, name: &str) -> anyhow::Result<&'a str> {
    task.get(name).and_then(Value::as_str).with_context(|| format!("{name} is no text"))
}

fn is_moment(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00.000Z";
    let fits =
        |(found, wanted): (char, char)| if wanted == '0' { found.is_ascii_digit() } else { found == wanted };
    text.len() == FORM.len() && text.chars().zip(FORM.chars()).all(fits)
}
