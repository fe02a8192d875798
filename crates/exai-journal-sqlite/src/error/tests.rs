use std::collections::BTreeSet;

use super::*;

const ALL: [Fault; 11] = [
    Fault::Full,
    Fault::Denied,
    Fault::ReadOnly,
    Fault::Locked,
    Fault::Newer,
    Fault::Older,
    Fault::Missing,
    Fault::Foreign,
    Fault::Damaged,
    Fault::Unsuitable,
    Fault::Io,
];

#[test]
fn every_fault_has_a_code_and_says_what_to_do() {
    let codes: BTreeSet<_> = ALL.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes.len(), ALL.len());
    for fault in ALL {
        assert!(fault.remedy().split(' ').count() > 3, "{fault:?}");
    }
}

#[test]
fn what_the_operating_system_says_becomes_a_sentence() {
    let said = |kind| {
        let error = io::Error::from(kind);
        OpenError::io(Path::new("/state/journal.db"), "it can't be opened or made", &error).to_string()
    };
    assert_eq!(
        said(io::ErrorKind::PermissionDenied),
        "the journal /state/journal.db can't be used: it can't be opened or made: permission denied; make it belong to the \
         user that the daemon runs as (chown), or set EXAI_STATE_DIR to a directory of its own"
    );
    assert!(said(io::ErrorKind::QuotaExceeded).contains("free some space"));
    assert!(said(io::ErrorKind::ReadOnlyFilesystem).contains("make it writable"));
    assert!(said(io::ErrorKind::Unsupported).contains("local disk"));
}

#[test]
fn only_what_changed_nothing_is_survived() {
    use rusqlite::ffi;
    let trouble = |code| Trouble::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    assert!(matches!(trouble(ffi::SQLITE_FULL), Trouble::Full(_)));
    for code in [ffi::SQLITE_BUSY, ffi::SQLITE_CANTOPEN, ffi::SQLITE_READONLY, ffi::SQLITE_NOMEM] {
        assert!(matches!(trouble(code), Trouble::Refused(_)), "{code}");
    }
    assert!(matches!(trouble(ffi::SQLITE_IOERR_WRITE), Trouble::Unwritten(_)));
    for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_READ, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
        assert!(matches!(trouble(code), Trouble::Unknown(_)), "{code}");
    }
}
