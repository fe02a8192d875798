//! The world: everything that lives in it, and its time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use exai_journal::ModelDisk;
use exai_wire::{CallId, Class, JournalId, SessionId};

use super::agenda::{Agenda, Event};
use super::bug::Seeded;
use super::climate::Climate;
use super::coverage::Coverage;
use super::daemon_process::{DaemonProcess, Input};
use super::dice::Dice;
use super::disk::{Health, Volume};
use super::history::{Happening, History, Invariant};
use super::host::{Ask, AskState, Host, Question};
use super::names::{AskNo, DaemonNo, HostNo, Lineage, QuestionNo, ShimNo};
use super::network::Network;
use super::provider::Provider;
use super::shim_process::{ShimProcess, ShimTrap};
use super::trace::Trace;
use crate::crash::CrashAt;

/// Milliseconds since 1970 when the world begins.
const BEGAN_MS: i64 = 1_800_000_000_000;
/// Everything is answered by then after the last fault, whatever was asked.
const PATIENCE: Duration = Duration::from_secs(500);
/// What comes too late, or once too often, comes within this time.
const AFTERMATH: Duration = Duration::from_secs(4);
/// Steps at one moment after which time stands still.
const STEPS_MAX: u64 = 200_000;

/// What is known of a call by whoever sees everything.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) class: Class,
    /// Sessions that asked for it, or joined.
    pub(crate) sessions: BTreeSet<SessionId>,
    /// Calls that take over its answer.
    pub(crate) takers: Vec<CallId>,
}

impl Facts {
    pub(crate) const fn new(class: Class) -> Self {
        Self { class, sessions: BTreeSet::new(), takers: Vec::new() }
    }
}

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) dice: Dice,
    pub(crate) climate: Climate,
    pub(crate) bug: Option<Seeded>,
    pub(crate) agenda: Agenda,
    pub(crate) network: Network,
    pub(crate) hosts: BTreeMap<HostNo, Host>,
    pub(crate) shims: BTreeMap<ShimNo, ShimProcess>,
    /// Whose shims those were that ended.
    pub(crate) graves: BTreeMap<ShimNo, HostNo>,
    pub(crate) sessions: BTreeMap<ShimNo, SessionId>,
    pub(crate) daemons: BTreeMap<DaemonNo, DaemonProcess>,
    pub(crate) lineages: BTreeMap<DaemonNo, Lineage>,
    /// Who gets new connections.
    pub(crate) listener: Option<DaemonNo>,
    pub(crate) volume: Volume,
    pub(crate) backups: Vec<Volume>,
    pub(crate) disk_health: Health,
    /// When it last began to work again.
    pub(crate) disk_worked: Duration,
    pub(crate) provider: Provider,
    pub(crate) questions: BTreeMap<QuestionNo, Question>,
    pub(crate) asks: BTreeMap<AskNo, Ask>,
    pub(crate) calls: BTreeMap<CallId, Facts>,
    /// What somebody could hear of a call when another one took it over.
    pub(crate) takes: BTreeMap<CallId, bool>,
    /// Where calls that are sent again are others: whose they are.
    pub(crate) aliases: BTreeMap<CallId, CallId>,
    pub(crate) received: BTreeSet<CallId>,
    pub(crate) trap: Option<CrashAt>,
    pub(crate) shim_trap: Option<ShimTrap>,
    pub(crate) next_unusable: bool,
    pub(crate) skew_ms: i64,
    /// When something was in everybody's way last.
    pub(crate) disturbed: Duration,
    pub(crate) history: History,
    pub(crate) coverage: Coverage,
    pub(crate) trace: Trace,
    pub(crate) cancels: usize,
    pub(crate) acts_left: u64,
    pub(crate) shims_made: u64,
    pub(crate) daemons_made: u64,
    pub(crate) asks_made: u64,
    pub(crate) questions_made: u64,
    pub(crate) lineages_made: u64,
    steps: u64,
    stuck: bool,
}

impl World {
    pub(crate) fn new(seed: u64, bug: Option<Seeded>, traced: bool) -> Self {
        let mut dice = Dice::new(seed);
        let mut climate = Climate::roll(&mut dice);
        climate.unfiltered |= bug == Some(Seeded::NoDedup);
        let now = Duration::from_secs(100);
        let host = |n| {
            let host = Host { shim: None, cut: false, disturbed: now, busy_until: now };
            (HostNo(n), host)
        };
        let mut world = Self {
            now,
            bug,
            agenda: Agenda::default(),
            network: Network { links: BTreeMap::new(), made: 0, latency_ms: climate.latency_ms },
            hosts: (0..climate.hosts).map(host).collect(),
            shims: BTreeMap::new(),
            graves: BTreeMap::new(),
            sessions: BTreeMap::new(),
            daemons: BTreeMap::new(),
            lineages: BTreeMap::new(),
            listener: None,
            volume: Volume {
                id: JournalId::from_bytes(dice.id()),
                disk: ModelDisk::default(),
                lineage: Lineage(1),
            },
            backups: Vec::new(),
            disk_health: Health::Works,
            disk_worked: now,
            provider: Provider::new(climate.odds),
            questions: BTreeMap::new(),
            asks: BTreeMap::new(),
            calls: BTreeMap::new(),
            takes: BTreeMap::new(),
            aliases: BTreeMap::new(),
            received: BTreeSet::new(),
            trap: None,
            shim_trap: None,
            next_unusable: false,
            skew_ms: 0,
            disturbed: now,
            history: History {
                adopt: climate.keeping.adopt,
                roomy: climate.is_roomy(),
                ..History::default()
            },
            coverage: Coverage::default(),
            trace: Trace::new(traced),
            cancels: 0,
            acts_left: climate.acts,
            shims_made: 0,
            daemons_made: 0,
            asks_made: 0,
            questions_made: 0,
            lineages_made: 1,
            steps: 0,
            stuck: false,
            dice,
            climate,
        };
        world.note(|| format!("seed {seed}"));
        world.start_daemon();
        world.agenda.plan(now, Event::Act);
        world
    }

    /// Lets it all happen.
    pub(crate) fn live(&mut self) {
        while self.acts_left > 0 && !self.stuck {
            self.run_for(Duration::from_secs(1));
        }
        self.calm();
        let until = self.now + PATIENCE;
        while self.now < until && self.somebody_waits() && !self.stuck {
            self.run_for(Duration::from_secs(1));
        }
        self.tell(Happening::Over);
        self.run_for(AFTERMATH);
    }

    fn somebody_waits(&self) -> bool {
        let asked_again = self.agenda.has(|event| matches!(event, Event::Ask { .. }));
        asked_again || self.asks.values().any(|ask| matches!(ask.state, AskState::Open | AskState::HandedOut))
    }

    /// Ends every fault.
    fn calm(&mut self) {
        self.note(|| "nothing fails from here on".to_owned());
        (self.trap, self.shim_trap, self.next_unusable) = (None, None, false);
        self.happen(Event::DiskWorks);
        self.happen(Event::ProviderWorks);
        let hosts: Vec<HostNo> = self.hosts.keys().copied().collect();
        hosts.into_iter().for_each(|host| self.heal(host));
        let daemons: Vec<DaemonNo> = self.daemons.keys().copied().collect();
        for daemon in daemons {
            self.thaw_daemon(daemon);
            if self.daemons.get(&daemon).is_some_and(|daemon| !daemon.usable) {
                self.kill_daemon(daemon, super::history::Death::Killed);
            }
        }
        let shims: Vec<ShimNo> = self.shims.keys().copied().collect();
        shims.into_iter().for_each(|shim| self.thaw_shim(shim));
        self.disturbed = self.now;
        self.tell(Happening::Calm);
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let timers = self.shims.values().filter_map(ShimProcess::next_due);
            let timers = timers.chain(self.daemons.values().filter_map(DaemonProcess::next_due));
            let next = timers.chain(self.agenda.next_at()).min();
            let Some(next) = next.filter(|next| *next <= end && !self.stuck) else {
                self.now = self.now.max(end);
                return;
            };
            if next > self.now {
                (self.now, self.steps) = (next, 0);
            }
            self.step();
        }
    }

    /// One thing that is due: what is waiting to be read, before anybody looks at the clock.
    fn step(&mut self) {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            self.stuck = true;
            return self.broken(Invariant::Progress, "time stands still".to_owned());
        }
        let now = self.now;
        if let Some(event) = self.agenda.take_due(now) {
            return self.happen(event);
        }
        let due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        let shim = self.shims.iter().find(|(_, process)| due(process.next_due())).map(|(no, _)| *no);
        if let Some(shim) = shim {
            return self.tick_shim(shim);
        }
        let daemon = self.daemons.iter().find(|(_, process)| due(process.next_due())).map(|(no, _)| *no);
        if let Some(daemon) = daemon {
            self.tick_daemon(daemon);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act => self.next_act(),
            Event::Ask { host, question } => self.ask(host, question),
            Event::Spawn(host) => {
                if self.hosts.get(&host).is_some_and(|host| host.shim.is_none()) {
                    self.spawn_shim(host);
                }
            }
            Event::Patience(ask) => self.lose_patience(ask),
            Event::Dial { shim, conn } => self.dial(shim, conn),
            Event::NobodyListens { shim, conn } => self.nobody_listens(shim, conn),
            Event::Arrive { link, way, parcel } => self.arrive(link, way, parcel),
            Event::Sync(daemon) => self.daemon_input(daemon, Input::Sync),
            Event::Work { daemon, call, serial, step } => {
                self.daemon_input(daemon, Input::Work(call, serial, step))
            }
            Event::Wrote(shim) => self.wrote(shim),
            Event::WriteReturned(shim, call) => self.write_returned(shim, call),
            Event::Heal(host) => self.heal(host),
            Event::ThawDaemon(daemon) => self.thaw_daemon(daemon),
            Event::ThawShim(shim) => self.thaw_shim(shim),
            Event::DiskWorks => {
                self.disk_health = Health::Works;
                self.disk_worked = self.now;
            }
            Event::ProviderWorks => self.provider.down = false,
            Event::StartDaemon => {
                if self.listener.is_none() {
                    self.start_daemon();
                }
            }
            Event::Guard(daemon) => self.daemon_input(daemon, Input::Guard),
        }
    }

    fn next_act(&mut self) {
        if self.acts_left == 0 {
            return;
        }
        self.acts_left -= 1;
        let deeds = self.climate.deeds.clone();
        if let Some(deed) = self.dice.weigh(&deeds) {
            self.act(deed);
        }
        let pause = self.dice.ms(0, self.climate.pause_ms);
        self.agenda.plan(self.now + pause, Event::Act);
    }

    pub(crate) fn tell(&mut self, what: Happening) {
        self.history.tell(self.now, what);
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        self.trace.note(self.now, line);
    }

    pub(crate) fn broken(&mut self, invariant: Invariant, text: String) {
        self.note(|| format!("BROKEN {invariant:?}: {text}"));
        self.tell(Happening::Broken(invariant, text));
    }

    /// What a wall clock shows that is so wrong.
    pub(crate) fn wall_ms_at(&self, skew_ms: i64) -> u64 {
        let since = i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX);
        u64::try_from(BEGAN_MS + skew_ms + since).unwrap_or(0)
    }

    pub(crate) fn sync_time(&mut self) -> Duration {
        let most = self.climate.sync_ms;
        self.dice.ms(0, most) + Duration::from_micros(100)
    }
}
