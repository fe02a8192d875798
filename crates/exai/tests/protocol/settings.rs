//! Settings that can't be read: a shim serves all the same and says what is wrong, everything else stops.

use std::path::Path;

use exai_sim::host::Revision;
use exai_sim::process::{Exai, HANG};
use serde_json::json;

use crate::world::{TOOLS, check, installation, names};

/// The shim serves, and each of its calls tells `words`; the daemon and the other commands exit with 78 and tell them.
fn told_everywhere(exai: &Exai, words: &[&str]) {
    let all = |text: &str| {
        for word in words {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
    };
    for revision in Revision::ALL {
        let host = exai.host().unwrap();
        crate::world::greet(&host, revision);
        assert_eq!(names(&host.list_tools().unwrap()), TOOLS);
        for tool in ["chat", "version", "status"] {
            let answer = host.ask(tool, json!({"prompt": "x"})).unwrap();
            assert!(answer.is_tool_error(), "{}", answer.line);
            all(&answer.text().unwrap());
        }
        check(&host);
    }
    for command in
        [["daemon"].as_slice(), &["daemon", "--local"], &["call", "version"], &["status"], &["settings"]]
    {
        let output = exai.run(command, HANG).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "exai {command:?}: {stderr}");
        all(&stderr);
    }
}

fn with_file(path: &Path, bytes: &[u8]) -> Exai {
    let mut exai = installation();
    let path = exai.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    exai.set("ENV_FILE", &path.to_string_lossy());
    exai
}

#[test]
fn every_mistake_in_an_env_file_is_told_at_once_with_file_line_and_text() {
    let text = b"# fine\nEXAI_HOLD=soonish\n\nthis is no assignment\nEXAI_WS_PORT=99999\nGLM_API_KEY=sk-quite-secret\n";
    let exai = with_file(Path::new("my.env"), text);
    told_everywhere(
        &exai,
        &["my.env:2", "soonish", "EXAI_HOLD", "my.env:4", "NAME=value", "my.env:5", "99999"],
    );
    let output = exai.run(&["daemon"], HANG).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("sk-quite-secret"), "{stderr}");
    // A line that is no assignment may be half a key.
    assert!(!stderr.contains("this is") && !stderr.contains("`this`"), "{stderr}");
}

#[test]
fn the_users_own_file_is_read_where_none_is_named() {
    let exai = installation();
    let path = exai.home().join(".config/exai/.env");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "EXAI_AUTOSTART=perhaps\n").unwrap();
    // The environment would win over the file.
    let mut exai = exai;
    exai.unset("EXAI_AUTOSTART");
    told_everywhere(&exai, &[".config/exai/.env:1", "EXAI_AUTOSTART", "perhaps"]);
}

#[test]
fn a_file_that_is_named_and_can_t_be_read_is_told_with_its_name() {
    let mut exai = installation();
    for unreadable in [exai.home().join("not/there.env"), exai.state_dir()] {
        exai.set("ENV_FILE", &unreadable.to_string_lossy());
        told_everywhere(&exai, &[&unreadable.to_string_lossy(), "ENV_FILE"]);
    }
    let exai = with_file(Path::new("latin1.env"), b"# caf\xe9\nEXAI_HOLD=5s\n");
    told_everywhere(&exai, &["latin1.env"]);
}

#[test]
fn a_value_in_the_hosts_own_configuration_is_told_as_such() {
    let mut exai = installation();
    exai.set("EXAI_WS_PORT", "eighty").set("EXAI_CALL_TIMEOUT", "never");
    told_everywhere(&exai, &["EXAI_WS_PORT", "eighty", "EXAI_CALL_TIMEOUT", "never", "environment"]);
}

#[test]
fn a_file_that_is_corrected_is_read_again_at_the_next_call() {
    let exai = with_file(Path::new("my.env"), b"");
    let _daemon = exai.daemon().unwrap();
    for revision in Revision::ALL {
        std::fs::write(exai.home().join("my.env"), "EXAI_HOLD=soonish\n").unwrap();
        let host = exai.host().unwrap();
        crate::world::greet(&host, revision);
        let answer = host.ask("listmodels", json!({})).unwrap();
        assert!(answer.is_tool_error(), "{}", answer.line);
        let text = answer.text().unwrap();
        assert!(text.contains("Correct them, then ask again:") && !text.contains("restart"), "{text}");
        std::fs::write(exai.home().join("my.env"), "EXAI_HOLD=5s\n").unwrap();
        let began = std::time::Instant::now();
        while host.ask("listmodels", json!({})).unwrap().is_tool_error() {
            assert!(began.elapsed() < HANG);
        }
        check(&host);
    }
}

#[test]
fn a_mistake_that_only_concerns_the_daemon_stops_neither_shim_nor_call_nor_stop() {
    let mut exai = installation();
    let daemon = exai.daemon().unwrap();
    exai.set("EXAI_QUEUE_MAX", "many").set("GLM_IDLE_TIMEOUT", "for ever");
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    assert!(!host.ask("listmodels", json!({})).unwrap().is_tool_error());
    check(&host);
    let call = exai.run(&["call", "listmodels"], HANG).unwrap();
    assert_eq!(call.status.code(), Some(0), "{}", String::from_utf8_lossy(&call.stderr));
    // Nor does what only shims read stop `exai stop`.
    exai.set("EXAI_HOLD", "soonish");
    let stop = exai.run(&["stop"], HANG).unwrap();
    let stderr = String::from_utf8_lossy(&stop.stderr);
    assert_eq!(stop.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("EXAI_QUEUE_MAX=many"), "told all the same: {stderr}");
    daemon.child().wait(HANG).unwrap();
    exai.set("EXAI_WS_PORT", "eighty");
    assert_eq!(exai.run(&["stop"], HANG).unwrap().status.code(), Some(78));
}

#[test]
fn a_person_may_name_the_env_file_from_where_he_is() {
    let mut exai = installation();
    std::fs::write(exai.home().join("here.env"), "EXAI_HOLD=5s\n").unwrap();
    let _daemon = exai.daemon().unwrap();
    exai.set("ENV_FILE", "here.env");
    let call = exai.run(&["call", "listmodels"], HANG).unwrap();
    assert_eq!(call.status.code(), Some(0), "{}", String::from_utf8_lossy(&call.stderr));
}

#[test]
fn a_misspelt_name_is_a_warning_with_the_nearest_one() {
    let mut exai = installation();
    exai.set("EXAI_HOLDD", "5s");
    let output = exai.run(&["settings"], HANG).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("EXAI_HOLDD") && stderr.contains("nearest is EXAI_HOLD"), "{stderr}");
    let host = exai.host().unwrap();
    host.initialize(Revision::V2025_11_25).unwrap();
    assert!(!host.ask("version", json!({})).unwrap().is_tool_error());
    check(&host);
}
