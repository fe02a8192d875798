//! What `/etc/resolv.conf` and `/etc/hosts` say. Lines that can't be read are passed over, as everywhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Where name servers listen.
const PORT: u16 = 53;

/// Servers that are asked; more are passed over, as by others.
const SERVERS_MAX: usize = 3;

/// Domains that a short name is tried in.
const SEARCH_MAX: usize = 6;

/// Whom to ask, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// In this order.
    pub(crate) servers: Vec<SocketAddr>,
    /// Domains that are appended to short names.
    pub(crate) search: Vec<String>,
    /// A name with as many dots is tried as it is first.
    pub(crate) dots: usize,
    /// Longest wait for one server.
    pub(crate) timeout: Duration,
    /// Rounds through all servers.
    pub(crate) attempts: u32,
}

impl Config {
    /// Reads the text of a `resolv.conf`. Without a server it is this machine's own.
    pub(crate) fn parse(text: &str) -> Self {
        let mut config = Self {
            servers: Vec::new(),
            search: Vec::new(),
            dots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
        };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let server = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                    config.servers.extend(server.map(|ip| SocketAddr::new(ip, PORT)));
                }
                // The last line of either kind counts.
                Some("search" | "domain") => {
                    let domains = words.take(SEARCH_MAX).map(|word| word.trim_end_matches('.'));
                    config.search = domains.filter(|word| !word.is_empty()).map(str::to_owned).collect();
                }
                Some("options") => words.for_each(|word| config.option(word)),
                _ => {}
            }
        }
        config.servers.truncate(SERVERS_MAX);
        if config.servers.is_empty() {
            config.servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
        }
        config
    }

    fn option(&mut self, word: &str) {
        let Some((name, value)) = word.split_once(':') else { return };
        let Ok(value) = value.parse::<u32>() else { return };
        // The bounds are those of other resolvers.
        match name {
            "ndots" => self.dots = usize::try_from(value.min(15)).unwrap_or(15),
            "timeout" => self.timeout = Duration::from_secs(value.clamp(1, 30).into()),
            "attempts" => self.attempts = value.clamp(1, 5),
            _ => {}
        }
    }

    /// The full names that `host` may mean, in the order in which they are tried.
    pub(crate) fn candidates(&self, host: &str) -> Vec<String> {
        if let Some(full) = host.strip_suffix('.') {
            return vec![full.to_owned()];
        }
        let mut names: Vec<String> = self.search.iter().map(|domain| format!("{host}.{domain}")).collect();
        let is_long = host.matches('.').count() >= self.dots;
        names.insert(if is_long { 0 } else { names.len() }, host.to_owned());
        names
    }
}

/// The addresses that a hosts file gives a name.
pub(crate) fn in_hosts(text: &str, host: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let ip = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(ip)
    };
    text.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests;
