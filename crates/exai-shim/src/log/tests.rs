use super::*;

#[test]
fn lines_are_appended_below_a_directory_that_need_not_exist() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("logs").join("shim.log");
    append(&path, b"one\n").unwrap();
    append(&path, b"two\n").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
}

#[test]
fn a_file_at_its_size_is_renamed_once() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("shim.log");
    std::fs::write(&path, vec![b'x'; FILE_BYTES_MAX as usize]).unwrap();
    append(&path, b"new\n").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new\n");
    assert_eq!(std::fs::metadata(state.path().join("shim.log.1")).unwrap().len(), FILE_BYTES_MAX);
    // Another shim that still holds the renamed file finds the new one small and leaves it.
    let old = open(&state.path().join("shim.log.1")).unwrap();
    rotate(&path, &old).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new\n");
}

#[test]
fn what_was_written_is_in_the_file_once_it_has_settled() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("logs").join("shim.log");
    let log = Log::new(path.clone());
    log.make_writer().write_all(b"last words\n").unwrap();
    log.settle(Duration::from_secs(20));
    assert_eq!(std::fs::read(&path).unwrap(), b"last words\n");
}

#[test]
fn a_full_queue_drops_lines_and_counts_them() {
    let log = Log::new(PathBuf::from("/nonexistent/exai/shim.log"));
    log.shared.waiting().thread = Thread::Waits;
    let line = vec![b'x'; WAITING_BYTES_MAX / 4];
    for _ in 0..6 {
        log.make_writer().write_all(&line).unwrap();
    }
    let waiting = log.shared.waiting();
    assert_eq!((waiting.bytes.len(), waiting.dropped), (WAITING_BYTES_MAX, 2));
}

#[test]
fn libraries_are_kept_out_at_every_level() {
    let log = Log::new(PathBuf::from("/nonexistent/exai/shim.log"));
    log.shared.waiting().thread = Thread::Waits;
    tracing::subscriber::with_default(subscriber(log.clone(), LevelFilter::TRACE), || {
        tracing::error!(target: "tungstenite::handshake", "authorization: Bearer t0ken");
        tracing::trace!(target: "exai_session::shim", "ours");
    });
    tracing::subscriber::with_default(subscriber(log.clone(), LevelFilter::INFO), || {
        tracing::debug!(target: "exai_shim", "too fine");
    });
    let waiting = log.shared.waiting();
    let text = String::from_utf8_lossy(&waiting.bytes);
    assert!(text.contains("ours") && !text.contains("t0ken") && !text.contains("too fine"), "{text}");
}
