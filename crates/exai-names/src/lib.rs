//! From host names to addresses.
//!
//! As a rule the C library is asked, which knows what this machine knows: its hosts file, mDNS, a VPN's own servers. A
//! program that carries glibc inside can't do so: glibc answers by modules that it loads at run time, and in an image
//! that holds one file there are none; beside a glibc of another release they may crash. Such a program reads
//! `/etc/hosts` and `/etc/resolv.conf` itself, and asks the servers named there: what a container has.

mod ask;
mod config;
mod message;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::OnceLock;

use config::Config;

/// Who turns names into addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolver {
    /// The C library.
    System,
    /// This crate.
    Own,
}

/// Of the whole process, since its C library is, too: a parameter could only be passed on wrongly.
static CHOSEN: OnceLock<Resolver> = OnceLock::new();

/// Decides for this process, once; later words are not heard. Without any, the C library is asked. Only the final crate
/// knows what it is linked with, so `main` says it.
pub fn choose(resolver: Resolver) {
    // The first word counts.
    let _ = CHOSEN.set(resolver);
}

/// What was chosen.
pub fn chosen() -> Resolver {
    CHOSEN.get().copied().unwrap_or(Resolver::System)
}

/// The addresses of a name or of an address, best first. Blocks: with the default options of a `resolv.conf` up to 10 s
/// for each of its servers.
///
/// # Errors
/// `NotFound` if there is no such name, else that of the last server.
pub fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match chosen() {
        Resolver::System => Ok((host, port).to_socket_addrs()?.collect()),
        Resolver::Own => own(host, port),
    }
}

/// As [`addresses`], without the C library.
fn own(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    // Read each time: a container joins networks while it runs.
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let ips = find(host, &read("/etc/hosts"), || Config::parse(&read("/etc/resolv.conf")))?;
    Ok(best_first(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()))
}

/// The hosts file first; a loopback name is never asked for elsewhere (RFC 6761).
fn find(host: &str, hosts: &str, config: impl FnOnce() -> Config) -> io::Result<Vec<IpAddr>> {
    let host_name = host.strip_suffix('.').unwrap_or(host);
    let written = config::in_hosts(hosts, host_name);
    if !written.is_empty() {
        return Ok(written);
    }
    if host_name.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
    }
    ask::ask(&config(), host)
}

/// IPv6 before IPv4, and what no route leads to behind both: in most containers that is all of IPv6.
fn best_first(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.sort_by_cached_key(|address| (!has_route(*address), address.is_ipv4()));
    addresses
}

/// Nothing is sent by it.
fn has_route(address: SocketAddr) -> bool {
    let here: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    UdpSocket::bind((here, 0)).and_then(|socket| socket.connect(address)).is_ok()
}

#[cfg(test)]
mod tests;
