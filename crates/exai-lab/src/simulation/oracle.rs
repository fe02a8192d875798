//! Whoever sees everything: facts that no process knows, noted when they can be.

use std::collections::BTreeSet;
use std::time::Duration;

use exai_journal::JournalError;
use exai_session::{CallState, EndWhy};
use exai_wire::{CallId, Class, Outcome, Record, RefusedCode, SessionId, ShimFrame};

use super::agenda::Event;
use super::bug::Seeded;
use super::history::{Answer, Happening, Heard};
use super::host::{AskState, Handle};
use super::names::{AskNo, DaemonNo, HostNo, ShimNo};
use super::world::World;

/// For so long after its loss a session may have attempts begun on its behalf, and a tick more.
const ABSENT: Duration = Duration::from_millis(20_500);
/// What was in the way less than this ago may have left marks.
const MARKS: Duration = Duration::from_secs(9);
/// A request is with the daemon after this time, if nothing is in the way.
const ARRIVED: Duration = Duration::from_secs(2);

impl World {
    pub(crate) fn host_of_dead(&self, shim: ShimNo) -> HostNo {
        self.graves.get(&shim).copied().unwrap_or(HostNo(0))
    }

    pub(crate) fn session_of(&self, shim: ShimNo) -> Option<SessionId> {
        self.sessions.get(&shim).copied()
    }

    /// The call that a host made, where a daemon was given another id for it.
    pub(crate) fn origin(&self, call: CallId) -> CallId {
        self.aliases.get(&call).copied().unwrap_or(call)
    }

    pub(crate) fn class_of(&self, call: CallId) -> Class {
        self.calls.get(&self.origin(call)).map_or(Class::Pure, |facts| facts.class)
    }

    /// Makes another call of one that was received before.
    pub(crate) fn estrange(&mut self, text: &str) -> String {
        let Ok(Some(ShimFrame::Call(call))) = ShimFrame::decode(text) else { return text.to_owned() };
        if self.received.insert(call.call_id) {
            return text.to_owned();
        }
        let fresh = CallId::from_bytes(self.dice.id());
        self.aliases.insert(fresh, call.call_id);
        text.replacen(&call.call_id.to_string(), &fresh.to_string(), 1)
    }

    /// Tells a shim of its own call, whatever the daemon calls it.
    pub(crate) fn unmask(&self, text: String) -> String {
        if self.bug != Some(Seeded::NoDedup) {
            return text;
        }
        let masked = self.aliases.iter().find(|(fresh, _)| text.contains(&fresh.to_string()));
        masked.map(|(fresh, call)| text.replace(&fresh.to_string(), &call.to_string())).unwrap_or(text)
    }

    /// Whether something was in a shim's way lately.
    pub(crate) fn is_disturbed(&self, shim: ShimNo) -> bool {
        let host = self.hosts.get(&self.host_of(shim));
        let lately = |at: Duration| at + MARKS > self.now;
        lately(self.disturbed)
            || host.is_some_and(|host| host.cut || lately(host.disturbed))
            || self.shims.get(&shim).is_some_and(|process| process.frozen.is_some())
            || self.daemons.values().any(|daemon| daemon.frozen.is_some())
            || self.network.links.values().any(|link| link.shim == shim && link.black)
    }

    /// Whether somebody is there on whose behalf a daemon may begin an attempt.
    fn is_sponsored(&self, no: DaemonNo, call: CallId) -> bool {
        let Some(daemon) = self.daemons.get(&no) else { return true };
        if daemon.thawed + Duration::from_secs(1) > self.now {
            return true;
        }
        let there = |session: &SessionId| {
            let presence = daemon.presence.get(session);
            presence.is_some_and(|presence| presence.link.is_some() || presence.lost_at + ABSENT > self.now)
        };
        let (mut todo, mut seen) = (vec![self.origin(call)], BTreeSet::new());
        while let Some(call) = todo.pop() {
            let Some(facts) = self.calls.get(&call).filter(|_| seen.insert(call)) else { continue };
            if facts.sessions.iter().any(there) || daemon.handles.contains(&call) {
                return true;
            }
            todo.extend(&facts.takers);
        }
        false
    }

    /// Whether somebody can hear the answer of a call from this daemon without further ado.
    fn is_heard(&self, no: DaemonNo, call: CallId) -> bool {
        self.asks.values().any(|ask| {
            let waits = ask.call == call && ask.state == AskState::Open && ask.at + ARRIVED < self.now;
            let connected = || {
                self.network.links.values().any(|link| {
                    link.shim == ask.shim
                        && link.daemon == no
                        && link.welcomed
                        && link.open_at_shim
                        && link.open_at_daemon
                })
            };
            waits && connected() && !self.is_disturbed(ask.shim)
        })
    }

    /// Whether a daemon has to believe that those are there who asked for the same before.
    fn seems_awaited(&self, no: DaemonNo, call: CallId) -> bool {
        let question = self.asks.values().find(|ask| ask.call == call).map(|ask| ask.question);
        let Some(daemon) = self.daemons.get(&no) else { return false };
        let earlier = self.asks.values().filter(|ask| Some(ask.question) == question && ask.call != call);
        let joined =
            |call| self.asks.values().any(|ask| ask.call == call && ask.joins && ask.state == AskState::Open);
        earlier.into_iter().any(|ask| {
            // A host that gave up is answered, and its shim has said so.
            let gone = !self.shims.contains_key(&ask.shim);
            let presence = self.session_of(ask.shim).and_then(|session| daemon.presence.get(&session));
            joined(ask.call) || (gone && presence.is_some_and(|presence| presence.link.is_some()))
        })
    }

    /// A record goes to the journal.
    pub(crate) fn submitted(&mut self, no: DaemonNo, record: &Record) {
        match record {
            Record::Started { call_id, .. } => {
                if self.state_of(no, *call_id) == Some(CallState::Accepting) {
                    self.coverage.count("start beside the record of its call");
                }
                let (call, sponsored) = (self.origin(*call_id), self.is_sponsored(no, *call_id));
                self.tell(Happening::Starts { call, sponsored });
            }
            Record::Accepted { call_id, asked } => {
                if let Some(from) = asked.adopts {
                    let live = self.is_heard(no, from);
                    self.count_taken(no, from);
                    self.takes.insert(*call_id, live);
                    // Left by its host it is parked without a word, and comes back whatever else there is.
                    if let Some(daemon) = self.daemons.get_mut(&no) {
                        daemon.parked += 1;
                    }
                    if let Some(facts) = self.calls.get_mut(&from) {
                        facts.takers.push(*call_id);
                    }
                } else if asked.class == Class::Effect {
                    let call = *call_id;
                    let believed = self.seems_awaited(no, call);
                    self.tell(Happening::AskedAnew { call, believed });
                }
            }
            _ => {}
        }
    }

    /// The journal has decided on a record.
    pub(crate) fn decided(&mut self, no: DaemonNo, record: Record, result: &Result<(), JournalError>) {
        if result.is_err() {
            if let Record::Accepted { call_id, .. } = record
                && self.daemons.get(&no).is_some_and(|daemon| daemon.runs.contains_key(&call_id))
            {
                self.coverage.count("call not kept that the executor had");
            }
            return;
        }
        match record {
            Record::Accepted { call_id, asked } => {
                if let Some(from) = asked.adopts {
                    let live = self.takes.get(&call_id).copied().unwrap_or(false);
                    self.tell(Happening::Taken { by: call_id, from, live });
                }
            }
            Record::Done { call_id, end, .. } => {
                let call = self.origin(call_id);
                let skew_ms = self.daemons.get(&no).map_or(0, |daemon| daemon.skew_ms);
                let late = Duration::from_millis(self.wall_ms_at(skew_ms).saturating_sub(end.at_ms));
                self.tell(Happening::Ended { call, outcome: end.outcome, late });
            }
            Record::Buried { call_id, .. } | Record::Forgotten { call_id } => {
                self.coverage.count("call buried or forgotten");
                self.tell(Happening::Buried(call_id));
            }
            _ => {}
        }
    }

    /// Where a daemon says that a call stands.
    pub(crate) fn state_of(&self, no: DaemonNo, call: CallId) -> Option<CallState> {
        self.daemons.get(&no).and_then(|daemon| daemon.end.call_head(call)).map(|head| head.state)
    }

    fn count_taken(&mut self, no: DaemonNo, from: CallId) {
        self.coverage.count(match self.state_of(no, from) {
            Some(CallState::Running) => "takes over a call that runs",
            Some(CallState::Parked) => "takes over a call that is parked",
            Some(CallState::Following) => "takes over a call that takes over another",
            Some(CallState::Kept) => "takes over an answer that is kept",
            _ => "takes over something else",
        });
    }

    /// A cancel has reached a daemon.
    pub(crate) fn count_cancel(&mut self, no: DaemonNo, call: CallId) {
        self.coverage.count(match self.state_of(no, call) {
            None => "cancel of a call that is not known",
            Some(CallState::Accepting) => "cancel of a call on its way to the journal",
            Some(CallState::Running) => "cancel of a call that runs",
            Some(CallState::Parked) => "cancel of a call that is parked",
            Some(CallState::Following) => "cancel of a call that takes over another",
            Some(CallState::Ending) => "cancel that crosses an end",
            Some(CallState::Kept | CallState::Delivered | CallState::Buried) => {
                "cancel of a call that has ended"
            }
        });
    }

    pub(crate) fn count_decided(&mut self, record: &Record, result: &Result<(), JournalError>) {
        let what = match (record, result) {
            (_, Err(JournalError::Usurped)) => "record of a daemon that was usurped",
            (Record::Accepted { .. }, Err(_)) => "call not kept",
            (Record::Started { .. }, Err(_)) => "start not kept",
            (Record::Done { .. }, Err(_)) => "end not kept",
            (Record::Accepted { asked, .. }, Ok(())) if asked.adopts.is_some() => "call takes over another",
            (Record::Done { end, .. }, Ok(())) if end.outcome == Outcome::Cancelled => "cancel kept",
            (Record::Detached { .. }, Ok(())) => "detached",
            _ => return,
        };
        self.coverage.count(what);
    }

    pub(crate) fn count_heard(&mut self, what: &Heard) {
        let what = match what {
            Heard::Result { replayed: true, .. } => "answer delivered again",
            Heard::Refused(RefusedCode::Draining) => "refused: draining",
            Heard::Refused(RefusedCode::JournalFull) => "refused: journal full",
            Heard::Refused(RefusedCode::JournalUnavailable) => "refused: journal unavailable",
            Heard::Refused(RefusedCode::Overloaded) => "refused: overloaded",
            Heard::Refused(RefusedCode::UnknownCall) => "refused: unknown call",
            _ => return,
        };
        self.coverage.count(what);
    }

    pub(crate) fn count_answer(&mut self, answer: &Answer) {
        let what = match answer {
            Answer::Result { outcome: Outcome::OutcomeUnknown, .. } => "told: outcome unknown",
            Answer::Result { body, .. } if body.contains("not kept:") => "told: not kept",
            Answer::Result { body, .. } if body.contains("kept answer") => "told: answer of an earlier call",
            Answer::Result { body, .. } if body.contains("PARTIAL") => {
                "told: partial answer of a parked call"
            }
            Answer::Result { attempts: 2.., .. } => "told: several attempts",
            Answer::Handle => "told: a handle",
            Answer::End { why: EndWhy::Deadline, .. } => "ended: deadline",
            Answer::End { why: EndWhy::Rejected(..), .. } => "ended: rejected",
            Answer::End { why: EndWhy::Refused(..), .. } => "ended: refused",
            _ => return,
        };
        self.coverage.count(what);
    }

    /// The shim of these hosts' requests is gone; some ask again.
    pub(crate) fn orphan(&mut self, shim: ShimNo) {
        let unanswered = |state| matches!(state, AskState::Open | AskState::HandedOut);
        let lost = self.asks.iter_mut().filter(|(_, ask)| ask.shim == shim && unanswered(ask.state));
        let mut questions = Vec::new();
        for (_, ask) in lost {
            ask.state = AskState::Orphaned;
            questions.push((ask.host, ask.question));
        }
        for (host, question) in questions {
            let after = self.dice.ms(200, 14_000);
            let again = self.dice.chance(70);
            let question_left = self.questions.get_mut(&question).filter(|question| question.tries > 0);
            if let (Some(left), true) = (question_left, again) {
                left.tries -= 1;
                self.coverage.count("asked again after a shim's end");
                self.agenda.plan(self.now + after, Event::Ask { host, question });
            }
        }
        let host = self.host_of(shim);
        let at = self.now + self.dice.ms(50, 2000);
        self.agenda.plan(at, Event::Spawn(host));
    }

    /// A host that could wait no longer asks again, collects, or lets it be.
    pub(crate) fn after_giving_up(&mut self, ask: AskNo) {
        let Some(ask) = self.asks.get(&ask) else { return };
        let (host, no, call, past, joins) = (ask.host, ask.question, ask.call, ask.past, ask.joins);
        let (way, after) = (self.dice.below(100), self.dice.ms(200, 15_000));
        let Some(question) = self.questions.get_mut(&no).filter(|question| question.tries > 0) else {
            return;
        };
        question.tries -= 1;
        match way {
            0..45 => self.coverage.count("asked again after giving up"),
            45..65 if !joins => {
                question.handle = Some((call, Handle::Join));
                self.coverage.count("collected after giving up");
            }
            65..90 if !joins => {
                question.handle = Some((call, Handle::Again(past)));
                self.coverage.count("came back under the same id");
            }
            45..90 => question.handle = Some((call, Handle::Join)),
            _ => return,
        }
        self.agenda.plan(self.now + after, Event::Ask { host, question: no });
    }
}
