//! What must hold in every transcript, whatever the test is about.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{bail, ensure};
use serde_json::Value;

use super::transcript::{Direction, Line, Transcript};
use super::{Pending, Revision};

/// One request of the host, as the transcript tells it.
#[derive(Debug, Default)]
struct Story {
    answers: usize,
    cancelled: bool,
    method: String,
}

impl Transcript {
    /// Checks that the server said nothing but JSON-RPC, answered nothing that was not asked and nothing twice, sent no
    /// request, and sent progress only for tokens it was given: strictly rising, none after the answer.
    ///
    /// # Errors
    /// Names the first line that breaks a rule.
    pub fn check(&self) -> anyhow::Result<()> {
        self.walk().map(drop)
    }

    /// As [`Transcript::check`], and every request that was not cancelled has been answered (an open
    /// `subscriptions/listen` excepted).
    ///
    /// # Errors
    /// Names the first line that breaks a rule, or the requests without an answer.
    pub fn check_complete(&self) -> anyhow::Result<()> {
        let stories = self.walk()?;
        let open: Vec<&String> = stories
            .iter()
            .filter(|(_, story)| story.answers == 0 && !story.cancelled)
            .filter(|(_, story)| story.method != "subscriptions/listen")
            .map(|(id, _)| id)
            .collect();
        ensure!(open.is_empty(), "requests without an answer: {open:?}\n{}", self.tail(20));
        Ok(())
    }

    /// Checks that a request has exactly one answer.
    ///
    /// # Errors
    /// It has none, or several.
    pub fn check_answered_once(&self, pending: &Pending) -> anyhow::Result<()> {
        let count = self.received().flat_map(Line::answered).filter(|id| **id == pending.id).count();
        ensure!(count == 1, "request {} has {count} answers\n{}", pending.id, self.tail(20));
        Ok(())
    }

    /// Checks that nothing about a request (answer or progress) came after `at`.
    ///
    /// # Errors
    /// Names the line.
    pub fn check_quiet_after(&self, pending: &Pending, at: Duration) -> anyhow::Result<()> {
        let about = |line: &&Line| {
            line.answered().any(|id| *id == pending.id)
                || line.progress().is_some_and(|(token, _)| Some(token) == pending.token.as_ref())
        };
        match self.received().filter(about).find(|line| line.at > at) {
            Some(line) => bail!("request {} is over, but at {:?} came {}", pending.id, line.at, line.text),
            None => Ok(()),
        }
    }

    /// The revision that requests and their answers follow from here on: by `initialize`, or by the newest message's
    /// own `_meta`.
    pub fn revision_of(message: &Value) -> Option<Revision> {
        let named = message
            .pointer("/params/_meta/io.modelcontextprotocol~1protocolVersion")
            .or_else(|| message.pointer("/result/protocolVersion"))?;
        Revision::ALL.into_iter().find(|revision| named == revision.text())
    }

    fn walk(&self) -> anyhow::Result<BTreeMap<String, Story>> {
        let mut walk = Walk::default();
        for line in self.lines() {
            let step = match line.direction {
                Direction::Sent => {
                    walk.sent(line);
                    Ok(())
                }
                Direction::Received => walk.received(line),
            };
            step.map_err(|e| e.context(format!("at {:?} the server wrote {}", line.at, line.text)))?;
        }
        Ok(walk.stories)
    }
}

#[derive(Default)]
struct Walk {
    stories: BTreeMap<String, Story>,
    /// The last value of each open token, and the request that gave it.
    tokens: BTreeMap<String, (Option<f64>, String)>,
    /// A line that is no JSON-RPC was sent: one error without an id is owed for each.
    garbage: usize,
}

impl Walk {
    fn sent(&mut self, line: &Line) {
        if line.json.is_none() {
            self.garbage += 1;
        }
        for message in line.messages() {
            let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
            let params = message.get("params");
            match message.get("id") {
                Some(id) => {
                    // An id may be used again once its request is over.
                    let id = id.to_string();
                    let story = Story { method: method.to_owned(), ..Story::default() };
                    self.stories.insert(id.clone(), story);
                    if let Some(token) = params.and_then(|p| p.pointer("/_meta/progressToken")) {
                        self.tokens.insert(token.to_string(), (None, id));
                    }
                }
                None if method == "notifications/cancelled" => {
                    let id = params.and_then(|p| p.get("requestId")).unwrap_or(&Value::Null).to_string();
                    if let Some(story) = self.stories.get_mut(&id) {
                        story.cancelled = true;
                    }
                }
                None => self.garbage += usize::from(method.is_empty()),
            }
        }
    }

    fn received(&mut self, line: &Line) -> anyhow::Result<()> {
        ensure!(line.json.is_some(), "no JSON");
        if let Some((token, value)) = line.progress() {
            let Some((last, _)) = self.tokens.get_mut(&token.to_string()) else {
                bail!("progress for a token that no open request gave");
            };
            ensure!(last.is_none_or(|last| value > last), "progress that does not rise");
            *last = Some(value);
        }
        for message in line.messages() {
            ensure!(message.get("jsonrpc").is_some_and(|v| v == "2.0"), "no JSON-RPC 2.0");
            ensure!(message.get("method").is_none() || message.get("id").is_none(), "a request to the host");
        }
        for id in line.answered() {
            self.answered(id)?;
        }
        Ok(())
    }

    fn answered(&mut self, id: &Value) -> anyhow::Result<()> {
        if id.is_null() && self.garbage > 0 {
            self.garbage -= 1;
            return Ok(());
        }
        let id = id.to_string();
        let Some(story) = self.stories.get_mut(&id) else {
            bail!("an answer to a request that was not sent")
        };
        story.answers += 1;
        ensure!(story.answers == 1, "a second answer");
        self.tokens.retain(|_, (_, owner)| *owner != id);
        Ok(())
    }
}
