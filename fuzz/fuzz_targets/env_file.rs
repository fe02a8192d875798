//! The env file: any bytes load, every error says where it stands, no text that may be a secret is shown, and the same
//! lines say the same in the process environment.

#![no_main]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use exai_settings::{Loaded, Origin, Platform, Problem, Sources, Start, load, render};
use libfuzzer_sys::fuzz_target;

/// Stands for a secret; the fuzzer knows it from its dictionary.
const SECRET: &str = "hush4f9c";

const FILE: &str = "/home/u/.config/exai/.env";

/// What decides where files are looked for; not the same in the environment as in the file.
const PLACES: [&str; 7] =
    ["ENV_FILE", "HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "USERPROFILE", "APPDATA"];

fuzz_target!(|bytes: &[u8]| {
    let from_file = read(Some(bytes), &BTreeMap::new());
    let lines = bytes.split(|&byte| byte == b'\n').count();
    for error in &from_file.errors {
        placed(error, lines);
    }
    let secret: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').filter(|line| holds_secret(line)).collect();
    if !secret.is_empty() && secret.iter().all(|line| may_not_be_shown(line)) {
        for shown in [from_file.report(), render(from_file.explain(), None), format!("{from_file:?}")] {
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }
    let Some(assigned) = assigned(bytes) else { return };
    let from_environment = read(None, &assigned);
    let mut settings = from_environment.settings.clone();
    settings.state.env_file.clone_from(&from_file.settings.state.env_file);
    assert_eq!(settings, from_file.settings);
    assert_eq!(messages(&from_environment), messages(&from_file));
});

fn read(file: Option<&[u8]>, environment: &BTreeMap<String, String>) -> Loaded {
    let home = [(OsString::from("HOME"), OsString::from("/home/u"))];
    let set = environment.iter().map(|(name, value)| (name.into(), value.into()));
    load(&Sources {
        environment: home.into_iter().chain(set).collect(),
        platform: Platform::Unix,
        working_dir: Some("/project".into()),
        start: Start::ByProgram,
        read: &|path: &Path| match file {
            Some(bytes) if path == Path::new(FILE) => Ok(bytes.to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        },
    })
}

/// An error names the file, and the line where it is about one.
fn placed(error: &Problem, lines: usize) {
    match &error.origin {
        Origin::File { path, line } => {
            assert!(path == Path::new(FILE) && (1..=lines).contains(line), "{error}");
        }
        Origin::WholeFile { path } => assert_eq!(path, Path::new(FILE)),
        Origin::Default | Origin::Environment => panic!("from nowhere: {error}"),
    }
    let told = error.to_string();
    assert!(told.starts_with(FILE) && !told.contains(['\n', '\r']), "{told:?}");
}

fn holds_secret(line: &[u8]) -> bool {
    line.windows(SECRET.len()).any(|part| part == SECRET.as_bytes())
}

/// Whether the secret stands where nothing may be quoted: in a key, in an address with a user or a query, or in a line
/// that is no setting at all, such as the second half of a key.
fn may_not_be_shown(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return true };
    match assignment(line) {
        Some((name, _)) if name.contains(SECRET) => false,
        Some((name, value)) => {
            let is_key = name.ends_with("_API_KEY") || name == "EXAI_WS_TOKEN";
            let is_address = ["_URL", "_PROVIDERS", "_ORIGINS"].iter().any(|end| name.ends_with(end));
            is_key || (is_address && value.contains(['@', '?']) && !value.contains(','))
        }
        // A comment is nobody's, and names of settings are suggested, not quoted.
        None => true,
    }
}

/// Name and text of a line, where it is one of `NAME=value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line =
        line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(line);
    let (name, value) = line.trim_start().split_once('=')?;
    let name = name.trim_end();
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|first| first == '_' || first.is_ascii_alphabetic())
        && letters.all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
    (is_name && !line.starts_with('#')).then_some((name, value))
}

/// What the file sets, the last line of a name; nothing for files that the environment can't say the same of.
fn assigned(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut assigned = BTreeMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let Some((name, value)) = assignment(line) else { continue };
        if PLACES.contains(&name) || value.contains('\0') {
            return None;
        }
        assigned.insert(name.to_owned(), value.to_owned());
    }
    Some(assigned)
}

/// What is wrong with settings, wherever they stand.
fn messages(loaded: &Loaded) -> Vec<(Option<&str>, Option<&str>, &str)> {
    let of_settings = loaded.errors.iter().filter(|error| !is_of_a_line(error));
    let mut messages: Vec<_> = of_settings
        .map(|error| (error.setting.as_deref(), error.found.as_deref(), error.message.as_str()))
        .collect();
    messages.sort_unstable();
    messages
}

/// Lines that are no settings are a matter of files alone.
fn is_of_a_line(error: &Problem) -> bool {
    ["NAME=value is needed", "a name of letters", "this line is not UTF-8", "this file"]
        .iter()
        .any(|begin| error.message.starts_with(begin))
}
