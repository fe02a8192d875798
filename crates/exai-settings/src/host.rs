//! The host part of the daemon's address: the same word is listened on by the daemon and dialled by the shim.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host name or an IP address, without brackets and without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(String);

impl Host {
    /// The IPv4 loopback address, where the daemon listens unless told otherwise.
    pub fn loopback() -> Self {
        Self(Ipv4Addr::LOCALHOST.to_string())
    }

    /// Takes a host name, an IPv4 address, or an IPv6 address with or without brackets.
    ///
    /// # Errors
    /// The sentence says what else is needed: a scheme, a path or a port belongs to other settings.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if bare.parse::<IpAddr>().is_ok() {
            return Ok(Self(bare.to_owned()));
        }
        if text.contains("://") {
            return Err("a host without scheme is needed; a whole address goes into EXAI_WS_URL".into());
        }
        if text.contains(':') {
            return Err("a host without port is needed; the port goes into EXAI_WS_PORT".into());
        }
        let well_formed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if text.is_empty() || text.len() > 253 || !text.chars().all(well_formed) {
            return Err("a host name or an IP address is needed".into());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The text, as it is listened on.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing beyond this machine can reach a listener here. A name other than `localhost` may resolve to
    /// anything and counts as reachable.
    pub fn is_loopback(&self) -> bool {
        self.is_localhost() || self.ip().is_some_and(|ip| ip.to_canonical().is_loopback())
    }

    /// Whether this is the name `localhost`, which stands for both loopback addresses.
    pub fn is_localhost(&self) -> bool {
        self.0 == "localhost"
    }

    /// The host to dial: an unspecified address (`0.0.0.0`, `::`) can only be listened on and becomes the loopback
    /// address of its family.
    pub fn dial(&self) -> Self {
        match self.ip() {
            Some(IpAddr::V4(ip)) if ip.is_unspecified() => Self::loopback(),
            Some(IpAddr::V6(ip)) if ip.is_unspecified() => Self(Ipv6Addr::LOCALHOST.to_string()),
            _ => self.clone(),
        }
    }

    /// The host as it stands in a URL: an IPv6 address in brackets.
    pub fn in_url(&self) -> String {
        if self.0.contains(':') { format!("[{}]", self.0) } else { self.0.clone() }
    }

    fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
