//! The network. Within a connection everything arrives in order or the connection is over; between connections nothing is
//! ordered. A cut path holds what is sent until it heals; a connection whose way was forgotten swallows it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use exai_session::{ConnNo, ConnectError, PeerConn};

use super::agenda::{Event, Parcel, Way};
use super::daemon_process::Input;
use super::names::{DaemonNo, HostNo, LinkNo, ShimNo};
use super::shim_process::Inlet;
use super::world::World;

#[derive(Debug, Default)]
pub(crate) struct Pipe {
    /// When the last parcel arrives that was sent.
    last: Duration,
    held: VecDeque<Parcel>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) shim: ShimNo,
    pub(crate) conn: ConnNo,
    pub(crate) daemon: DaemonNo,
    pub(crate) open_at_shim: bool,
    pub(crate) open_at_daemon: bool,
    pub(crate) welcomed: bool,
    /// Whatever is sent on it vanishes.
    pub(crate) black: bool,
    up: Pipe,
    down: Pipe,
}

#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) links: BTreeMap<LinkNo, Link>,
    pub(crate) made: u64,
    pub(crate) latency_ms: u64,
}

impl LinkNo {
    pub(crate) const fn peer(self) -> PeerConn {
        PeerConn(self.0)
    }
}

impl Network {
    pub(crate) fn of_shim(&self, shim: ShimNo, conn: ConnNo) -> Option<LinkNo> {
        self.links.iter().find(|(_, link)| (link.shim, link.conn) == (shim, conn)).map(|(no, _)| *no)
    }

    pub(crate) fn where_(&self, wanted: impl Fn(&Link) -> bool) -> Vec<LinkNo> {
        self.links.iter().filter(|(_, link)| wanted(link)).map(|(no, _)| *no).collect()
    }
}

impl World {
    pub(crate) fn latency(&mut self) -> Duration {
        let most = self.network.latency_ms;
        self.dice.ms(0, most) + Duration::from_micros(50)
    }

    pub(crate) fn host_of(&self, shim: ShimNo) -> HostNo {
        self.shims.get(&shim).map_or_else(|| self.host_of_dead(shim), |process| process.host)
    }

    fn is_cut(&self, shim: ShimNo) -> bool {
        self.hosts.get(&self.host_of(shim)).is_some_and(|host| host.cut)
    }

    pub(crate) fn send(&mut self, no: LinkNo, way: Way, parcel: Parcel) {
        let earliest = self.now + self.latency();
        let Some(link) = self.network.links.get_mut(&no).filter(|link| !link.black) else { return };
        let pipe = match way {
            Way::Up => &mut link.up,
            Way::Down => &mut link.down,
        };
        let at = earliest.max(pipe.last + Duration::from_micros(1));
        pipe.last = at;
        self.agenda.plan(at, Event::Arrive { link: no, way, parcel });
    }

    pub(crate) fn arrive(&mut self, no: LinkNo, way: Way, parcel: Parcel) {
        let Some(link) = self.network.links.get(&no).filter(|link| !link.black) else { return };
        let cut = self.is_cut(link.shim);
        let Some(link) = self.network.links.get_mut(&no) else { return };
        let (open, pipe) = match way {
            Way::Up => (link.open_at_daemon, &mut link.up),
            Way::Down => (link.open_at_shim, &mut link.down),
        };
        if cut || !pipe.held.is_empty() {
            pipe.held.push_back(parcel);
            return;
        }
        match (open, way) {
            (true, Way::Up) => self.reach_daemon(no, parcel),
            (true, Way::Down) => self.reach_shim(no, parcel),
            // Nobody has this connection any more: whoever writes to it is told so.
            (false, _) if !matches!(parcel, Parcel::Close(_)) => {
                let back = if way == Way::Up { Way::Down } else { Way::Up };
                self.coverage.count("half-open connection found by writing to it");
                self.send(no, back, Parcel::Close("connection reset"));
            }
            (false, _) => {}
        }
        self.network.links.retain(|_, link| link.open_at_shim || link.open_at_daemon);
    }

    fn reach_daemon(&mut self, no: LinkNo, parcel: Parcel) {
        let Some(daemon) = self.network.links.get(&no).map(|link| link.daemon) else { return };
        let input = match parcel {
            Parcel::Upgrade => Input::Opened(no),
            Parcel::Text(text) => Input::Text(no, text),
            Parcel::Close(_) => Input::Closed(no),
        };
        self.daemon_input(daemon, input);
    }

    fn reach_shim(&mut self, no: LinkNo, parcel: Parcel) {
        let Some((shim, conn)) = self.network.links.get(&no).map(|link| (link.shim, link.conn)) else {
            return;
        };
        let inlet = match parcel {
            Parcel::Upgrade => Inlet::Connected(conn),
            Parcel::Text(text) => Inlet::Text(no, conn, text),
            Parcel::Close(reason) => {
                if let Some(link) = self.network.links.get_mut(&no) {
                    link.open_at_shim = false;
                }
                Inlet::Closed(conn, reason)
            }
        };
        self.shim_input(shim, inlet);
    }

    /// A dial arrives where the daemon listens, or would.
    pub(crate) fn dial(&mut self, shim: ShimNo, conn: ConnNo) {
        let wanted = self.shims.get(&shim).is_some_and(|process| process.dialling.contains(&conn));
        if !wanted || self.is_cut(shim) {
            return;
        }
        let at = self.now + self.latency();
        let Some(daemon) = self.listener.filter(|no| self.daemons.contains_key(no)) else {
            return self.agenda.plan(at, Event::NobodyListens { shim, conn });
        };
        self.network.made += 1;
        let no = LinkNo(self.network.made);
        let link = Link {
            shim,
            conn,
            daemon,
            open_at_shim: true,
            open_at_daemon: true,
            welcomed: false,
            black: false,
            up: Pipe::default(),
            down: Pipe::default(),
        };
        self.network.links.insert(no, link);
        let open = self.network.links.values().filter(|link| link.shim == shim && link.open_at_shim).count();
        if open > 2 {
            self.broken(super::history::Invariant::OneConnection, format!("{shim} has {open} connections"));
        }
        self.reach_daemon(no, Parcel::Upgrade);
    }

    pub(crate) fn nobody_listens(&mut self, shim: ShimNo, conn: ConnNo) {
        let error = ConnectError::Unreachable("connection refused".to_owned());
        self.shim_input(shim, Inlet::Failed(conn, error));
    }

    pub(crate) fn cut(&mut self, no: HostNo) {
        if let Some(host) = self.hosts.get_mut(&no) {
            host.cut = true;
        }
    }

    pub(crate) fn heal(&mut self, no: HostNo) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(&no).filter(|host| host.cut) else { return };
        (host.cut, host.disturbed) = (false, now);
        self.coverage.count("path cut and healed");
        let links: Vec<LinkNo> = self.network.links.keys().copied().collect();
        for link in links {
            for way in [Way::Up, Way::Down] {
                let held = self.network.links.get_mut(&link).map(|link| match way {
                    Way::Up => std::mem::take(&mut link.up.held),
                    Way::Down => std::mem::take(&mut link.down.held),
                });
                for parcel in held.unwrap_or_default() {
                    self.arrive(link, way, parcel);
                }
            }
        }
    }

    /// Both ends of a connection find it closed.
    pub(crate) fn reset(&mut self, no: LinkNo) {
        self.send(no, Way::Up, Parcel::Close("connection reset"));
        self.send(no, Way::Down, Parcel::Close("connection reset"));
    }
}
