use super::HealthFile;

#[test]
fn the_newest_text_is_on_disk_when_the_writer_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs/health.json");
    let file = HealthFile::start(Some(path.clone())).unwrap();
    for n in 0..100 {
        file.publish(format!("{{\"n\":{n}}}"));
    }
    drop(file);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"n\":99}");
}

#[test]
fn a_reader_never_sees_half_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("health.json");
    let file = HealthFile::start(Some(path.clone())).unwrap();
    let long = "x".repeat(100_000);
    for n in 0..200 {
        file.publish(format!("{{\"n\":{n},\"x\":\"{long}\"}}"));
        if let Ok(text) = std::fs::read_to_string(&path) {
            assert!(text.ends_with("\"}"), "{} bytes", text.len());
        }
    }
}

#[test]
fn a_path_that_cannot_be_written_harms_nobody() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("logs"), "a file where a directory should be").unwrap();
    let file = HealthFile::start(Some(dir.path().join("logs/health.json"))).unwrap();
    file.publish("{}".to_owned());
}
