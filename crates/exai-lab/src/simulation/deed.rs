//! What the schedule does to the world.

use std::time::Duration;

use exai_journal::ModelDisk;
use exai_wire::{AdoptKey, Class, Fingerprint, JournalId};

use super::agenda::Event;
use super::disk::{Health, Volume};
use super::executor::Phase;
use super::history::{Death, Happening};
use super::host::{Ask, AskState, Handle, Question};
use super::names::{HostNo, Lineage, LinkNo, QuestionNo, ShimNo};
use super::provider::Course;
use super::script::Script;
use super::shim_process::ShimTrap;
use super::world::World;
use crate::crash::CrashAt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Ask,
    AskTwice,
    Join,
    Cancel,
    KillShim,
    LeaveShim,
    TrapShim,
    FreezeShim,
    BusyHost,
    KillDaemon,
    TrapDaemon,
    FreezeDaemon,
    DrainDaemon,
    SecondDaemon,
    CutHost,
    CutAll,
    Reset,
    BlackHole,
    FillDisk,
    BreakDisk,
    HangDisk,
    LoseVolume,
    BackUp,
    Restore,
    SpoilJournal,
    JumpWall,
    Sleep,
    StopProvider,
}

impl Deed {
    pub(crate) const FAULTS: [Self; 25] = [
        Self::Join,
        Self::KillShim,
        Self::LeaveShim,
        Self::TrapShim,
        Self::FreezeShim,
        Self::BusyHost,
        Self::KillDaemon,
        Self::TrapDaemon,
        Self::FreezeDaemon,
        Self::DrainDaemon,
        Self::SecondDaemon,
        Self::CutHost,
        Self::CutAll,
        Self::Reset,
        Self::BlackHole,
        Self::FillDisk,
        Self::BreakDisk,
        Self::HangDisk,
        Self::LoseVolume,
        Self::BackUp,
        Self::Restore,
        Self::SpoilJournal,
        Self::JumpWall,
        Self::Sleep,
        Self::StopProvider,
    ];
}

const NIGHT: Duration = Duration::from_secs(8 * 3600);
const HOUR_MS: i64 = 3_600_000;
/// Questions of which more than one are asked under the same key.
const COMMON: u64 = 3;

impl World {
    pub(crate) fn act(&mut self, deed: Deed) {
        self.note(|| format!("deed: {deed:?}"));
        match deed {
            Deed::Ask => self.ask_something(),
            Deed::AskTwice => self.ask_twice(),
            Deed::Join => self.join_something(),
            Deed::Cancel => self.cancel_something(),
            Deed::KillShim | Deed::LeaveShim | Deed::FreezeShim => self.hit_shim(deed),
            Deed::TrapShim => {
                self.shim_trap = self.dice.pick(&[ShimTrap::BeforeWrite, ShimTrap::AfterWrite]);
            }
            Deed::BusyHost => self.keep_host_busy(),
            Deed::KillDaemon | Deed::FreezeDaemon | Deed::DrainDaemon | Deed::SecondDaemon => {
                self.hit_daemon(deed)
            }
            Deed::TrapDaemon => self.trap = self.dice.pick(&CrashAt::ALL).map(|(_, at)| at),
            Deed::CutHost | Deed::CutAll => self.cut_some(deed == Deed::CutAll),
            Deed::Reset | Deed::BlackHole => self.hit_link(deed),
            Deed::FillDisk | Deed::BreakDisk | Deed::HangDisk => self.hit_disk(deed),
            Deed::LoseVolume | Deed::Restore => self.change_volume(deed),
            Deed::BackUp => {
                let copy = Volume { disk: self.volume.disk.copy(), ..self.volume.clone() };
                self.backups.push(copy);
            }
            Deed::SpoilJournal => {
                self.next_unusable = true;
                self.kill_all_daemons();
            }
            Deed::JumpWall => {
                self.skew_ms += self.dice.pick(&[HOUR_MS, -HOUR_MS]).unwrap_or(0);
                self.coverage.count("wall clock jumped");
                self.tell(Happening::WallJumped);
            }
            Deed::Sleep => self.sleep(),
            Deed::StopProvider => {
                self.provider.down = true;
                let at = self.now + self.dice.ms(500, 12_000);
                self.agenda.plan(at, Event::ProviderWorks);
            }
        }
    }

    fn some_host(&mut self) -> HostNo {
        HostNo(self.dice.below(self.climate.hosts))
    }

    fn some_shim(&mut self) -> Option<ShimNo> {
        let living: Vec<ShimNo> = self.shims.keys().copied().collect();
        self.dice.pick(&living)
    }

    fn new_question(&mut self, common: bool) -> QuestionNo {
        self.questions_made += 1;
        let no = QuestionNo(self.questions_made);
        let shared = self.dice.below(COMMON);
        let class = match common {
            true => Class::Metered,
            false => self
                .dice
                .weigh(&[(Class::Metered, 50), (Class::Effect, 35), (Class::Pure, 15)])
                .unwrap_or(Class::Pure),
        };
        let (pieces, gap) = (1 + self.dice.below(6), 30 + self.dice.below(1200));
        let params = match common {
            true => Script::params(class, 1_000_000 + shared, 2 + shared, 700),
            false => Script::params(class, no.0, pieces, gap),
        };
        let key = match common {
            true => Some(AdoptKey::from_bytes([u8::try_from(shared).unwrap_or(0); 16])),
            false => self.dice.chance(75).then(|| AdoptKey::from_bytes(self.dice.id())),
        };
        let fingerprint = Fingerprint::from_bytes(self.dice.id());
        let tries = 1 + u32::try_from(self.dice.below(4)).unwrap_or(0);
        let alone = !common;
        self.questions
            .insert(no, Question { class, params, fingerprint, adopt_key: key, handle: None, tries, alone });
        no
    }

    fn ask_something(&mut self) {
        let (host, common) = (self.some_host(), self.dice.chance(15));
        let question = self.new_question(common);
        self.ask(host, question);
    }

    /// The same twice, while both wait.
    fn ask_twice(&mut self) {
        let question = self.new_question(true);
        for _ in 0..2 {
            let host = self.some_host();
            self.questions_made += 1;
            let no = QuestionNo(self.questions_made);
            if let Some(copy) = self.questions.get(&question).cloned() {
                self.questions.insert(no, copy);
            }
            self.ask(host, no);
        }
        self.coverage.count("the same asked twice at once");
    }

    fn join_something(&mut self) {
        let known: Vec<_> = self.asks.values().map(|ask| (ask.question, ask.call)).collect();
        let (Some((question, call)), host) = (self.dice.pick(&known), self.some_host()) else { return };
        self.questions_made += 1;
        let no = QuestionNo(self.questions_made);
        if let Some(mut copy) = self.questions.get(&question).cloned() {
            // Whoever joined asks for nothing itself.
            (copy.handle, copy.tries, copy.alone) = (Some((call, Handle::Join)), 0, false);
            self.questions.insert(no, copy);
            self.ask(host, no);
        }
    }

    fn cancel_something(&mut self) {
        let open = |ask: &Ask| ask.state == AskState::Open;
        let open: Vec<_> = self.asks.iter().filter(|(_, ask)| open(ask)).map(|(no, _)| *no).collect();
        if let Some(ask) = self.dice.pick(&open) {
            self.cancels += 1;
            self.coverage.count("cancelled");
            self.cancel(ask);
        }
    }

    fn hit_shim(&mut self, deed: Deed) {
        let Some(no) = self.some_shim() else { return };
        match deed {
            Deed::KillShim => {
                self.coverage.count("shim killed");
                self.kill_shim(no);
            }
            Deed::LeaveShim => {
                self.coverage.count("shim left");
                if let Some(process) = self.shims.get_mut(&no) {
                    process.end.bye(process.local(self.now), "stdin closed");
                }
                self.settle_shim(no);
                self.kill_shim(no);
            }
            _ => {
                let span = self.dice.ms(500, 15_000);
                self.freeze_shim(no, span);
            }
        }
    }

    fn keep_host_busy(&mut self) {
        let (host, span) = (self.some_host(), self.dice.ms(200, 6000));
        let until = self.now + span;
        if let Some(host) = self.hosts.get_mut(&host) {
            host.busy_until = until;
        }
    }

    fn kill_all_daemons(&mut self) {
        let all: Vec<_> = self.daemons.keys().copied().collect();
        for daemon in all {
            self.kill_daemon(daemon, Death::Killed);
        }
    }

    fn hit_daemon(&mut self, deed: Deed) {
        let all: Vec<_> = self.daemons.keys().copied().collect();
        let Some(no) = self.dice.pick(&all) else { return };
        match deed {
            Deed::KillDaemon => {
                self.coverage.count("daemon killed at any moment");
                self.kill_daemon(no, Death::Killed);
            }
            Deed::FreezeDaemon => {
                let span = self.dice.ms(500, 30_000);
                self.freeze_daemon(no, span);
            }
            Deed::DrainDaemon => {
                let plan = self.climate.drain_plan;
                self.drain(no, plan, "restart");
                self.settle_daemon(no);
            }
            _ => {
                if self.dice.chance(60) {
                    let span = self.dice.ms(1000, 20_000);
                    self.freeze_daemon(no, span);
                }
                let at = self.now + self.dice.ms(500, 4000);
                self.agenda.plan(at, Event::Guard(no));
                self.coverage.count("two daemons on one volume");
                self.start_daemon();
            }
        }
    }

    fn freeze_daemon(&mut self, no: super::names::DaemonNo, span: Duration) {
        let now = self.now;
        if let Some(daemon) = self.daemons.get_mut(&no).filter(|daemon| daemon.frozen.is_none()) {
            daemon.frozen = Some(now);
            self.agenda.plan(now + span, Event::ThawDaemon(no));
        }
    }

    fn cut_some(&mut self, all: bool) {
        let span = match self.dice.chance(60) {
            true => self.dice.ms(100, 6000),
            false => self.dice.ms(6000, 45_000),
        };
        let one = self.some_host();
        let hosts: Vec<HostNo> = self.hosts.keys().copied().filter(|host| all || *host == one).collect();
        for host in hosts {
            self.cut(host);
            self.agenda.plan(self.now + span, Event::Heal(host));
        }
    }

    fn hit_link(&mut self, deed: Deed) {
        let links: Vec<LinkNo> = self.network.links.keys().copied().collect();
        let Some(no) = self.dice.pick(&links) else { return };
        if deed == Deed::Reset {
            self.coverage.count("connection reset");
            return self.reset(no);
        }
        if let Some(link) = self.network.links.get_mut(&no) {
            link.black = true;
        }
    }

    fn hit_disk(&mut self, deed: Deed) {
        let full = [Health::Full, Health::FullForEnds, Health::FullForEnds, Health::FullForStarts];
        self.disk_health = match deed {
            Deed::FillDisk => self.dice.pick(&full).unwrap_or(Health::Full),
            Deed::BreakDisk => Health::Unavailable,
            _ => Health::Hangs,
        };
        // Long enough for the time of some calls to be over meanwhile.
        let most = if deed == Deed::FillDisk { 45_000 } else { 20_000 };
        let at = self.now + self.dice.ms(300, most);
        self.agenda.plan(at, Event::DiskWorks);
        // What a failed sync left of the file can't be known.
        if deed == Deed::BreakDisk && self.dice.chance(30) {
            self.coverage.count("daemon aborted by its disk");
            self.kill_all_daemons();
        }
    }

    fn change_volume(&mut self, deed: Deed) {
        let copy = self.dice.pick(&self.backups.iter().enumerate().map(|(n, _)| n).collect::<Vec<_>>());
        let copy = copy.and_then(|n| self.backups.get(n)).cloned();
        let (id, disk) = match (deed, copy) {
            (Deed::Restore, Some(copy)) => (copy.id, copy.disk.copy()),
            (Deed::Restore, None) => return,
            _ => (JournalId::from_bytes(self.dice.id()), ModelDisk::default()),
        };
        let restored = deed == Deed::Restore;
        self.coverage.count(if restored { "volume restored" } else { "volume lost" });
        self.kill_all_daemons();
        self.tell(Happening::VolumeGone { rows: disk.rows(), restored });
        self.volume = Volume { id, disk, lineage: Lineage(self.lineages_made + 1) };
        self.lineages_made += 1;
    }

    /// The machine sleeps; providers do not.
    fn sleep(&mut self) {
        let since = self.now;
        self.now += NIGHT;
        self.disturbed = self.now;
        self.coverage.count("machine slept");
        let shims: Vec<ShimNo> = self.shims.keys().copied().collect();
        for shim in shims {
            self.tell(Happening::ShimPaused { shim, since });
        }
        let (now, broken) = (self.now, self.dice.chance(70));
        for daemon in self.daemons.values_mut() {
            daemon.thawed = now;
            for run in daemon.runs.values_mut() {
                if let Phase::Streaming { course, .. } = &mut run.phase
                    && broken
                    && *course == Course::Answers
                {
                    *course = Course::Breaks(0);
                }
            }
        }
    }
}
