use std::net::SocketAddr;

use exai_settings::Host;

use super::{BindError, Doors, url};

#[tokio::test]
async fn a_taken_port_is_named_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Doors::bind(&Host::loopback(), port).await.unwrap_err();
    assert!(matches!(error, BindError::Taken { .. }));
    let sentence = error.to_string();
    assert!(sentence.contains(&port.to_string()) && sentence.contains("EXAI_WS_PORT"), "{sentence}");
}

#[test]
fn an_unspecified_address_is_dialled_as_loopback() {
    let of = |address: &str| url(address.parse::<SocketAddr>().unwrap());
    assert_eq!(of("0.0.0.0:8079"), "ws://127.0.0.1:8079/");
    assert_eq!(of("[::]:8079"), "ws://[::1]:8079/");
    assert_eq!(of("10.1.2.3:1"), "ws://10.1.2.3:1/");
}
