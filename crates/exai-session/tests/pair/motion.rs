//! What moves in the world: packets, events of both ends, the scripted executor.

use exai_journal::JournalError;
use exai_session::{
    AttemptDenied, CommitResult, ConnNo, ConnectError, DaemonEvent, Finished, NotKept, PeerConn, ShimEvent,
    Ticket,
};
use exai_wire::{CallId, Class, Outcome};

use crate::world::{LATENCY, Packet, Seen, World, ms, raw};

impl World {
    pub(crate) fn step(&mut self) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let packet = entry.remove();
            self.deliver(packet);
            self.settle();
        }
        let now = self.now;
        for (n, shim) in self.shims.iter_mut().enumerate() {
            if !self.dead.contains(&n) && shim.poll_timeout().is_some_and(|at| at <= now) {
                shim.handle_timeout(now);
            }
        }
        if let Some(daemon) = self.daemon.as_mut().filter(|_| !self.frozen)
            && daemon.poll_timeout().is_some_and(|at| at <= now)
        {
            daemon.handle_timeout(now);
        }
    }

    pub(crate) fn thaw(&mut self) {
        self.frozen = false;
        for packet in std::mem::take(&mut self.backlog) {
            self.deliver(packet);
        }
    }

    pub(crate) fn deliver(&mut self, packet: Packet) {
        if self.frozen && matches!(packet, Packet::Up { .. } | Packet::CloseUp { .. } | Packet::Finish { .. })
        {
            self.backlog.push_back(packet);
            return;
        }
        let now = self.now;
        match packet {
            Packet::Connect { shim, conn } => self.connect(shim, conn),
            Packet::Up { shim, conn, text } => {
                let peer =
                    self.pairs.iter().find(|(s, c, _)| (*s, *c) == (shim, conn)).map(|(.., peer)| *peer);
                if let (Some(peer), Some(daemon), false) = (peer, &mut self.daemon, self.partitioned) {
                    self.log.push(format!("{now:?} shim {shim} > {text}"));
                    daemon.frame(now, peer, &text);
                }
            }
            Packet::Down { peer, text } => {
                let pair = self.pairs.iter().find(|(.., p)| *p == peer).copied();
                if let (Some((shim, conn, _)), false) = (pair, self.partitioned) {
                    self.log.push(format!("{now:?} shim {shim} < {text}"));
                    self.shims[shim].frame(now, conn, &text);
                }
            }
            Packet::CloseUp { peer } => {
                if let (Some(daemon), false) = (&mut self.daemon, self.partitioned) {
                    daemon.closed(now, peer);
                }
            }
            Packet::CloseDown { shim, conn, reason } => {
                if !self.partitioned {
                    self.shims[shim].closed(now, conn, &reason);
                }
            }
            Packet::Finish { call_id, boot } => {
                if boot == self.boot && self.running.remove(&call_id).is_some() {
                    self.finish(call_id);
                }
            }
        }
    }

    fn connect(&mut self, shim: usize, conn: ConnNo) {
        if self.partitioned {
            return;
        }
        if self.auth_failures > 0 {
            self.auth_failures -= 1;
            let refused = ConnectError::Auth("wrong token".into());
            self.shims[shim].connect_failed(self.now, conn, refused);
            return;
        }
        let Some(daemon) = &mut self.daemon else {
            self.shims[shim].connect_failed(
                self.now,
                conn,
                ConnectError::Unreachable("connection refused".into()),
            );
            return;
        };
        // A stopped process's kernel still accepts.
        let peer = PeerConn(self.next_peer);
        self.next_peer += 1;
        self.pairs.push((shim, conn, peer));
        daemon.opened(self.now, peer);
        self.shims[shim].connected(self.now, conn);
    }

    fn finish(&mut self, call_id: CallId) {
        let body = format!(r#"{{"answer":"{call_id}","content":[{{"type":"text","text":"it is"}}]}}"#);
        let finished = Finished { outcome: Outcome::Ok, body: raw(&body), turn: None, spent: None };
        if let Some(daemon) = &mut self.daemon {
            daemon.finished(self.now, call_id, finished);
        }
    }

    /// Lets both ends say everything they have to say now.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut moved = false;
            for shim in 0..self.shims.len() {
                moved |= self.settle_shim(shim);
            }
            if !self.frozen {
                moved |= self.settle_daemon();
            }
            if !moved {
                return;
            }
        }
    }

    fn settle_shim(&mut self, shim: usize) -> bool {
        let mut moved = false;
        while let Some(transmit) = self.shims[shim].poll_transmit() {
            moved = true;
            self.post(LATENCY, Packet::Up { shim, conn: transmit.conn, text: transmit.text });
        }
        while let Some(event) = self.shims[shim].poll_event() {
            moved = true;
            self.shim_event(shim, event);
        }
        moved
    }

    fn shim_event(&mut self, shim: usize, event: ShimEvent) {
        self.log.push(format!("{:?} shim {shim} event {event:?}", self.now));
        match event {
            ShimEvent::Dial { conn, .. } => self.post(LATENCY, Packet::Connect { shim, conn }),
            ShimEvent::Close { conn } => {
                if let Some(at) = self.pairs.iter().position(|(s, c, _)| (*s, *c) == (shim, conn)) {
                    let (.., peer) = self.pairs.remove(at);
                    self.post(LATENCY, Packet::CloseUp { peer });
                }
            }
            ShimEvent::Result { call_id, outcome, body, attempts, replayed } => {
                let seen = Seen::Result { outcome, body: body.get().to_owned(), attempts, replayed };
                self.seen.entry(call_id).or_default().push(seen);
                if self.auto_deliver {
                    self.shims[shim].delivered(call_id);
                }
            }
            ShimEvent::End { call_id, why, past } => {
                let fate = past.fate();
                self.seen.entry(call_id).or_default().push(Seen::End { why, fate });
            }
            _ => {}
        }
    }

    fn settle_daemon(&mut self) -> bool {
        let mut moved = false;
        loop {
            let Some(daemon) = &mut self.daemon else { return moved };
            if let Some((peer, text)) = daemon.poll_transmit() {
                self.post(LATENCY, Packet::Down { peer, text });
            } else if let Some(event) = daemon.poll_event() {
                self.daemon_event(event);
            } else {
                return moved;
            }
            moved = true;
        }
    }

    fn take_decisions(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        while let Some(done) = self.journal.poll_committed() {
            let result = done.result.map_or_else(
                |e: JournalError| {
                    let full = matches!(e, JournalError::Full(_));
                    let usurped = e == JournalError::Usurped;
                    CommitResult::Failed(NotKept { full, usurped, why: e.to_string() })
                },
                CommitResult::Durable,
            );
            daemon.committed(self.now, Ticket(done.ticket), result);
        }
    }

    /// The disk has taken what waits: so many records.
    pub(crate) fn sync(&mut self) -> usize {
        let waiting = self.journal.store_mut().waiting();
        self.journal.store_mut().sync();
        self.take_decisions();
        self.settle();
        waiting
    }

    fn daemon_event(&mut self, event: DaemonEvent) {
        let now = self.now;
        let Some(daemon) = &mut self.daemon else { return };
        match event {
            DaemonEvent::Commit { ticket, record } => {
                self.journal.submit(ticket.0, record);
                self.take_decisions();
            }
            DaemonEvent::Fetch { call_id } => {
                self.journal.fetch(call_id);
                while let Some((call_id, sealed)) = self.journal.poll_fetched() {
                    daemon.fetched(now, call_id, sealed);
                }
            }
            DaemonEvent::Run { call_id, class, params, before, kept, .. } => {
                self.told.insert(call_id, (before, kept.map(|kept| kept.text)));
                let span = params
                    .get()
                    .split("\"ms\":")
                    .nth(1)
                    .and_then(|rest| rest.trim_end_matches('}').parse().ok());
                self.running.insert(call_id, span.unwrap_or(0));
                if class == Class::Pure {
                    self.post(ms(span.unwrap_or(0)), Packet::Finish { call_id, boot: self.boot });
                } else if !self.full {
                    daemon.attempt(now, call_id, None, ("sim", "m1"), 0);
                }
            }
            DaemonEvent::Go { call_id, attempt } => {
                self.billed.push((call_id, attempt));
                let span = self.running.get(&call_id).copied().unwrap_or(0);
                self.post(ms(span), Packet::Finish { call_id, boot: self.boot });
            }
            DaemonEvent::Deny { call_id, why } => {
                self.denied.push(why);
                if why != AttemptDenied::Over {
                    let body = raw(r#"{"denied":true}"#);
                    daemon.finished(
                        now,
                        call_id,
                        Finished { outcome: Outcome::Error, body, turn: None, spent: None },
                    );
                }
            }
            DaemonEvent::Abort { call_id, .. } => {
                self.running.remove(&call_id);
                self.aborted.push(call_id);
                daemon.aborted(call_id);
            }
            DaemonEvent::Close { conn, .. } => {
                self.closes += 1;
                if let Some((shim, no, _)) = self.pairs.iter().find(|(.., peer)| *peer == conn).copied() {
                    self.post(
                        LATENCY,
                        Packet::CloseDown { shim, conn: no, reason: "closed by the daemon".into() },
                    );
                }
            }
            DaemonEvent::Drained => self.kill_daemon(),
            DaemonEvent::Joined { .. } | DaemonEvent::Left { .. } => {}
        }
    }
}
