//! The command line as a person meets it: real processes, each with a home of its own.

use std::path::Path;
use std::process::{Command, Output};

/// The program in an otherwise empty world.
fn exai(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exai"));
    command.args(arguments).env_clear().env("HOME", home).env("USERPROFILE", home).current_dir(home);
    command
}

fn code_and_text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn wrong_use_exits_with_64_and_says_what_was_probably_meant() {
    let home = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = code_and_text(&exai(home.path(), &["statsu"]).output().unwrap());
    assert_eq!((code, stdout.as_str()), (Some(64), ""));
    assert!(stderr.contains("'status'"), "{stderr}");

    let (code, _, stderr) = code_and_text(&exai(home.path(), &["call", "chat", "hello"]).output().unwrap());
    assert_eq!(code, Some(64));
    assert!(stderr.contains("key=text"), "{stderr}");

    let (code, _, stderr) = code_and_text(&exai(home.path(), &[]).output().unwrap());
    assert_eq!(code, Some(64));
    assert!(stderr.contains("exai shim"), "{stderr}");
}

#[test]
fn help_and_version_are_data() {
    let home = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = code_and_text(&exai(home.path(), &["--help"]).output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for word in [
        "shim",
        "daemon",
        "call",
        "tools",
        "models",
        "help",
        "status",
        "health",
        "calls",
        "conversations",
        "journal",
        "stop",
        "settings",
        "demo",
        "version",
    ] {
        assert!(stdout.contains(&format!("\n  {word} ")), "{word} is missing:\n{stdout}");
    }
    assert!(!stdout.contains("sim-provider"), "{stdout}");

    let (code, stdout, _) = code_and_text(&exai(home.path(), &["version"]).output().unwrap());
    assert_eq!((code, stdout), (Some(0), format!("exai {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_tools_are_listed_and_each_tells_what_it_takes() {
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| code_and_text(&exai(home.path(), words).output().unwrap());
    let (code, stdout, _) = run(&["tools"]);
    assert_eq!(code, Some(0));
    for tool in ["chat", "collect", "listmodels", "status", "version"] {
        assert!(stdout.contains(&format!("\n  {tool} ")), "{tool} is missing:\n{stdout}");
    }
    let (code, page, _) = run(&["tools", "chat"]);
    assert_eq!((code, page.contains("prompt (string, required)")), (Some(0), true), "{page}");
    assert_eq!(run(&["call", "chat", "--help"]).1, page);
    assert!(run(&["call", "--help"]).1.contains("KEY=VALUE"));
    assert!(run(&["help", "call"]).1.contains("KEY=VALUE"));

    for (words, says) in [
        (&["call"][..], "listmodels"),
        (&["call", "listmodel"], "did you mean `listmodels`?"),
        (&["call", "chat", "promt=hi"], "`promt` is unknown, did you mean `prompt`?; `prompt` is missing"),
    ] {
        let (code, _, stderr) = run(words);
        assert_eq!(code, Some(64), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
    }
}

#[test]
fn health_without_a_daemon_says_so_and_is_1() {
    let home = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = code_and_text(&exai(home.path(), &["health"]).output().unwrap());
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("not running; the first call starts one"), "{stderr}");
}

#[test]
fn stop_without_a_daemon_has_nothing_to_do() {
    let home = tempfile::tempdir().unwrap();
    let (code, stdout, _) = code_and_text(&exai(home.path(), &["stop"]).output().unwrap());
    assert_eq!((code, stdout.as_str()), (Some(0), "no daemon runs\n"));
}

#[test]
fn status_without_a_daemon_is_3_for_people_and_programs() {
    let home = tempfile::tempdir().unwrap();
    let (code, stdout, _) = code_and_text(&exai(home.path(), &["status"]).output().unwrap());
    assert_eq!(code, Some(3));
    assert!(stdout.starts_with("not running; the first call starts one"), "{stdout}");

    let (code, stdout, _) = code_and_text(&exai(home.path(), &["status", "--json"]).output().unwrap());
    assert_eq!(code, Some(3));
    assert!(stdout.starts_with('{') && stdout.ends_with("}\n"), "{stdout}");
}

#[test]
fn settings_lists_all_without_secrets_and_says_where_each_comes_from() {
    let home = tempfile::tempdir().unwrap();
    let mut command = exai(home.path(), &["settings"]);
    let output =
        command.env("GLM_API_KEY", "glm-very-secret").env("EXAI_MODELS_FILE", "/nope.toml").output().unwrap();
    let (code, stdout, stderr) = code_and_text(&output);
    assert!(stderr.contains("warning: EXAI_MODELS_FILE: /nope.toml"), "{stderr}");
    assert_eq!(code, Some(0), "{stderr}");
    let line = |name: &str| stdout.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(line("EXAI_WS_PORT").contains("8079"), "{stdout}");
    assert!(line("address in use").contains("free port"), "{stdout}");
    assert!(line("env file: ").contains("none was found"), "{stdout}");
    assert!(line("GLM_API_KEY").contains("environment"), "{stdout}");
    assert!(!format!("{stdout}{stderr}").contains("very-secret"), "{stdout}");
}

#[test]
fn wrong_settings_are_all_told_at_once_with_78() {
    let home = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 8] = [
        &["settings"],
        &["daemon"],
        &["status"],
        &["health"],
        &["stop"],
        &["calls"],
        &["conversations", "list"],
        &["journal", "check"],
    ];
    for words in commands {
        let subcommand = words[0];
        let output = exai(home.path(), words)
            .env("EXAI_WS_PORT", "eighty")
            .env("EXAI_CALL_TIMEOUT", "never")
            .output()
            .unwrap();
        let (code, _, stderr) = code_and_text(&output);
        assert_eq!(code, Some(78), "{subcommand}: {stderr}");
        for word in ["EXAI_WS_PORT", "eighty", "EXAI_CALL_TIMEOUT", "never"] {
            assert!(stderr.contains(word), "{subcommand}: {word} is missing:\n{stderr}");
        }
    }
}

#[test]
fn the_compose_file_lets_calls_in_flight_go_on_for_longer_than_a_container_gets_and_does_not_kill_them_before()
 {
    let compose =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../compose.yaml")).unwrap();
    let seconds = |name: &str| -> u64 {
        let line = compose.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
    };
    let (grace, killed) = (seconds("EXAI_DRAIN_GRACE:"), seconds("stop_grace_period:"));
    assert!(grace > 8 && grace + 2 <= killed, "{grace} s, killed after {killed} s");
}
