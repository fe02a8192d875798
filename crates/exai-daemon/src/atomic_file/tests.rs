use std::fs;

use super::{Readers, write};

#[cfg(unix)]
#[test]
fn what_is_no_file_stays_what_it_is() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let dir = tempfile::tempdir().unwrap();
    // A socket stands for a device, which only root can make.
    let socket = dir.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let (folder, to_socket, to_nothing) =
        (dir.path().join("folder"), dir.path().join("to-socket"), dir.path().join("to-nothing"));
    fs::create_dir(&folder).unwrap();
    symlink(&socket, &to_socket).unwrap();
    symlink(dir.path().join("nothing"), &to_nothing).unwrap();
    for path in [&socket, &folder, &to_socket, &to_nothing] {
        let before = fs::symlink_metadata(path).unwrap().file_type();
        write(path, b"new", Readers::Anyone).unwrap_err();
        assert_eq!(fs::symlink_metadata(path).unwrap().file_type(), before, "{}", path.display());
    }
    drop(listener);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "no neighbours are left");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_stays_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("file"), dir.path().join("link"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    write(&link, b"new", Readers::Anyone).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
}

#[test]
fn a_file_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    for text in ["one", "two"] {
        write(&file, text.as_bytes(), Readers::Owner).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}
