use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::{Loaded, load};
use crate::problem::{Origin, Problem};
use crate::provider::ChosenBy;
use crate::settings::{Address, Autostart, Fallback, ListenError, LogLevel, Settings, Target};
use crate::sources::{Platform, Sources, Start};

/// A small machine: an environment, some files, a way to start.
pub(crate) struct World {
    environment: BTreeMap<String, String>,
    files: BTreeMap<PathBuf, Result<Vec<u8>, io::ErrorKind>>,
    platform: Platform,
    start: Start,
}

/// Variables of the environment.
type Pairs<'a> = &'a [(&'a str, &'a str)];

const USER_FILE: &str = "/home/u/.config/exai/.env";

impl Default for World {
    fn default() -> Self {
        let environment = BTreeMap::from([("HOME".to_owned(), "/home/u".to_owned())]);
        Self { environment, files: BTreeMap::new(), platform: Platform::Unix, start: Start::ByProgram }
    }
}

impl World {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// The user's env file.
    pub(crate) fn file(self, text: &str) -> Self {
        self.file_at(USER_FILE, Ok(text.as_bytes()))
    }

    fn file_at(mut self, path: &str, content: Result<&[u8], io::ErrorKind>) -> Self {
        self.files.insert(path.into(), content.map(<[u8]>::to_vec));
        self
    }

    fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    pub(crate) fn load(&self) -> Loaded {
        let read = |path: &Path| match self.files.get(path) {
            Some(Ok(bytes)) => Ok(bytes.clone()),
            Some(Err(kind)) => Err((*kind).into()),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        load(&Sources {
            environment: self.environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            platform: self.platform,
            working_dir: Some("/project".into()),
            start: self.start,
            read: &read,
        })
    }

    /// The settings of a world in which all is well.
    fn settings(&self) -> Settings {
        let loaded = self.load();
        assert_eq!(loaded.report(), "");
        loaded.settings
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn line(path: &str, line: usize) -> Origin {
    Origin::File { path: path.into(), line }
}

#[test]
fn the_defaults() {
    let settings = World::default().settings();
    assert_eq!(settings.connection.host.as_str(), "127.0.0.1");
    assert_eq!(settings.connection.port, 8079);
    assert_eq!(settings.connection.token, None);
    assert_eq!(settings.connection.target(), Target::Local);
    assert!(settings.connection.may_start_daemon());
    assert_eq!((settings.calls.timeout, settings.calls.hold), (secs(1200), secs(50)));
    assert_eq!(settings.shim.exit_after, None);
    assert_eq!(settings.shim.file_roots, [PathBuf::from("/project"), PathBuf::from("/home/u")]);
    assert_eq!(settings.state.env_file, None);
    assert_eq!(settings.state.dir.as_deref(), Some(Path::new("/home/u/.local/state/exai")));
    let health = Path::new("/home/u/.local/state/exai/logs/ws_daemon.health.json");
    assert_eq!(settings.state.health_file.as_deref(), Some(health));
    assert_eq!((settings.state.health_max_age, settings.state.log_level), (secs(20), LogLevel::Info));
    assert_eq!((settings.daemon.drain_grace, settings.daemon.idle_exit), (secs(8), Some(secs(3600))));
    assert_eq!(settings.models.fallback, Fallback::Chain);
    let streams: Vec<_> =
        settings.providers.iter().map(|one| (one.name.as_str(), one.stream_timeout.after)).collect();
    assert_eq!(streams, [("glm", secs(300)), ("kimi", secs(600))]);
    assert_eq!(settings.providers[0].base_url, "https://api.z.ai/api/paas/v4");
}

#[test]
fn environment_over_file_over_default() {
    let world = World::default().env("EXAI_HOLD", "10").file("EXAI_HOLD=20\nEXAI_CALL_TIMEOUT=5m\n");
    let settings = world.settings();
    assert_eq!((settings.calls.hold, settings.calls.timeout), (secs(10), secs(300)));
    assert_eq!(settings.state.env_file.as_deref(), Some(Path::new(USER_FILE)));
    assert_eq!(world.env("EXAI_HOLD", " # none").settings().calls.hold, secs(20), "empty counts as not set");
}

#[test]
fn values_are_cleaned_wherever_they_come_from() {
    for raw in ["abc", "'abc'", "\"abc\" # note", "abc  # note"] {
        for world in [
            World::default().env("EXAI_WS_TOKEN", raw),
            World::default().file(&format!("\u{feff}export EXAI_WS_TOKEN={raw}\r\n")),
        ] {
            let token = world.settings().connection.token;
            assert_eq!(token.as_ref().map(|token| token.expose()), Some("abc"), "{raw:?}");
        }
    }
}

#[test]
fn a_settings_own_name_wins_over_its_old_names() {
    let cases = [
        ("KIMI_STREAM_TIMEOUT_SECS=240", 240, 0),
        ("KIMI_STREAM_TIMEOUT_SECS=240\nKIMI_STREAM_TIMEOUT=700", 700, 1),
        ("KIMI_STREAM_TIMEOUT=700\nKIMI_STREAM_TIMEOUT_SECS=240", 700, 1),
        ("KIMI_STREAM_TIMEOUT=10m\nKIMI_STREAM_TIMEOUT_SECS=600.0", 600, 0),
    ];
    for (file, seconds, warnings) in cases {
        let loaded = World::default().file(file).load();
        assert_eq!(loaded.settings.provider("kimi").unwrap().stream_timeout.after, secs(seconds), "{file}");
        assert_eq!(loaded.warnings.len(), warnings, "{file}: {}", loaded.report());
    }
    let world = World::default().env("MOONSHOT_API_KEY", "sk-another-tools").file("KIMI_API_KEY=sk-ours");
    let loaded = world.load();
    assert_eq!(loaded.settings.provider("kimi").unwrap().key.as_ref().unwrap().expose(), "sk-ours");
    assert_eq!(loaded.warnings[0].setting.as_deref(), Some("MOONSHOT_API_KEY"));
    assert!(!loaded.report().contains("sk-"), "{}", loaded.report());
}

#[test]
fn old_names_are_read() {
    let world = World::default()
        .env("ZAI_API_KEY", "k1")
        .env("GLM_API_URL", "https://open.bigmodel.cn/api/paas/v4/")
        .env("EXAI_WS_AUTOSTART", "false")
        .env("FALLBACK_ON_FAILURE", "false")
        .env("EXAI_WS_KIMI_MAX_INFLIGHT", "6")
        .env("LOG_LEVEL", "WARNING");
    let settings = world.settings();
    let glm = settings.provider("glm").unwrap();
    assert_eq!(glm.key.as_ref().unwrap().expose(), "k1");
    assert_eq!(glm.base_url, "https://open.bigmodel.cn/api/paas/v4");
    assert_eq!(settings.connection.autostart, Autostart::Never);
    assert_eq!(settings.models.fallback, Fallback::Off);
    assert_eq!(settings.provider("kimi").unwrap().max_concurrency, 6);
    assert_eq!(settings.state.log_level, LogLevel::Warn);
}

#[test]
fn a_chosen_stream_timeout_is_told_from_a_default() {
    let settings = World::default().env("GLM_STREAM_TIMEOUT", "300").settings();
    let chosen: Vec<_> = settings.providers.iter().map(|one| one.stream_timeout.chosen_by).collect();
    assert_eq!(chosen, [ChosenBy::User, ChosenBy::Default]);
}

#[test]
fn a_chosen_number_of_requests_is_told_from_a_default_and_rates_are_not_set_by_themselves() {
    let world =
        World::default().env("EXAI_WS_KIMI_MAX_INFLIGHT", "16").env("KIMI_RPM", "3").env("KIMI_TPM", "90000");
    let settings = world.settings();
    let told = settings.providers.iter().map(|one| {
        (one.max_concurrency, one.concurrency_chosen_by, one.requests_per_minute, one.tokens_per_minute)
    });
    let expected = [(16, ChosenBy::Default, None, None), (16, ChosenBy::User, Some(3), Some(90_000))];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn further_providers() {
    let world = World::default()
        .env("EXAI_PROVIDERS", "local=http://127.0.0.1:11434/v1,custom=https://example.org")
        .env("CUSTOM_API_KEY", "k")
        .env("LOCAL_IDLE_TIMEOUT", "15m");
    let settings = world.settings();
    let names: Vec<_> = settings.providers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["glm", "kimi", "local", "custom"]);
    let (local, custom) = (&settings.providers[2], &settings.providers[3]);
    assert_eq!((local.idle_timeout, local.stream_timeout.after), (Some(secs(900)), secs(300)));
    assert_eq!((custom.base_url.as_str(), custom.key.is_some()), ("https://example.org", true));
}

#[test]
fn where_to_dial() {
    let url = |text: &str| Target::Url(text.into());
    let cases: [(Pairs<'_>, Target, Address); 7] = [
        (&[], Target::Local, Address::Local),
        (&[("EXAI_WS_PORT", "9000")], url("ws://127.0.0.1:9000/"), Address::Configured),
        (&[("EXAI_WS_HOST", "0.0.0.0")], url("ws://127.0.0.1:8079/"), Address::Configured),
        (&[("EXAI_WS_HOST", "::")], url("ws://[::1]:8079/"), Address::Configured),
        (&[("EXAI_WS_PORT", "0")], Target::Local, Address::Configured),
        (&[("EXAI_WS_PORT", "")], Target::Local, Address::Local),
        (
            &[("EXAI_WS_URL", "wss://a.org/x"), ("EXAI_WS_HOST", "b")],
            url("wss://a.org/x"),
            Address::Configured,
        ),
    ];
    for (pairs, target, address) in cases {
        let world = pairs.iter().fold(World::default(), |world, (name, value)| world.env(name, value));
        let connection = world.settings().connection;
        assert_eq!((connection.target(), connection.address), (target, address), "{pairs:?}");
    }
    let broken = World::default().env("EXAI_WS_PORT", "abc").load();
    assert_eq!(broken.settings.connection.address, Address::Configured, "an address was meant");
}

#[test]
fn who_may_start_a_daemon() {
    let may = |pairs: Pairs<'_>| {
        let world = pairs.iter().fold(World::default(), |world, (name, value)| world.env(name, value));
        world.settings().connection.may_start_daemon()
    };
    assert!(may(&[]));
    assert!(!may(&[("EXAI_WS_HOST", "127.0.0.1")]));
    assert!(!may(&[("EXAI_AUTOSTART", "never")]));
    assert!(may(&[("EXAI_AUTOSTART", "always"), ("EXAI_WS_PORT", "8079")]));
}

#[test]
fn listening_beyond_loopback_needs_a_token() {
    for host in ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"] {
        assert_eq!(World::default().env("EXAI_WS_HOST", host).settings().check_listen(), Ok(()), "{host}");
    }
    for host in ["0.0.0.0", "::", "192.168.1.2", "exai.example.org"] {
        let world = World::default().env("EXAI_WS_HOST", host);
        let refused = world.settings().check_listen().unwrap_err();
        assert!(matches!(refused, ListenError::TokenMissing { .. }), "{host}");
        assert_eq!(refused.code(), "token_missing");
        assert!(refused.to_string().contains("EXAI_WS_TOKEN"), "{refused}");
        assert_eq!(world.env("EXAI_WS_TOKEN", "t").settings().check_listen(), Ok(()), "{host}");
    }
}

#[test]
fn every_error_at_once_with_place_text_and_advice() {
    let file =
        "EXAI_WS_PORT=80790\nKIMI_API_KEY = sk-a b\nnonsense\nEXAI_HOLD=\"5\nEXAI_PROVIDERS=a,b=http://b,c\n";
    let loaded = World::default().file(file).env("LOG_LEVEL", "loud").load();
    let told = |problem: &Problem| (problem.origin.clone(), problem.setting.clone(), problem.found.clone());
    let told: Vec<_> = loaded.errors.iter().map(told).collect();
    let text = |text: &str| Some(text.to_owned());
    let expected = [
        (Origin::Environment, text("LOG_LEVEL"), text("loud")),
        (line(USER_FILE, 1), text("EXAI_WS_PORT"), text("80790")),
        (line(USER_FILE, 2), text("KIMI_API_KEY"), None),
        (line(USER_FILE, 3), None, None),
        (line(USER_FILE, 4), text("EXAI_HOLD"), text("\"5")),
        (line(USER_FILE, 5), text("EXAI_PROVIDERS"), text("a")),
        (line(USER_FILE, 5), text("EXAI_PROVIDERS"), text("c")),
    ];
    assert_eq!(told, expected);
    assert!(
        !loaded.report().contains("sk-a") && !loaded.report().contains("nonsense"),
        "{}",
        loaded.report()
    );
    let port = "error: /home/u/.config/exai/.env:1: `EXAI_WS_PORT=80790`: a whole number from 0 to 65535 is needed\n";
    assert!(loaded.report().contains(port), "{}", loaded.report());
    let settings = loaded.settings;
    assert_eq!(
        (settings.connection.port, settings.calls.hold),
        (8079, secs(50)),
        "bad values have their defaults"
    );
    assert_eq!(settings.state.log_level, LogLevel::Info);
}

#[test]
fn an_address_that_may_hold_a_key_is_shown_in_no_problem() {
    let lines = [
        "EXAI_WS_URL=ws://u:hush@h",
        "EXAI_WS_URL=\"ws://u:hush@h",
        "EXAI_WS_HOST=u:hush@h",
        "EXAI_ALLOWED_ORIGINS=https://u:hush@h",
        "EXAI_PROVIDERS=a=https://u:hush,b@h",
        "KIMI_BASE_URL=https://h/v1?key=hush",
        "KIMI_BASE_URL=https://u:hush@h/${PATH}",
        "KIMI_BASE_URL=https://h\nKIMI_API_URL=https://u:hush@h",
    ];
    for line in lines {
        let loaded = World::default().file(line).load();
        assert!(!loaded.errors.is_empty() || !loaded.warnings.is_empty(), "{line}");
        assert!(!loaded.report().contains("hush"), "{line}: {}", loaded.report());
    }
}

#[test]
fn which_env_file() {
    let world = || {
        World::default()
            .file("EXAI_HOLD=1")
            .file_at("/project/.env", Ok(b"EXAI_HOLD=2"))
            .file_at("/e", Ok(b"EXAI_HOLD=3"))
    };
    let hold = |world: World| world.settings().calls.hold;
    assert_eq!(hold(world()), secs(1));
    assert_eq!(hold(world().start(Start::ByHand)), secs(1));
    assert_eq!(hold(world().start(Start::DaemonByHand)), secs(2));
    assert_eq!(hold(world().start(Start::DaemonByHand).env("ENV_FILE", "/e")), secs(3));
    assert_eq!(hold(world().env("ENV_FILE", "'/e' # mine")), secs(3));
    assert_eq!(hold(world().start(Start::ByHand).env("ENV_FILE", ".env")), secs(2));
    assert_eq!(hold(World::default().start(Start::DaemonByHand).file("EXAI_HOLD=1")), secs(1));
    let xdg = World::default().env("XDG_CONFIG_HOME", "/x").file_at("/x/exai/.env", Ok(b"EXAI_HOLD=4"));
    assert_eq!(hold(xdg), secs(4));
}

#[test]
fn an_env_file_that_cannot_be_read() {
    let denied = Err(io::ErrorKind::PermissionDenied);
    let counts = |world: World| {
        let loaded = world.load();
        (loaded.errors.len(), loaded.warnings.len())
    };
    assert_eq!(counts(World::default()), (0, 0), "the default may be absent");
    assert_eq!(counts(World::default().file_at(USER_FILE, denied)), (0, 1));
    assert_eq!(counts(World::default().file_at(USER_FILE, Err(io::ErrorKind::IsADirectory))), (0, 0));
    assert_eq!(
        counts(World::default().env("ENV_FILE", "/missing").file("EXAI_HOLD=x")),
        (1, 0),
        "no other instead"
    );
    assert_eq!(counts(World::default().env("ENV_FILE", "/e").file_at("/e", denied)), (1, 0));
    assert_eq!(counts(World::default().env("ENV_FILE", "relative/.env")), (1, 0));
    let report = World::default().env("ENV_FILE", "/missing").load().report();
    assert!(report.starts_with("error: /missing: ") && report.contains("ENV_FILE"), "{report}");
}

#[test]
fn doubtful_lines_of_the_env_file() {
    let file = "EXAI_HOLD=1\nENV_FILE=/x\nEXAI_HOLD=2\nGLM_API_KEY=${KEY}\n";
    let loaded = World::default().file(file).load();
    assert_eq!(loaded.errors, []);
    assert_eq!(loaded.settings.calls.hold, secs(2), "the last wins");
    let lines: Vec<_> = loaded.warnings.iter().map(|warning| warning.origin.clone()).collect();
    assert_eq!(lines, [line(USER_FILE, 2), line(USER_FILE, 3), line(USER_FILE, 4)]);
    assert!(!loaded.report().contains("${KEY}"), "{}", loaded.report());
}

#[test]
fn directories_of_each_platform() {
    let on = |platform, pairs: Pairs<'_>| {
        let mut world = World { platform, environment: BTreeMap::new(), ..World::default() };
        world = pairs.iter().fold(world, |world, (name, value)| world.env(name, value));
        world.settings().state
    };
    let dir = |text: &str| Some(PathBuf::from(text));
    assert_eq!(on(Platform::Unix, &[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).dir, dir("/s/exai"));
    assert_eq!(
        on(Platform::Unix, &[("HOME", "/h"), ("XDG_STATE_HOME", "s")]).dir,
        dir("/h/.local/state/exai")
    );
    assert_eq!(on(Platform::Unix, &[("HOME", "/h"), ("EXAI_STATE_DIR", "~/e")]).dir, dir("/h/e"));
    let mac = on(Platform::MacOs, &[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]).dir;
    assert_eq!(mac, dir("/h/Library/Application Support/exai"));
    let windows = on(Platform::Windows, &[("LocalAppData", r"C:\l"), ("USERPROFILE", r"C:\u")]).dir;
    assert_eq!(windows, Some(Path::new(r"C:\l").join("exai")));
    let homeless = on(Platform::Unix, &[]);
    assert_eq!((homeless.dir, homeless.health_file), (None, None));
    let health = on(Platform::Unix, &[("EXAI_HEALTH_FILE", "/run/exai.json")]).health_file;
    assert_eq!(health, dir("/run/exai.json"));
    let log = |text| on(Platform::Unix, &[("EXAI_STATE_DIR", "/s"), ("EXAI_LOG_FILE", text)]).log_file;
    assert_eq!(
        (log("logs/daemon.log"), log("/var/log/exai.log"), log("")),
        (dir("/s/logs/daemon.log"), dir("/var/log/exai.log"), None)
    );
}

#[test]
fn a_file_systems_root_is_no_project() {
    let read = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let environment = vec![("HOME".into(), "/home/u".into())];
    let (platform, start) = (Platform::Unix, Start::ByProgram);
    let loaded = load(&Sources { environment, platform, working_dir: Some("/".into()), start, read: &read });
    assert_eq!(loaded.settings.shim.file_roots, [PathBuf::from("/home/u")]);
}

#[test]
fn waits_that_contradict_the_deadline() {
    let quiet = World::default().env("EXAI_CALL_TIMEOUT", "30").settings();
    assert_eq!(quiet.calls.hold, secs(30), "a default gives way without a word");
    let loud = World::default()
        .env("EXAI_CALL_TIMEOUT", "30")
        .env("EXAI_HOLD", "40")
        .env("GLM_IDLE_TIMEOUT", "31")
        .load();
    assert_eq!(loud.settings.calls.hold, secs(30));
    let named: Vec<_> = loud.warnings.iter().map(|warning| warning.setting.as_deref()).collect();
    assert_eq!(named, [Some("EXAI_HOLD"), Some("GLM_IDLE_TIMEOUT")]);
}

#[cfg(unix)]
#[test]
fn an_environment_that_is_not_utf8() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let environment = vec![
        (bytes(b"EXAI_HOLD"), bytes(b"\xff")),
        (bytes(b"OTHER"), bytes(b"\xff")),
        (bytes(b"\xff"), bytes(b"1")),
    ];
    let read = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let (platform, start) = (Platform::Unix, Start::ByProgram);
    let loaded = load(&Sources { environment, platform, working_dir: None, start, read: &read });
    let named: Vec<_> = loaded.errors.iter().map(|error| error.setting.as_deref()).collect();
    assert_eq!(named, [Some("EXAI_HOLD")]);
}

#[test]
fn secrets_show_nothing_of_themselves() {
    let settings =
        World::default().env("EXAI_WS_TOKEN", "hush-hush").env("GLM_API_KEY", "hush-hush").settings();
    assert!(!format!("{settings:?}").contains("hush"));
    assert!(!format!("{}", settings.connection.token.unwrap()).contains("hush"));
}

proptest! {
    /// Whatever is written, loading ends, says so, and no secret is shown.
    #[test]
    fn nothing_makes_it_panic(
        names in prop::collection::vec(prop::sample::select(vec![
            "EXAI_WS_URL", "EXAI_WS_HOST", "EXAI_PROVIDERS", "EXAI_HOLD", "EXAI_FILE_ROOTS", "ENV_FILE", "LOG_LEVEL", "HOME",
        ]), 8),
        values in prop::collection::vec("[^\0]{0,20}", 8),
        file in any::<Vec<u8>>(),
        key in "[!-~]{12,20}",
    ) {
        let world = names.iter().zip(&values).fold(World::default(), |world, (name, value)| world.env(name, value));
        let world = world.file_at(USER_FILE, Ok(&file)).env("KIMI_API_KEY", &format!("'x {key}'"));
        let loaded = world.load();
        prop_assert!(!loaded.report().contains(&key));
        prop_assert!(!crate::explain::render(loaded.explain(), None).contains(&key));
    }

    #[test]
    fn a_duration_means_the_same_in_every_place(seconds in 1..3600_u64) {
        let in_file = World::default().file(&format!("EXAI_CALL_TIMEOUT={seconds}s # note")).load();
        let in_env = World::default().env("EXAI_CALL_TIMEOUT", &format!("\"{seconds}\"")).load();
        prop_assert_eq!(in_file.settings.calls.timeout, secs(seconds));
        prop_assert_eq!(in_env.settings.calls, in_file.settings.calls);
    }
}
