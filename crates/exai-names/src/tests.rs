use std::net::{IpAddr, SocketAddr};

use super::{Config, best_first, find, own};

fn nobody_asked() -> Config {
    panic!("no server is to be asked")
}

#[test]
fn addresses_and_written_names_ask_nobody() {
    assert_eq!(own("127.0.0.1", 80).unwrap(), ["127.0.0.1:80".parse().unwrap()]);
    assert_eq!(own("::1", 80).unwrap(), ["[::1]:80".parse().unwrap()]);
    let written: Vec<IpAddr> = vec!["10.1.1.1".parse().unwrap()];
    assert_eq!(
        find("host.docker.internal.", "10.1.1.1 host.docker.internal", nobody_asked).unwrap(),
        written
    );
    assert_eq!(find("localhost", "", nobody_asked).unwrap().len(), 2);
}

#[test]
fn what_no_route_leads_to_comes_last() {
    // 240.0.0.0/4 is reserved: the system refuses to send there.
    let addresses = ["240.0.0.1:1", "127.0.0.1:1"].map(|text| text.parse::<SocketAddr>().unwrap());
    let best = best_first(addresses.to_vec())[0];
    assert!(best.ip().is_loopback() || super::has_route(addresses[0]), "{best}");
}
