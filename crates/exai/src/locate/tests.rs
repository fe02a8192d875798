use exai_settings::{Address as Named, Host};

use super::*;

fn at(url: &str) -> Option<(String, u16, bool)> {
    parse(url).map(|address| (address.host, address.port, address.tls))
}

#[test]
fn urls_become_host_port_and_scheme() {
    assert_eq!(at("ws://127.0.0.1:8079/"), Some(("127.0.0.1".to_owned(), 8079, false)));
    assert_eq!(at("ws://[::1]:9/x?y"), Some(("::1".to_owned(), 9, false)));
    assert_eq!(at("wss://[::1]"), Some(("::1".to_owned(), 443, true)));
    assert_eq!(at("wss://exai.example/a:1"), Some(("exai.example".to_owned(), 443, true)));
    assert_eq!(at("ws://exai.example"), Some(("exai.example".to_owned(), 80, false)));
    for wrong in ["http://a:1", "ws://", "ws://:80", "ws://a:x", "ws://a:99999", ""] {
        assert_eq!(at(wrong), None, "{wrong}");
    }
}

fn local(dir: &std::path::Path) -> Settings {
    let mut settings = Settings::default();
    settings.state.dir = Some(dir.to_owned());
    settings
}

#[test]
fn the_local_daemon_is_found_by_the_file_it_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let missing = locate(&local(dir.path())).unwrap_err();
    assert_eq!(missing, LocateError::NoneRuns { starts: true });
    std::fs::write(dir.path().join("endpoint.json"), "{").unwrap();
    assert!(matches!(locate(&local(dir.path())), Err(LocateError::Unreadable { .. })));

    let endpoint = r#"{"url":"ws://127.0.0.1:4711/","token":"t","version":"0.1.0","epoch":1,"pid":1}"#;
    std::fs::write(dir.path().join("endpoint.json"), endpoint).unwrap();
    let found = locate(&local(dir.path())).unwrap();
    assert_eq!(found.address, Address { host: "127.0.0.1".to_owned(), port: 4711, tls: false });
    assert_eq!(found.token, Some(Secret::new("t")));
}

#[test]
fn a_configured_address_wins_over_the_file_and_a_wildcard_is_asked_on_loopback() {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = r#"{"url":"ws://127.0.0.1:1/","version":"0.1.0","epoch":1,"pid":1}"#;
    std::fs::write(dir.path().join("endpoint.json"), endpoint).unwrap();
    let mut settings = local(dir.path());
    settings.connection.address = Named::Configured;
    settings.connection.host = Host::parse("0.0.0.0").unwrap();
    settings.connection.port = 8079;
    assert_eq!(locate(&settings).unwrap().address.to_string(), "127.0.0.1:8079");
}
