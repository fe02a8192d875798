use exai_settings::{Address as Named, Host};

use exai_shim::ask::Tls;

use super::*;

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
    assert_eq!(found.address, Address { host: "127.0.0.1".to_owned(), port: 4711, tls: Tls::Off });
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
