//! Against name servers on loopback sockets.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use super::ask;
use crate::config::Config;

/// Long enough for any machine; only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

const FAILURE: [u8; 2] = [0x81, 0x82];
const NO_NAME: [u8; 2] = [0x81, 0x83];
const FINE: [u8; 2] = [0x81, 0x80];
const CUT: [u8; 2] = [0x83, 0x80];

fn config(servers: &[SocketAddr]) -> Config {
    Config { servers: servers.to_vec(), timeout: Duration::from_millis(300), ..Config::parse("search test") }
}

/// Whether a question is about this name and IPv4.
fn is_v4(question: &[u8], name: &[u8]) -> bool {
    question[12..] == [name, &[0, 0, 1, 0, 1]].concat()
}

fn answer(question: &[u8], flags: [u8; 2], ip: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = question[..2].to_vec();
    bytes.extend([flags[0], flags[1], 0, 1, 0, u8::from(ip.is_some()), 0, 0, 0, 0]);
    bytes.extend(&question[12..]);
    if let Some(ip) = ip {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        bytes.extend(ip);
    }
    bytes
}

/// A server that says this to every question, until the test ends; nothing, where it has nothing to say.
fn server(say: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut datagram = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            if let Some(answer) = say(&datagram[..length]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    address
}

/// A port on which nobody listens.
fn nobody() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Knows `simulator`, as an IPv4 address, and no other name.
fn engine(question: &[u8]) -> Option<Vec<u8>> {
    Some(match question {
        known if is_v4(known, b"\x09simulator") => answer(known, FINE, Some([10, 0, 0, 7])),
        known if known[12..].starts_with(b"\x09simulator\0") => answer(known, FINE, None),
        other => answer(other, NO_NAME, None),
    })
}

fn ips(text: &str) -> Vec<IpAddr> {
    vec![text.parse().unwrap()]
}

#[test]
fn a_service_name_is_found_though_no_domain_has_it() {
    assert_eq!(ask(&config(&[server(engine)]), "simulator").unwrap(), ips("10.0.0.7"));
    assert_eq!(ask(&config(&[server(engine)]), "simulator.").unwrap(), ips("10.0.0.7"));
}

#[test]
fn a_domain_that_fails_does_not_hide_the_name_as_it_is() {
    let partial = server(|question| match engine(question) {
        Some(answer) if answer[3] & 0x0f == 0 => Some(answer),
        _ => Some(answer(question, FAILURE, None)),
    });
    assert_eq!(ask(&config(&[partial]), "simulator").unwrap(), ips("10.0.0.7"));
    let error = ask(&config(&[partial]), "stranger").unwrap_err();
    assert!(error.to_string().contains("code 2"), "{error}");
}

#[test]
fn a_name_that_nobody_knows_is_an_error_that_names_it() {
    let error = ask(&config(&[server(engine)]), "stranger").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("stranger"), "{error}");
    let error = ask(&config(&[server(engine)]), "no..name").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn the_next_server_is_asked_for_one_that_is_gone_silent_or_unwilling() {
    let unwilling = server(|question| Some(answer(question, FAILURE, None)));
    let silent = server(|_| None);
    for bad in [nobody(), unwilling, silent] {
        assert_eq!(ask(&config(&[bad, server(engine)]), "simulator").unwrap(), ips("10.0.0.7"));
    }
}

#[test]
fn servers_that_say_nothing_are_an_error_in_time() {
    let silent = server(|_| None);
    let start = Instant::now();
    let error = ask(&config(&[silent]), "simulator.").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(error.to_string().contains(&silent.to_string()), "{error}");
    assert!(start.elapsed() < HANG);
}

#[test]
fn one_family_that_fails_does_not_hide_the_other() {
    for other in [Some(FAILURE), None] {
        let lame = server(move |question| match is_v4(question, b"\x09simulator") {
            true => engine(question),
            false => other.map(|flags| answer(question, flags, None)),
        });
        assert_eq!(ask(&config(&[lame]), "simulator.").unwrap(), ips("10.0.0.7"));
    }
}

#[test]
fn forged_answers_are_passed_over() {
    let forger = server(|question| {
        let mut forged = engine(question)?;
        forged[1] ^= 1;
        Some(forged)
    });
    assert_eq!(ask(&config(&[forger]), "simulator.").unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn an_answer_that_is_cut_is_fetched_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).unwrap();
    std::thread::spawn(move || {
        let mut datagram = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let _ = socket.send_to(&answer(&datagram[..length], CUT, None), from);
        }
    });
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            let answer = engine(&question).unwrap();
            stream.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes()).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    assert_eq!(ask(&config(&[address]), "simulator.").unwrap(), ips("10.0.0.7"));
}
