use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener as _;
use exai_settings::Host;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::{BindError, Doors, Metered, Visit, url};
use crate::lobby::Lobby;

/// No step takes this long unless something hangs.
const HANG: Duration = Duration::from_secs(9);

async fn doors(lobby: usize) -> (Doors, SocketAddr) {
    let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap();
    (Doors { lobby: Lobby::new(lobby), ..Doors::of(first, None) }, address)
}

/// The end of a read that was pending, or of the test.
async fn end(stream: &mut Metered) -> io::ErrorKind {
    tokio::time::timeout(HANG, stream.read_u8()).await.unwrap().unwrap_err().kind()
}

#[tokio::test]
async fn who_stays_without_a_session_makes_way_for_the_next() {
    let (mut doors, address) = doors(1).await;
    let _peers = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
    let (mut idle, _) = doors.accept().await;
    let (_next, _) = doors.accept().await;
    assert_eq!(end(&mut idle).await, io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_session_makes_way_for_nobody() {
    let (mut doors, address) = doors(1).await;
    let mut peer = TcpStream::connect(address).await.unwrap();
    let (mut session, _) = doors.accept().await;
    session.meter.upgraded();
    let _others = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
    let (mut idle, _) = doors.accept().await;
    let (_next, _) = doors.accept().await;
    let both = tokio::join!(session.read_u8(), async {
        assert_eq!(end(&mut idle).await, io::ErrorKind::TimedOut);
        peer.write_u8(7).await.unwrap();
    });
    assert_eq!(both.0.unwrap(), 7);
}

#[tokio::test]
async fn who_does_not_read_its_answers_is_cut_off_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let visit = Visit::new(Lobby::new(1).enter(), Duration::from_millis(50));
    let mut stuck = Metered::new(stream, room, visit);
    let chunk = vec![0; 1 << 20];
    let written = tokio::time::timeout(HANG, async {
        loop {
            if let Err(error) = stuck.write_all(&chunk).await {
                return error.kind();
            }
        }
    });
    assert_eq!(written.await.unwrap(), io::ErrorKind::TimedOut);
}

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
