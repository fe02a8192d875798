//! The loop: one event at a time, each handled by one call, then everything taken from the state machines.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use exai_mcp::{CallKey, Engine, EngineConfig, ServerInfo};
use exai_session::{ShimConfig, ShimEnd};
use exai_wire::{Peer, ShimPeer};
use serde_json::value::RawValue;
use tokio::task::coop::has_budget_remaining;

use crate::alarm::Alarm;
use crate::calls::Calls;
use crate::catalogue::{self, Snapshot, Tools};
use crate::clock::Clock;
use crate::dial::Target;
use crate::endpoint::Endpoint;
use crate::event::{Done, Event};
use crate::files::{self, FileRules, FilesError, Inlined};
use crate::hangup::Hangup;
use crate::jobs::Jobs;
use crate::links::Links;
use crate::locating::Locating;
use crate::mending::{self, Mending};
use crate::nowait::NoWait;
use crate::options::ShimOptions;
use crate::random;
use crate::reading::Reading;
use crate::rounds::Rounds;
use crate::seal_key::{self, SealKey};
use crate::setup;
use crate::signal::Signals;
use crate::starter::Starter;
use crate::stderr;
use crate::stdin::{Input, Stdin};
use crate::stdout::{Stdout, Written};
use crate::tasks::Tasks;
use crate::throttles::Throttles;

/// Events handled before writing to sockets and looking at the clock in between, and before it is the host's turn: of
/// host and daemon, one that writes without pause must not keep the other waiting.
const BURST: u32 = 64;

/// How long the kept tool definitions are waited for before the first line is read; a healthy disk takes microseconds.
const SNAPSHOT: Duration = Duration::from_millis(250);

/// How long the last lines and the `bye` may take after the host has ended; 100 ms in all are promised.
const LEAVE: Duration = Duration::from_millis(60);

/// How long they may take where nobody is in a hurry (`EXAI_SHIM_EXIT_AFTER`).
const LEAVE_UNHURRIED: Duration = Duration::from_secs(1);

/// Exit code after `EXAI_SHIM_EXIT_AFTER`: EX_TEMPFAIL of sysexits, which supervisors take for "start again".
const EXIT_OUTAGE: u8 = 75;

/// Why the shim ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Its host has ended, or told it to end.
    HostEnded,
    /// The host does not read any more; nothing can be written.
    OutputClosed,
    /// The outage that `EXAI_SHIM_EXIT_AFTER` allows has passed.
    Outage,
}

/// What has been logged of the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logged {
    Nothing,
    Start,
}

/// Puts the text of files into the params of a call; blocks as long as the disk does.
pub(crate) type Inline = fn(&RawValue, &str, &FileRules) -> Result<Option<Inlined>, FilesError>;

/// Reads the key of the seal, or makes it; blocks as long as the disk does.
pub(crate) type LoadKey = fn(&Path) -> std::io::Result<SealKey>;

/// The process's streams, or a test's.
pub(crate) struct Streams {
    /// Lines of the host.
    pub(crate) stdin: Box<dyn Read + Send>,
    /// Lines to the host.
    pub(crate) stdout: Box<dyn Write + Send>,
    /// The same two, where they can be used without waiting.
    pub(crate) nowait: [Option<NoWait>; 2],
    /// Watches both where they are the process's own.
    pub(crate) hangup: Hangup,
    /// Signals of the process.
    pub(crate) signals: Signals,
}

/// Everything that a shim is.
#[derive(Debug)]
pub(crate) struct Shim {
    pub(crate) clock: Clock,
    pub(crate) options: ShimOptions,
    /// All that is wrong with the settings, if some of it stops a shim.
    pub(crate) problems: Vec<String>,
    pub(crate) mending: Mending,
    pub(crate) engine: Engine,
    pub(crate) session: ShimEnd,
    pub(crate) calls: Calls,
    /// Calls whose files are being read.
    pub(crate) reading: BTreeMap<CallKey, Reading>,
    /// Calls that modern hosts are asked to bring again.
    pub(crate) rounds: Rounds,
    /// Calls that modern hosts ask after.
    pub(crate) tasks: Tasks,
    pub(crate) file_rules: Arc<FileRules>,
    /// Reads files; in tests also something that hangs.
    pub(crate) inline: Inline,
    /// The same for the key of the seal.
    pub(crate) load_key: LoadKey,
    pub(crate) host: Option<Peer>,
    pub(crate) tools: Tools,
    pub(crate) snapshot: Snapshot,
    pub(crate) target: Target,
    /// The daemon's address for people, as of the last dial.
    pub(crate) address: String,
    /// What to do when no daemon runs.
    pub(crate) start_hint: String,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) starter: Option<Starter>,
    /// Why the last start of a daemon failed.
    pub(crate) start_error: Option<String>,
    pub(crate) locating: Locating,
    /// What the address of the last dial was read from, if it was.
    pub(crate) endpoint: Option<Endpoint>,
    /// Whether the local daemon that was last dialled has the state directory, so that no other can start.
    pub(crate) is_held: bool,
    pub(crate) links: Links,
    pub(crate) jobs: Jobs,
    pub(crate) stdout: Stdout,
    stdin: Stdin,
    hangup: Hangup,
    /// Nobody writes to stdin any more; what was written may not be read yet.
    pub(crate) writer_gone: bool,
    signals: Signals,
    alarm: Alarm,
    log_has: Logged,
    /// Events since sockets were last written to.
    burst: u32,
    /// When to dial although nobody has called yet.
    pub(crate) dial_at: Option<Duration>,
    /// Since when no daemon answers, once one was wanted.
    pub(crate) outage: Option<Duration>,
    /// When a daemon was first reached.
    pub(crate) met: Option<Duration>,
    /// Since when the session is up.
    pub(crate) up: Option<Duration>,
    /// The older local daemon that is to be asked to drain.
    pub(crate) older: Option<Endpoint>,
    pub(crate) throttles: Throttles,
    pub(crate) exit: Option<Exit>,
}

impl Shim {
    /// A shim that has heard nothing yet. Needs a runtime.
    ///
    /// # Errors
    /// If the operating system has no thread to give for a stream.
    pub(crate) fn new(options: ShimOptions, streams: Streams) -> std::io::Result<Self> {
        let clock = Clock::start();
        let [stdin, stdout] = streams.nowait;
        let stdin = Stdin::start(streams.stdin, stdin)?;
        let stdout = Stdout::start(streams.stdout, stdout)?;
        let settings = &options.loaded.settings;
        let state_dir = settings.state.dir.clone();
        let tools = Tools::new(options.catalogue.tools.clone(), options.catalogue.hash.clone());
        let target = setup::target(settings);
        Ok(Self {
            clock,
            problems: mending::problems(&options.loaded),
            mending: Mending::default(),
            engine: engine(&options, &tools),
            session: session(&options, &target),
            calls: Calls::default(),
            reading: BTreeMap::new(),
            rounds: Rounds::default(),
            tasks: Tasks::default(),
            file_rules: Arc::new(setup::file_rules(&options)),
            inline: files::inline,
            load_key: seal_key::load,
            host: None,
            tools,
            snapshot: Snapshot::Unread,
            address: target.describe(),
            target,
            start_hint: setup::start_hint(settings),
            starter: setup::starter(&options, clock),
            start_error: None,
            locating: Locating::default(),
            endpoint: None,
            is_held: false,
            state_dir,
            links: Links::default(),
            jobs: Jobs::default(),
            stdout,
            stdin,
            hangup: streams.hangup,
            writer_gone: false,
            signals: streams.signals,
            alarm: Alarm::new(clock),
            log_has: Logged::Nothing,
            burst: 0,
            dial_at: None,
            outage: None,
            met: None,
            up: None,
            older: None,
            throttles: Throttles::new(),
            exit: None,
            options,
        })
    }

    /// Runs until the host ends; the exit code.
    pub(crate) async fn run(&mut self) -> u8 {
        self.read_snapshot().await;
        loop {
            let event = self.next_event().await;
            self.handle_event(event);
            self.take_all();
            if let Some(exit) = self.exit {
                return self.leave(exit).await;
            }
        }
    }

    /// Waits a moment for the kept tool definitions, so that the first list shows them; if the disk takes longer, the
    /// built-in ones are shown, and a change is announced.
    async fn read_snapshot(&mut self) {
        let Some(dir) = self.state_dir.clone() else { return self.on_snapshot(None) };
        let release = self.options.version.clone();
        self.jobs.block(move || Done::Snapshot(catalogue::load(&dir, &release)));
        if let Ok(done) = tokio::time::timeout(SNAPSHOT, poll_fn(|cx| self.jobs.poll(cx))).await {
            self.on_job(self.clock.now(), done);
        }
    }

    async fn next_event(&mut self) -> Event {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn handle_event(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Signal(name) => self.on_signal(name),
            Event::Gone(gone) => self.on_hangup(gone),
            Event::Input(input) => self.on_input(now, input),
            Event::Written(written) => self.on_written(written),
            Event::Link(event) => self.on_link(now, event),
            Event::Job(done) => self.on_job(now, done),
            Event::Starter(report) => self.on_report(now, report),
            Event::Tick => self.on_tick(now),
        }
    }

    /// What has come is taken before the clock is asked: a timer must not judge what only waits to be read.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.burst >= BURST {
            self.burst = 0;
            if let Poll::Ready(event) = self.poll_outside(cx) {
                return Poll::Ready(event);
            }
            if let Poll::Ready(input) = self.poll_input(cx) {
                return Poll::Ready(Event::Input(input));
            }
        }
        let event = match self.poll_sources(cx) {
            Poll::Pending => self.poll_outside(cx),
            ready => ready,
        };
        self.burst = match event {
            Poll::Ready(_) => self.burst + 1,
            Poll::Pending if has_budget_remaining() => 0,
            // Tokio lets its driver run first, and says "pending" for all: those who come last were not really asked.
            Poll::Pending => BURST,
        };
        event
    }

    fn poll_sources(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(name) = self.signals.poll(cx) {
            return Poll::Ready(Event::Signal(name));
        }
        if let Poll::Ready(gone) = self.hangup.poll(cx) {
            return Poll::Ready(Event::Gone(gone));
        }
        if let Poll::Ready(written) = self.stdout.poll(cx) {
            return Poll::Ready(Event::Written(written));
        }
        if let Poll::Ready(event) = self.links.poll_read(cx) {
            return Poll::Ready(Event::Link(event));
        }
        if let Poll::Ready(done) = self.jobs.poll(cx) {
            return Poll::Ready(Event::Job(done));
        }
        if let Some(starter) = &mut self.starter
            && let Poll::Ready(report) = starter.poll(cx)
        {
            return Poll::Ready(Event::Starter(report));
        }
        self.poll_input(cx).map(Event::Input)
    }

    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<Option<Input>> {
        if self.stdout.is_full() { Poll::Pending } else { self.stdin.poll(cx) }
    }

    fn poll_outside(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(event) = self.links.poll_write(cx) {
            return Poll::Ready(Event::Link(event));
        }
        let due = self.next_due();
        self.alarm.poll(cx, due).map(|()| Event::Tick)
    }

    fn next_due(&self) -> Option<Duration> {
        let moments = [
            self.engine.poll_timeout().filter(|_| !self.stdout.is_congested()),
            self.session.poll_timeout(),
            self.dial_at,
            self.locating.poll_timeout(),
            self.outage_ends(),
            self.reading.values().map(|reading| reading.until).min(),
            self.calls.next_until(),
            self.rounds.next_due(),
            self.tasks.next_due(),
            self.mending.poll_timeout(),
        ];
        moments.into_iter().flatten().min()
    }

    /// Takes everything that the state machines have to give; one may have something because of another. What the host
    /// waits for goes first, before anything that touches a log or a socket.
    fn take_all(&mut self) {
        let now = self.clock.now();
        self.take_output();
        self.say_started();
        loop {
            if let Some(event) = self.engine.poll_event() {
                self.on_request(now, event);
            } else if let Some(event) = self.session.poll_event() {
                self.on_news(now, event);
            } else {
                break;
            }
            self.take_output();
        }
        while let Some(transmit) = self.session.poll_transmit() {
            self.links.send(transmit);
        }
        // No input is read any more, so its end is never seen; and nobody is there to read the answers.
        if self.writer_gone && self.stdout.is_full() {
            self.exit.get_or_insert(Exit::OutputClosed);
        }
    }

    fn take_output(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            self.stdout.push(output);
        }
        let written = self.stdout.hand_over();
        if !written.is_empty() {
            self.on_written(Written::Calls(written));
        }
    }

    /// Logs the start once; late, because opening the log would delay the first answer.
    fn say_started(&mut self) {
        if std::mem::replace(&mut self.log_has, Logged::Start) == Logged::Start {
            return;
        }
        tracing::info!(version = self.options.version, pid = std::process::id(), "shim started");
        for warning in &self.options.loaded.warnings {
            tracing::warn!(%warning, "setting");
        }
        for problem in &self.options.loaded.errors {
            tracing::error!(%problem, "setting");
            stderr::line(&format!("exai: {problem}"));
        }
    }

    fn on_signal(&mut self, name: &'static str) {
        tracing::info!(signal = name, "shim ends");
        self.exit = Some(Exit::HostEnded);
    }

    fn on_input(&mut self, now: Duration, input: Option<Input>) {
        match input {
            Some(Input::Lines(lines)) => {
                for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                    self.engine.handle_line(now, line);
                }
            }
            Some(Input::Overlong { head, bytes }) => self.engine.handle_overlong(now, &head, bytes),
            None => {
                tracing::info!("shim ends: end of input");
                self.exit = Some(Exit::HostEnded);
            }
        }
    }

    fn on_written(&mut self, written: Written) {
        match written {
            Written::Calls(keys) => {
                for call_id in keys.into_iter().filter_map(|key| self.calls.written(key)) {
                    self.session.delivered(call_id);
                }
            }
            Written::Closed(error) => {
                tracing::info!(error, "shim ends: stdout is closed");
                self.exit = Some(Exit::OutputClosed);
            }
        }
    }

    /// Says what is left to say: completion of subscriptions to the host, `bye` to the daemon.
    async fn leave(&mut self, exit: Exit) -> u8 {
        let limit = if exit == Exit::Outage { LEAVE_UNHURRIED } else { LEAVE } / 2;
        self.engine.close();
        self.take_all();
        if exit != Exit::OutputClosed {
            let said = poll_fn(|cx| self.poll_said(cx));
            // Past the limit the host has read what it wanted to read.
            let _ = tokio::time::timeout(limit, said).await;
        }
        self.session.bye(self.clock.now(), "the host has ended");
        self.take_all();
        let flushed = poll_fn(|cx| {
            let ended = self.links.poll_write(cx).is_ready();
            if ended || self.links.is_flushed() { Poll::Ready(()) } else { Poll::Pending }
        });
        let _ = tokio::time::timeout(limit, flushed).await;
        if exit == Exit::Outage { EXIT_OUTAGE } else { 0 }
    }

    fn poll_said(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(written) = self.stdout.poll(cx) {
            let closed = matches!(written, Written::Closed(_));
            self.on_written(written);
            if closed {
                return Poll::Ready(());
            }
        }
        if self.stdout.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn engine(options: &ShimOptions, tools: &Tools) -> Engine {
    Engine::new(EngineConfig {
        server: ServerInfo { name: "exai".to_owned(), version: options.version.clone() },
        instructions: options.instructions.clone(),
        tools: tools.json.clone(),
    })
}

/// The shim's end of a session that has not begun.
pub(crate) fn session(options: &ShimOptions, target: &Target) -> ShimEnd {
    ShimEnd::new(ShimConfig {
        session: random::session_id(),
        shim: ShimPeer { name: "exai".to_owned(), version: options.version.clone(), pid: std::process::id() },
        loopback: target.is_loopback(),
        seed: random::seed(),
    })
}

#[cfg(test)]
mod tests;
