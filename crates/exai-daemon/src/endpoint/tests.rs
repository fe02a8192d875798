use exai_wire::Epoch;

use super::{Endpoint, EndpointFile, read};

fn endpoint(pid: u32) -> Endpoint {
    Endpoint {
        url: "ws://127.0.0.1:4711".to_owned(),
        token: Some("s3cret".to_owned()),
        version: "1.2.3".to_owned(),
        epoch: Epoch(7),
        pid,
    }
}

#[test]
fn what_was_written_is_read_and_removed_by_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    let file = EndpointFile::write(dir.path(), endpoint(1)).unwrap();
    assert_eq!(read(dir.path()).unwrap(), endpoint(1));
    drop(file);
    assert!(read(dir.path()).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "no neighbours are left");
}

#[test]
fn a_successor_keeps_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let old = EndpointFile::write(dir.path(), endpoint(1)).unwrap();
    let _new = EndpointFile::write(dir.path(), endpoint(2)).unwrap();
    drop(old);
    assert_eq!(read(dir.path()).unwrap(), endpoint(2));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let _file = EndpointFile::write(dir.path(), endpoint(1)).unwrap();
    let mode = std::fs::metadata(dir.path().join("endpoint.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
