use std::path::{Path, PathBuf};

use super::{by_name, by_place};

const NONE: [PathBuf; 0] = [];

#[test]
fn names_that_hold_secrets_are_refused_in_any_case() {
    for name in [
        ".env",
        ".ENV",
        ".env.local",
        "prod.env",
        "server.pem",
        "tls.KEY",
        "id_rsa",
        "id_rsa.bak",
        "id_ed25519",
        ".netrc",
        "credentials",
        "Credentials.json",
        ".bash_history",
        "terraform.tfstate",
        ".npmrc",
        "vault.kdbx",
    ] {
        assert!(by_name(&Path::new("/w").join(name)).is_some(), "{name}");
    }
}

#[test]
fn names_of_source_files_and_templates_are_not() {
    for name in [
        ".env.example",
        ".env.sample",
        "credentials.rs",
        "env.rs",
        "keys.md",
        "history.txt",
        "a.keys",
        "monkey",
    ] {
        assert_eq!(by_name(&Path::new("/w").join(name)), None, "{name}");
    }
}

#[test]
fn dot_directories_of_the_home_are_refused_and_those_of_projects_are_not() {
    let home = Some(Path::new("/home/u"));
    for path in ["/home/u/.config/app/settings.json", "/home/u/.cache/x", "/home/u/.local/share/a/b/c"] {
        assert!(by_place(Path::new(path), home, &NONE).is_some(), "{path}");
    }
    for path in [
        "/home/u/.bashrc",
        "/home/u/p/.github/ci.yml",
        "/home/u/p/a.rs",
        "/work/.config/x",
        "/home/other/.config/x",
    ] {
        assert_eq!(by_place(Path::new(path), home, &NONE), None, "{path}");
    }
}

#[test]
fn key_directories_are_refused_everywhere() {
    for path in ["/home/u/.ssh/config", "/srv/backup/.AWS/config", "/w/.kube/config"] {
        assert!(by_place(Path::new(path), None, &NONE).is_some(), "{path}");
    }
}

#[test]
fn the_settings_file_in_use_is_refused_under_any_name() {
    let secrets = [PathBuf::from("/w/settings.txt")];
    assert!(by_place(Path::new("/w/settings.txt"), None, &secrets).is_some());
    assert_eq!(by_place(Path::new("/w/settings2.txt"), None, &secrets), None);
}
