//! The shim's end: keeps calls alive over connections.
//!
//! Invariants: an open call ends exactly once, by its result or by an [`ShimEvent::End`]; nothing comes out for a call
//! that was cancelled or detached; a call is sent on a connection only after its welcome; at most one welcomed
//! connection exists, and at most one dial beside it.

mod calls;
mod event;
mod inbound;
mod link;
mod receipts;

pub use event::{
    ConnNo, ConnectError, DialLimits, EndWhy, Fate, Link, NewCall, Past, ShimConfig, ShimEvent, TooMuch,
    Transmit,
};

use std::collections::VecDeque;
use std::time::Duration;

use exai_wire::{Attach, Bye, CallId, Cancel, Peer, ShimFrame};

use calls::{Ask, Calls, Reach, Times};
use link::LinkState;
use receipts::Receipts;

/// Frames owed to the daemon while it is away (`detach`): as many as calls can be open.
const OWED_MAX: usize = 1000;

/// One session, for the life of the shim process.
#[derive(Debug)]
pub struct ShimEnd {
    config: ShimConfig,
    host: Option<Peer>,
    calls: Calls,
    receipts: Receipts,
    link: LinkState,
    /// Calls whose `detach` is said after the next welcome.
    owed: VecDeque<CallId>,
    /// Calls whose `detach` went out on the present connection, the newest of them: should that be lost, they are owed again.
    left: VecDeque<CallId>,
    out: VecDeque<Transmit>,
    events: VecDeque<ShimEvent>,
}

impl ShimEnd {
    /// A session that has not dialled yet.
    pub fn new(config: ShimConfig) -> Self {
        let link = LinkState::new(&config);
        Self {
            config,
            host: None,
            calls: Calls::default(),
            receipts: Receipts::default(),
            link,
            owed: VecDeque::new(),
            left: VecDeque::new(),
            out: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The host has introduced itself; goes out with the next `hello`.
    pub fn set_host(&mut self, host: Peer) {
        self.host = Some(host);
    }

    /// Dials now if it has not (2 s after a completed handshake, an autostarted daemon that listens, ...), and
    /// cuts a backoff pause short.
    pub fn wake(&mut self, now: Duration) {
        self.dial_now(now);
    }

    /// Takes a call from the host; dials at once where there is no connection.
    ///
    /// # Errors
    /// [`TooMuch`] where the session holds 1,000 calls or 64 MiB; the call is not taken.
    pub fn call(&mut self, now: Duration, call: NewCall) -> Result<(), TooMuch> {
        let call_id = call.call_id;
        self.calls.take(now, call)?;
        self.taken(now, call_id);
        Ok(())
    }

    /// Joins a call made earlier, perhaps by another session; ends like a call.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn attach(
        &mut self,
        now: Duration,
        call_id: CallId,
        deadline: Duration,
        hold: Option<Duration>,
    ) -> Result<(), TooMuch> {
        self.calls.insert(call_id, Ask::Attach, Times { taken: now, deadline, hold }, Past::default())?;
        self.taken(now, call_id);
        Ok(())
    }

    fn taken(&mut self, now: Duration, call_id: CallId) {
        self.receipts.forget(call_id);
        // Somebody waits for it again; a `detach` that went out after this call's frame would leave him without answer.
        self.owed.retain(|owed| *owed != call_id);
        self.left.retain(|left| *left != call_id);
        match self.link.reach() {
            Reach::TakesCalls => self.send_call(now, call_id),
            // Held until the next daemon's welcome.
            Reach::Leaving => {}
            Reach::Away { .. } => match self.link.fresh_rejection(now) {
                Some((code, message)) => self.end(now, call_id, EndWhy::Rejected(code, message)),
                None => self.dial_now(now),
            },
        }
    }

    /// The host has cancelled: nothing more comes out for this call; the daemon is told until it has confirmed.
    pub fn cancel(&mut self, now: Duration, call_id: CallId, reason: &str) {
        let Some(open) = self.calls.get_mut(call_id) else { return };
        open.cancelled = true;
        if open.under.is_none() {
            self.calls.remove(call_id);
        } else if self.link.is_up() {
            self.send(now, &ShimFrame::Cancel(Cancel { call_id, reason: reason.to_owned() }));
        }
    }

    /// Cancels a call that is perhaps not open here, but was made earlier, perhaps by another session; dials if need be.
    /// The daemon is told until it has confirmed, or until `deadline`.
    ///
    /// # Errors
    /// As [`Self::call`]; the call is not cancelled.
    pub fn cancel_other(
        &mut self,
        now: Duration,
        call_id: CallId,
        deadline: Duration,
        reason: &str,
    ) -> Result<(), TooMuch> {
        if self.calls.get(call_id).is_some_and(|open| open.under.is_some()) {
            self.cancel(now, call_id, reason);
            return Ok(());
        }
        // One that waits to be joined was written to nobody yet, and still another session may have brought it.
        let times = Times { taken: now, deadline, hold: None };
        self.calls.insert(call_id, Ask::Attach, times, Past::default())?;
        self.receipts.forget(call_id);
        if let Some(open) = self.calls.get_mut(call_id) {
            open.cancelled = true;
            open.under = self.link.journal();
        }
        if self.link.is_up() {
            self.send(now, &ShimFrame::Cancel(Cancel { call_id, reason: reason.to_owned() }));
        } else {
            self.dial_now(now);
        }
        Ok(())
    }

    /// What is known of a call that is open and not cancelled.
    pub fn past(&self, call_id: CallId) -> Option<Past> {
        self.calls.get(call_id).filter(|open| !open.cancelled).map(calls::Open::past)
    }

    /// Why the daemon has not taken a call yet, where it has said so; empty otherwise.
    pub fn refusal(&self, call_id: CallId) -> &str {
        self.calls.get(call_id).map_or("", |open| open.refusal.as_str())
    }

    /// Whether the result of a call was handed out here, lately.
    pub fn was_answered(&self, call_id: CallId) -> bool {
        self.receipts.knows(call_id)
    }

    /// Whether a call was cancelled here and the daemon has not confirmed it yet.
    pub fn is_cancelled(&self, call_id: CallId) -> bool {
        self.calls.get(call_id).is_some_and(|open| open.cancelled)
    }

    /// No host waits at a limit of its own any more: the call is held to its deadline, however long the daemon is away.
    pub fn hold_on(&mut self, call_id: CallId) {
        if let Some(open) = self.calls.get_mut(call_id) {
            open.hold_on();
        }
    }

    /// The host has been answered or has given up, the call goes on in the daemon: nothing more comes out for it.
    pub fn detach(&mut self, now: Duration, call_id: CallId) {
        let Some(open) = self.calls.remove(call_id) else { return };
        if open.under.is_none() {
            return;
        }
        if self.link.is_up() {
            self.leave(now, call_id);
        } else {
            self.owe_detach(call_id);
        }
    }

    fn owe_detach(&mut self, call_id: CallId) {
        if self.owed.len() < OWED_MAX {
            self.owed.push_back(call_id);
        }
    }

    /// Tells the daemon that nobody waits here for this call.
    fn leave(&mut self, now: Duration, call_id: CallId) {
        self.send(now, &ShimFrame::Detach(Attach { call_id }));
        self.left.push_back(call_id);
        if self.left.len() > OWED_MAX {
            self.left.pop_front();
        }
    }

    /// A connection is lost, and perhaps what was last said on it: the daemon would take a host for one that waits, and would
    /// not give the answer to whoever asks the same again.
    fn owe_again(&mut self) {
        for call_id in std::mem::take(&mut self.left) {
            self.owe_detach(call_id);
        }
    }

    /// The whole line of this call's answer has been written to the host.
    pub fn delivered(&mut self, call_id: CallId) {
        self.receipts.delivered(call_id);
    }

    /// Asks for the tool definitions on the present connection.
    pub fn get_catalogue(&mut self, now: Duration) {
        if self.link.is_up() {
            self.send(now, &ShimFrame::GetCatalogue);
        }
    }

    /// The shim ends: a `bye` goes out on the present connection, and nothing is dialled any more.
    pub fn bye(&mut self, now: Duration, reason: &str) {
        self.link.leave();
        if self.link.is_up() {
            // Behind the `bye` nobody would read it, and an answer that was delivered would be kept for whoever asks again.
            if let Some(call_ids) = self.receipts.take_owed() {
                self.send(now, &ShimFrame::Ack(call_ids));
            }
            self.send(now, &ShimFrame::Bye(Bye { reason: reason.to_owned() }));
        }
    }

    /// When to call `handle_timeout` next.
    pub fn poll_timeout(&self) -> Option<Duration> {
        [self.link.next_due(), self.calls.next_due(self.link.reach())].into_iter().flatten().min()
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        if let Some(conn) = self.link.up_conn()
            && let Some(call_ids) = self.receipts.take_owed()
        {
            self.out.push_back(Transmit { conn, text: ShimFrame::Ack(call_ids).encode() });
        }
        self.out.pop_front()
    }

    /// The next thing to do or to tell.
    pub fn poll_event(&mut self) -> Option<ShimEvent> {
        self.events.pop_front()
    }

    /// State of the link.
    pub fn link(&self) -> Link {
        self.link.describe()
    }

    /// Calls that wait for an end.
    pub fn open_calls(&self) -> usize {
        self.calls.waiting()
    }

    /// Ends a call without its result; the daemon, where it has it, goes on for whoever collects it.
    fn end(&mut self, now: Duration, call_id: CallId, why: EndWhy) {
        let Some(open) = self.calls.get_mut(call_id) else { return };
        if !open.cancelled {
            let past = open.past();
            self.events.push_back(ShimEvent::End { call_id, why, past });
        }
        self.detach(now, call_id);
    }

    fn send(&mut self, now: Duration, frame: &ShimFrame) {
        if let Some(conn) = self.link.sent(now) {
            self.out.push_back(Transmit { conn, text: frame.encode() });
        }
    }

    fn send_call(&mut self, now: Duration, call_id: CallId) {
        let Some(journal) = self.link.journal() else { return };
        let Some(open) = self.calls.get_mut(call_id) else { return };
        let before = open.under;
        open.expose(journal);
        let frame = open.frame(now, call_id, before);
        self.send(now, &frame);
    }
}
