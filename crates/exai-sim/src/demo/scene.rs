//! The play itself.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::cast::{Provider, shown};
use super::report::DemoReport;
use super::timeline::Timeline;
use crate::host::{Answer, Direction, Host, Line, Pending, Progress, Revision};
use crate::process::{Daemon, Exai, Group, HANG};
use crate::provider::{answer_to, digest};

/// The long answer: 50 pieces at 150 ms are 7.5 s, long enough to be killed in the middle and for progress to show.
const LONG_CHUNKS: u64 = 50;
/// Pieces sent before the kill.
const KILL_AFTER: u64 = 20;
/// How long nobody starts the daemon again: long enough to be seen.
const AWAY: Duration = Duration::from_millis(1500);
/// Most time for the answers after the restart.
const PATIENCE: Duration = Duration::from_secs(60);

/// A question with what the provider is to say.
struct Question {
    /// What the timeline shows.
    shown: &'static str,
    prompt: String,
    chunks: u64,
}

/// A question that was asked.
struct Call {
    question: Question,
    pending: Pending,
}

impl Question {
    fn short(shown: &'static str) -> Self {
        Self { shown, prompt: format!("{shown} [[sim: chunks=3 gap=10ms]]"), chunks: 3 }
    }

    fn long(shown: &'static str) -> Self {
        let prompt = format!("{shown} [[sim: chunks={LONG_CHUNKS} gap=150ms]]");
        Self { shown, prompt, chunks: LONG_CHUNKS }
    }
}

/// Everybody on stage.
struct Scene<'a> {
    timeline: Timeline<'a>,
    provider: Provider,
    exai: Exai,
    host: Host,
    /// When the host's clock began on that of the timeline.
    offset: Duration,
    calls: Vec<Call>,
    /// Lines of the transcript that have been shown.
    seen: usize,
}

pub(super) fn play(exe: &Path, out: &mut dyn Write) -> anyhow::Result<DemoReport> {
    let mut timeline = Timeline::new(out);
    timeline.say("A host, a shim, a daemon and a simulated provider, as real processes on this machine.")?;
    timeline
        .say("The daemon is going to be killed in the middle of an answer. This is what the host sees:\n")?;
    let mut scene = Scene::open(exe, timeline)?;
    let result = scene.run();
    if result.is_err() {
        // What the processes said is all that there is to explain it.
        scene.timeline.say(&scene.exai.log_tails())?;
    }
    result
}

impl<'a> Scene<'a> {
    fn open(exe: &Path, mut timeline: Timeline<'a>) -> anyhow::Result<Self> {
        let provider = Provider::start(exe)?;
        let mut exai = Exai::new(exe)?;
        exai.group(Group::Shared).with_provider_at(provider.address);
        timeline.event(
            "provider",
            &format!("process {} listens on {}", provider.child.pid(), provider.address),
        )?;
        let offset = timeline.now();
        let host = exai.host()?;
        timeline.event_at(offset, "host", &format!("starts `exai shim`, process {}", host.child().pid()))?;
        Ok(Self { timeline, provider, exai, host, offset, calls: Vec::new(), seen: 0 })
    }

    fn run(&mut self) -> anyhow::Result<DemoReport> {
        self.greet()?;
        let first = self.start_daemon()?;
        self.ask(Question::short("What is a session?"), Progress::Unwanted)?;
        self.watch()?;
        let long = Question::long("Tell me a long story.");
        let long_digest = digest(&long.prompt);
        self.ask(long, Progress::Wanted)?;
        self.provider.wait_events(&long_digest, KILL_AFTER)?;

        let killed = self.timeline.now();
        first.kill()?;
        let text =
            format!("process {} is KILLED after {KILL_AFTER} of {LONG_CHUNKS} pieces", first.child().pid());
        self.timeline.event_at(killed, "daemon", &text)?;
        self.ask(Question::short("Are you still there?"), Progress::Wanted)?;
        self.watch_until(killed + AWAY)?;
        let second = self.start_daemon()?;
        let away = self.timeline.now().saturating_sub(killed);
        self.watch()?;

        self.leave()?;
        let report = self.report(killed, away)?;
        drop(second);
        self.timeline.say(&format!("\n{}", report.summary()))?;
        if !report.is_success() {
            self.timeline.say(&self.exai.log_tails())?;
        }
        Ok(report)
    }

    fn greet(&mut self) -> anyhow::Result<()> {
        let result = self.host.initialize(Revision::V2025_11_25)?;
        let name = |key| result.pointer(&format!("/serverInfo/{key}")).and_then(Value::as_str).unwrap_or("?");
        let text = format!(
            "← initialize: {} {}, {} after its start",
            name("name"),
            name("version"),
            shown(self.host.now())
        );
        self.timeline.event("host", &text)?;
        let tools = self.host.list_tools()?;
        let names: Vec<&str> = tools.iter().filter_map(|tool| tool.get("name")?.as_str()).collect();
        self.timeline.event("host", &format!("← tools: {} (no daemon runs yet)", names.join(", ")))?;
        self.seen = self.host.transcript().lines().len();
        Ok(())
    }

    fn start_daemon(&mut self) -> anyhow::Result<Daemon> {
        let began = self.timeline.now();
        let daemon = self.exai.daemon()?;
        let took = self.timeline.now().saturating_sub(began);
        let text = format!("process {} is ready, {} after its start", daemon.child().pid(), shown(took));
        self.timeline.event("daemon", &text)?;
        Ok(daemon)
    }

    fn ask(&mut self, question: Question, progress: Progress) -> anyhow::Result<()> {
        let at = self.timeline.now();
        let pending = self.host.call("chat", json!({"prompt": question.prompt}), progress)?;
        let with = if progress == Progress::Wanted { ", with a progress token" } else { "" };
        self.timeline.event_at(at, "host", &format!("→ chat: {}{with}", question.shown))?;
        self.calls.push(Call { question, pending });
        Ok(())
    }

    /// Shows what comes until this time.
    fn watch_until(&mut self, end: Duration) -> anyhow::Result<()> {
        while let Some(left) = end.checked_sub(self.timeline.now()).filter(|left| !left.is_zero()) {
            self.show_new(left)?;
        }
        Ok(())
    }

    /// Shows what comes until every call has its answer, or patience ends: the report says which it was.
    fn watch(&mut self) -> anyhow::Result<()> {
        let end = self.timeline.now() + PATIENCE;
        while self.calls.iter().any(|call| self.host.answer(&call.pending).is_none()) {
            let Some(left) = end.checked_sub(self.timeline.now()) else { break };
            self.show_new(left)?;
        }
        self.show_new(Duration::ZERO)
    }

    /// Waits for a line that has not been shown, and shows all of them.
    fn show_new(&mut self, timeout: Duration) -> anyhow::Result<()> {
        let seen = self.seen;
        // A timeout is no error here: there was nothing to show.
        let _ = self.host.wait_for(timeout, |t| {
            let new = t.lines().get(seen..).unwrap_or_default();
            new.iter().any(|line| line.direction == Direction::Received).then_some(())
        });
        let transcript = self.host.transcript();
        for line in transcript.lines().get(seen..).unwrap_or_default() {
            if line.direction == Direction::Received
                && let Some(text) = self.describe(line)
            {
                self.timeline.event_at(self.offset + line.at, "host", &text)?;
            }
        }
        self.seen = transcript.lines().len();
        Ok(())
    }

    fn describe(&self, line: &Line) -> Option<String> {
        if let Some((token, value)) = line.progress() {
            let call = self.calls.iter().find(|call| call.pending.token.as_ref() == Some(token))?;
            let message = line.progress_message().unwrap_or_default();
            return Some(format!("← progress {value} on \"{}\": {message}", call.question.shown));
        }
        let id = line.answered().next()?;
        let call = self.calls.iter().find(|call| call.pending.id == *id)?;
        let answer = self.host.answer(&call.pending)?;
        let text = answer.text().unwrap_or_else(|_| answer.line.to_string());
        let after = shown(answer.after);
        Some(format!("← answer to \"{}\" after {after}: {}", call.question.shown, shorten(&text)))
    }

    fn leave(&mut self) -> anyhow::Result<()> {
        self.host.close_stdin();
        let exit = self.host.wait_exit(HANG)?;
        self.timeline
            .event("host", &format!("closes stdin; the shim is gone after {}", shown(exit.after)))?;
        Ok(())
    }

    fn report(&self, killed: Duration, away: Duration) -> anyhow::Result<DemoReport> {
        let transcript = self.host.transcript();
        let log = self.provider.log()?;
        let answers: Vec<Answer> =
            self.calls.iter().filter_map(|call| self.host.answer(&call.pending)).collect();
        let once = |call: &&Call| transcript.check_answered_once(&call.pending).is_ok();
        let right = |call: &&Call| {
            let expected = answer_to(&call.question.prompt, call.question.chunks);
            let answer = self.host.answer(&call.pending).filter(|answer| !answer.is_tool_error());
            answer.and_then(|a| a.text().ok()).is_some_and(|text| text.contains(&expected))
        };
        let interrupted = self.calls.iter().find(|call| call.question.chunks == LONG_CHUNKS);
        let interrupted = interrupted.and_then(|call| self.host.answer(&call.pending));
        let at = |answer: &Answer| self.offset + answer.at;
        let next = answers.iter().map(at).filter(|at| *at > killed).min();
        Ok(DemoReport {
            calls: self.calls.len() as u64,
            answered_once: self.calls.iter().filter(once).count() as u64,
            right: self.calls.iter().filter(right).count() as u64,
            provider_requests: log.len() as u64,
            cut_requests: log.iter().filter(|asked| !asked.completed).count() as u64,
            attempts_stated: interrupted.map_or(0, |answer| answer.stated_attempts()),
            pause: next.unwrap_or_else(|| self.timeline.now()).saturating_sub(killed),
            away,
            progress: transcript.notifications("notifications/progress").len() as u64,
            complaints: transcript.check_complete().err().map(|e| format!("{e:#}")).into_iter().collect(),
        })
    }
}

/// The beginning of an answer, and its last line, which says how it came about.
fn shorten(text: &str) -> String {
    const BEGINNING_CHARS: usize = 40;
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let beginning: String = first.chars().take(BEGINNING_CHARS).collect();
    let dots = if beginning.len() < first.len() { "…" } else { "" };
    let last = lines.next_back().map(|line| format!("\n{:21}{line}", "")).unwrap_or_default();
    format!("{beginning}{dots}{last}")
}
