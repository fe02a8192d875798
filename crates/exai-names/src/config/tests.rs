use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Config, in_hosts};

#[test]
fn a_containers_file_is_understood() {
    let config = Config::parse(
        "# made by the engine\nsearch cluster.local. example.org\nnameserver 127.0.0.11\nnameserver fd00::a\n\
         nameserver nonsense\noptions ndots:5 timeout:2 attempts:3 edns0 trust-ad\n",
    );
    assert_eq!(config.servers, ["127.0.0.11:53", "[fd00::a]:53"].map(|text| text.parse().unwrap()));
    assert_eq!(config.search, ["cluster.local", "example.org"]);
    assert_eq!((config.dots, config.timeout, config.attempts), (5, Duration::from_secs(2), 3));
}

#[test]
fn without_a_file_this_machine_is_asked() {
    let local: SocketAddr = "127.0.0.1:53".parse().unwrap();
    assert_eq!(Config::parse("").servers, [local]);
    assert_eq!(Config::parse("\u{0}\nnameserver\noptions ndots:x").servers, [local]);
}

#[test]
fn what_could_hang_a_lookup_is_bounded() {
    let many = "nameserver 10.0.0.1\n".repeat(50);
    let config =
        Config::parse(&format!("{many}search {}\noptions timeout:4000000000 attempts:0", "d ".repeat(50)));
    assert_eq!((config.servers.len(), config.search.len()), (3, 6));
    assert_eq!((config.timeout, config.attempts), (Duration::from_secs(30), 1));
}

#[test]
fn short_names_are_tried_in_the_domains_first_and_long_ones_last() {
    let config = Config::parse("search a.test b.test");
    assert_eq!(config.candidates("simulator"), ["simulator.a.test", "simulator.b.test", "simulator"]);
    assert_eq!(config.candidates("api.z.ai"), ["api.z.ai", "api.z.ai.a.test", "api.z.ai.b.test"]);
    assert_eq!(config.candidates("simulator."), ["simulator"]);
    assert_eq!(Config::parse("search a.test\noptions ndots:3").candidates("api.z.ai")[0], "api.z.ai.a.test");
}

#[test]
fn a_hosts_file_gives_every_address_of_a_name() {
    let hosts =
        "127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # loopback\n10.1.2.3 Gateway gw#x\nbad line\n";
    let ips = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
    assert_eq!(in_hosts(hosts, "LOCALHOST"), ips(&["127.0.0.1", "::1"]));
    assert_eq!(in_hosts(hosts, "gateway"), ips(&["10.1.2.3"]));
    assert_eq!(in_hosts(hosts, "gw"), ips(&["10.1.2.3"]));
    assert_eq!(in_hosts(hosts, "line"), ips(&[]));
}
