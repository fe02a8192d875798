//! Commands with a real daemon, and with a simulated provider behind it.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use exai_sim::process::{Child, Exai, Group, HANG, Port, Signal};
use exai_sim::provider::{End, SimProvider};
use serde_json::Value;

fn installation() -> anyhow::Result<Exai> {
    Exai::new(Path::new(env!("CARGO_BIN_EXE_exai")))
}

fn code_and_stdout(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_first_call_starts_a_daemon_that_every_command_finds_and_stop_ends() {
    let mut exai = installation().unwrap();
    exai.set("EXAI_AUTOSTART", "auto");
    let run = |arguments: &[&str]| code_and_stdout(&exai.run(arguments, HANG).unwrap());

    let (code, stdout) = run(&["call", "version"]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains(env!("CARGO_PKG_VERSION")), "{stdout}");

    let (code, stdout) = run(&["status", "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, &report["source"], &report["status"]["counts"]["calls_ok"]),
        (Some(0), &"daemon".into(), &1.into())
    );
    assert_eq!(run(&["health"]).0, Some(0));

    let (code, stdout) = run(&["stop"]);
    assert_eq!((code, stdout.starts_with("stopped the daemon")), (Some(0), true), "{stdout}");
    assert_eq!(run(&["health"]).0, Some(1));
    assert_eq!(run(&["stop"]).0, Some(0));
}

/// Waits until the daemon, which writes by a thread of its own, has said in its health file that it is ready.
fn await_health_file(exai: &Exai) {
    let said = |health: Value| health.get("state").is_some_and(|state| state == "ready");
    let ready = || exai.health().is_some_and(said);
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < HANG, "no health file that says ready");
        std::thread::yield_now();
    }
}

#[test]
fn status_does_not_believe_the_health_file_of_a_daemon_that_has_died() {
    let exai = installation().unwrap();
    let daemon = exai.daemon().unwrap();
    await_health_file(&exai);
    daemon.kill().unwrap();
    let (code, stdout) = code_and_stdout(&exai.run(&["status"], HANG).unwrap());
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stdout.starts_with("unreachable: connection refused at 127.0.0.1:"), "{stdout}");
    assert!(stdout.contains("its process has ended since"), "{stdout}");
}

#[test]
fn status_of_a_daemon_that_hangs_says_what_its_health_file_said_and_is_4() {
    let exai = installation().unwrap();
    let daemon = exai.daemon().unwrap();
    await_health_file(&exai);
    daemon.child().signal(Signal::Stop).unwrap();
    let (code, stdout) = code_and_stdout(&exai.run(&["status"], HANG).unwrap());
    daemon.child().signal(Signal::Continue).unwrap();
    assert_eq!(code, Some(4), "{stdout}");
    assert!(
        stdout.starts_with("not answering, but its health file ") && stdout.contains(" ago said ready"),
        "{stdout}"
    );
}

#[test]
fn status_at_another_address_or_with_a_wrong_token_does_not_ask_the_health_file() {
    let mut exai = installation().unwrap();
    let _daemon = exai.daemon().unwrap();
    await_health_file(&exai);
    let nobody = Port::reserve().unwrap();
    exai.set("EXAI_WS_URL", &format!("ws://{}/", nobody.address()));
    let (code, stdout) = code_and_stdout(&exai.run(&["status"], HANG).unwrap());
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stdout.contains("ignored: the health file here is of another daemon"), "{stdout}");

    let address = exai.address().unwrap();
    exai.set("EXAI_WS_URL", &format!("ws://{address}/")).set("EXAI_WS_TOKEN", "0123456789-another-token");
    let (code, stdout) = code_and_stdout(&exai.run(&["status"], HANG).unwrap());
    assert_eq!(code, Some(3), "{stdout}");
    assert!(stdout.starts_with("token refused by ") && !stdout.contains("ready"), "{stdout}");
}

#[test]
fn stop_returns_when_the_process_has_ended_and_so_does_a_second_one() {
    let provider = SimProvider::start().unwrap();
    let mut exai = installation().unwrap();
    exai.with_provider(&provider).set("EXAI_DRAIN_GRACE", "2s");
    let daemon = exai.daemon().unwrap();
    let mut command = exai.command(&["call", "chat", "prompt=[[sim: stall]] wait"]);
    let call = Child::spawn("exai call", &mut command, Group::Own).unwrap();
    provider.wait_for(HANG, |requests| requests.len() == 1).unwrap();

    let mut command = exai.command(&["stop"]);
    let first = Child::spawn("exai stop", &mut command, Group::Own).unwrap();
    while std::net::TcpStream::connect(daemon.address().unwrap()).is_ok() {
        std::thread::yield_now();
    }
    let second = exai.run(&["stop"], HANG).unwrap();
    assert_eq!(code_and_stdout(&second).0, Some(0));
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(stderr.contains("still ending: what runs has 2 s to finish (EXAI_DRAIN_GRACE)"), "{stderr}");
    assert_eq!(exai_shim::endpoint::is_held(&exai.state_dir()), Some(false));
    assert_eq!(first.wait(HANG).unwrap().code(), Some(0));
    call.signal(Signal::Interrupt).unwrap();
    let (code, stdout) = code_and_stdout(&exai.run(&["stop"], HANG).unwrap());
    assert_eq!((code, stdout.as_str()), (Some(0), "no daemon runs\n"));
}

/// Hung as a daemon can only be: it has its lock, its port is open, and nothing answers.
#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_hangs_is_named_by_everybody_and_ended_by_stop() {
    let mut exai = installation().unwrap();
    exai.set("EXAI_AUTOSTART", "auto").set("EXAI_DRAIN_GRACE", "0s").set("EXAI_HOLD", "2s");
    let daemon = exai.daemon().unwrap();
    await_health_file(&exai);
    daemon.child().signal(Signal::Stop).unwrap();
    std::fs::remove_file(exai.state_dir().join("logs/ws_daemon.health.json")).unwrap();
    let run = |arguments: &[&str]| exai.run(arguments, HANG).unwrap();
    let pid = daemon.child().pid();
    let names = |text: &str| {
        let holds = format!("id {pid} (from endpoint.json) holds {}", exai.state_dir().display());
        text.contains(&holds) && text.contains("`exai stop` ends it") && !text.contains("call starts one")
    };
    let (code, stdout) = code_and_stdout(&run(&["status"]));
    assert!(code == Some(3) && names(&stdout), "{code:?} {stdout}");
    let (code, stdout) = code_and_stdout(&run(&["call", "listmodels"]));
    assert!(code == Some(1) && names(&stdout) && !stdout.contains("by itself"), "{code:?} {stdout}");
    let log = std::fs::read_to_string(exai.state_dir().join("logs/shim.log")).unwrap();
    assert!(!log.contains("daemon started"), "{log}");

    let output = run(&["stop"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains(&format!("SIGTERM to pid {pid}")) && stderr.contains("SIGKILL; its"), "{stderr}");
    daemon.child().wait(HANG).unwrap();
    assert_eq!(code_and_stdout(&run(&["call", "listmodels"])).0, Some(0), "the next call starts one");
    assert_eq!(code_and_stdout(&run(&["stop"])).0, Some(0));
}

#[test]
fn settings_shows_where_the_running_daemon_differs() {
    let mut exai = installation().unwrap();
    exai.set("EXAI_DRAIN_GRACE", "3s");
    let _daemon = exai.daemon().unwrap();
    exai.unset("EXAI_DRAIN_GRACE");
    let (code, stdout) = code_and_stdout(&exai.run(&["settings"], HANG).unwrap());
    assert_eq!(code, Some(0));
    let mut lines = stdout.lines().skip_while(|line| !line.contains("EXAI_DRAIN_GRACE"));
    let (ours, theirs) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(ours.contains("8s") && theirs.contains("3s  in the running daemon"), "{ours}\n{theirs}");
}

#[test]
fn settings_shows_that_the_running_daemon_has_another_key_and_shows_neither() {
    let mut exai = installation().unwrap();
    exai.set("GLM_API_KEY", "sk-the-old-one").set("KIMI_API_KEY", "sk-the-same");
    let _daemon = exai.daemon().unwrap();
    let differs = |exai: &Exai| {
        let (_, stdout) = code_and_stdout(&exai.run(&["settings"], HANG).unwrap());
        assert!(!stdout.contains("sk-the"), "{stdout}");
        let lines: Vec<&str> = stdout.lines().collect();
        let differing = lines.windows(2).filter(|pair| pair[1].contains("in the running daemon"));
        let names = differing.map(|pair| pair[0].split_whitespace().next().unwrap().to_owned());
        names.filter(|name| name.ends_with("_KEY")).collect::<Vec<_>>()
    };
    assert!(differs(&exai).is_empty());
    exai.set("GLM_API_KEY", "sk-the-new-one");
    assert_eq!(differs(&exai), ["GLM_API_KEY"]);
    exai.unset("KIMI_API_KEY");
    assert_eq!(differs(&exai), ["GLM_API_KEY", "KIMI_API_KEY"]);
}

#[test]
fn a_second_daemon_exits_with_75() {
    let exai = installation().unwrap();
    let _first = exai.daemon().unwrap();
    let second = exai.run(&["daemon"], HANG).unwrap();
    assert_eq!(second.status.code(), Some(75), "{}", String::from_utf8_lossy(&second.stderr));
}

#[test]
fn call_prints_the_answer_of_the_model() {
    let provider = SimProvider::start().unwrap();
    let mut exai = installation().unwrap();
    exai.with_provider(&provider);
    let _daemon = exai.daemon().unwrap();

    let (code, stdout) = code_and_stdout(&exai.run(&["call", "chat", "prompt=hello"], HANG).unwrap());
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("sim answer"), "{stdout}");

    let whole = exai.run(&["call", "--json", "chat", "prompt=hello"], HANG).unwrap();
    let result: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(result["content"][0]["type"], "text");

    let failed = exai.run(&["call", "chat"], HANG).unwrap();
    assert_eq!(code_and_stdout(&failed).0, Some(64), "a call without its prompt");
}

#[test]
fn ctrl_c_cancels_the_call_at_the_provider_and_exits_with_130() {
    let provider = SimProvider::start().unwrap();
    let mut exai = installation().unwrap();
    exai.with_provider(&provider);
    let _daemon = exai.daemon().unwrap();

    let mut command = exai.command(&["call", "chat", "prompt=[[sim: stall]] wait"]);
    command.stderr(Stdio::piped());
    let call = Child::spawn("exai call", &mut command, Group::Own).unwrap();
    provider.wait_for(HANG, |requests| requests.len() == 1).unwrap();
    call.signal(Signal::Interrupt).unwrap();
    assert_eq!(call.wait(HANG).unwrap().code(), Some(130));
    let said = std::io::read_to_string(call.take_pipes().2.unwrap()).unwrap();
    assert!(said.lines().last().unwrap().starts_with("cancelled; `exai calls`"), "{said}");
    let closed = |how| how == End::ClientClosed;
    provider.wait_for(HANG, |all| all[0].ended.is_some_and(|ended| closed(ended.how))).unwrap();
}

#[test]
fn a_daemon_that_cannot_start_by_its_settings_ends_the_calls_at_once_with_its_words() {
    let mut exai = installation().unwrap();
    exai.set("EXAI_AUTOSTART", "auto").set("EXAI_MODELS_FILE", "/nope.toml");
    for arguments in [&["call", "listmodels"][..], &["call", "version"]] {
        let began = Instant::now();
        let (code, stdout) = code_and_stdout(&exai.run(arguments, HANG).unwrap());
        assert_eq!(code, Some(78), "{stdout}");
        assert!(stdout.contains("/nope.toml"), "{stdout}");
        // Far from EXAI_HOLD, and from the 5 s of the first progress.
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[test]
fn a_setting_that_only_the_daemon_reads_is_told_once_by_a_call_whether_or_not_a_daemon_runs() {
    let mut exai = installation().unwrap();
    let daemon = exai.daemon().unwrap();
    exai.set("EXAI_AUTOSTART", "auto").set("EXAI_FALLBACK", "sideways");
    for (ends, code) in [(None, 0), (Some(daemon), 78)] {
        if let Some(daemon) = ends {
            daemon.terminate().unwrap();
        }
        let output = exai.run(&["call", "version"], HANG).unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{stdout}{stderr}");
        assert_eq!(format!("{stdout}{stderr}").matches("sideways").count(), 1, "{stdout}{stderr}");
    }
}

#[test]
fn a_call_out_of_reach_is_1_whichever_tool_and_is_held_no_longer_than_told() {
    let mut exai = installation().unwrap();
    let nobody = Port::reserve().unwrap();
    exai.set("EXAI_WS_URL", &format!("ws://{}/", nobody.address())).set("EXAI_HOLD", "1s");
    for arguments in [&["call", "version"][..], &["call", "status"], &["call", "listmodels"]] {
        let (code, stdout) = code_and_stdout(&exai.run(arguments, HANG).unwrap());
        assert_eq!(code, Some(1), "{stdout}");
        assert!(stdout.contains("out of reach") && stdout.contains("refused"), "{stdout}");
    }
}

#[test]
fn a_call_with_a_wrong_token_is_1_and_says_what_to_set_once() {
    let mut exai = installation().unwrap();
    let _daemon = exai.daemon().unwrap();
    let address = exai.address().unwrap();
    exai.set("EXAI_WS_URL", &format!("ws://{address}/")).set("EXAI_WS_TOKEN", "0123456789-another-token");
    for tool in ["version", "listmodels"] {
        let (code, stdout) = code_and_stdout(&exai.run(&["call", tool], HANG).unwrap());
        assert_eq!(code, Some(1), "{stdout}");
        assert_eq!(stdout.matches("EXAI_WS_TOKEN").count(), 1, "{stdout}");
    }
}

#[test]
fn status_as_a_tool_does_not_count_the_call_that_asks() {
    let exai = installation().unwrap();
    let _daemon = exai.daemon().unwrap();
    let (code, stdout) = code_and_stdout(&exai.run(&["call", "status"], HANG).unwrap());
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("exai daemon: ready") && stdout.contains("in flight: 0"), "{stdout}");
}

/// A daemon started by hand that is to keep its log in this file, until it is told to end; what it said on stderr.
fn log_of(file: &str, prepare: impl FnOnce(&Path)) -> anyhow::Result<(String, Option<String>)> {
    let mut exai = installation()?;
    exai.set("EXAI_LOG_FILE", file);
    prepare(&exai.state_dir());
    let daemon = exai.daemon()?;
    assert_eq!(daemon.terminate()?.code(), Some(0));
    let said = std::fs::read_to_string(exai.home().join("daemon.out"))?;
    Ok((said, std::fs::read_to_string(exai.state_dir().join(file)).ok()))
}

#[test]
fn a_daemon_keeps_its_log_in_the_named_file_besides_stderr() {
    let (said, kept) = log_of("logs/daemon.log", |_| {}).unwrap();
    assert!(said.contains("listening") && said.contains("ended"), "{said}");
    assert!(said.contains(" env_file=none providers_with_key=none\n"), "{said}");
    assert_eq!(kept.as_deref(), Some(said.as_str()));
}

#[test]
fn a_model_in_the_settings_that_is_none_is_told_before_a_call_fails_for_it() {
    let mut exai = installation().unwrap();
    exai.set("GLM_API_KEY", "0123456789").set("EXAI_CHAIN", "glm-5.2x");
    // Else the log waits for what providers list.
    exai.set("EXAI_DISCOVER_MODELS", "off");
    let daemon = exai.daemon().unwrap();
    let slip = "EXAI_CHAIN: Model `glm-5.2x` is unknown; did you mean glm-5.2";
    for arguments in [&["status"][..], &["call", "status"], &["models"]] {
        let (code, stdout) = code_and_stdout(&exai.run(arguments, HANG).unwrap());
        assert!(code == Some(0) && stdout.contains(slip), "{arguments:?}: {stdout}");
    }
    assert_eq!(daemon.terminate().unwrap().code(), Some(0));
    let said = std::fs::read_to_string(exai.home().join("daemon.out")).unwrap();
    assert!(said.lines().any(|line| line.contains("WARN") && line.contains(slip)), "{said}");
}

#[test]
fn a_log_file_that_cant_be_written_is_told_and_the_daemon_works_on() {
    let (said, kept) =
        log_of("logs/daemon.log", |state| std::fs::write(state.join("logs"), "no directory").unwrap())
            .unwrap();
    assert_eq!(kept, None);
    for words in ["can't write the log file, working on with stderr alone", "EXAI_LOG_FILE", "listening"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}
