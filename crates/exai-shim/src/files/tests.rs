use std::fs;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    FILE_BYTES_MAX, FILES_BYTES_MAX, FILES_MAX, FileProblem, FileRules, FilesError, Inlined, inline,
};

/// A home with a project in it, and a directory outside of both.
struct World {
    _keep: TempDir,
    home: PathBuf,
    project: PathBuf,
    outside: PathBuf,
}

impl World {
    fn new() -> Self {
        let keep = TempDir::new().unwrap();
        let base = keep.path().canonicalize().unwrap();
        let (home, project, outside) = (base.join("home"), base.join("home/project"), base.join("outside"));
        for directory in [&project, &outside] {
            fs::create_dir_all(directory).unwrap();
        }
        Self { _keep: keep, home, project, outside }
    }

    fn rules(&self) -> FileRules {
        FileRules::new(&[], Some(self.project.clone()), Some(self.home.clone()))
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.project.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn inline(&self, paths: &[impl AsRef<Path>]) -> Result<Inlined, FilesError> {
        let paths: Vec<&str> = paths.iter().map(|path| path.as_ref().to_str().unwrap()).collect();
        let params = json!({ "name": "chat", "arguments": { "prompt": "p", "files": paths } });
        let params = serde_json::value::to_raw_value(&params).unwrap();
        inline(&params, "files", &self.rules()).map(|inlined| inlined.unwrap())
    }

    fn problem(&self, path: impl AsRef<Path>) -> FileProblem {
        match self.inline(&[path]).unwrap_err() {
            FilesError::Bad { mut bad, of: 1 } => bad.remove(0).problem,
            other => panic!("{other:?}"),
        }
    }
}

fn files(inlined: &Inlined) -> Vec<Value> {
    let params: Value = serde_json::from_str(inlined.params.get()).unwrap();
    params["arguments"]["files"].as_array().unwrap().clone()
}

#[test]
fn paths_become_texts_with_size_and_hash() {
    let world = World::new();
    let path = world.file("a.txt", "hello\n");
    let inlined = world.inline(&[&path]).unwrap();
    let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    assert_eq!(files(&inlined), [json!({"path": path, "bytes": 6, "sha256": sha256, "text": "hello\n"})]);
    assert_eq!(inlined.files[0].sha256, sha256);
    assert_eq!(inlined.files[0].bytes, 6);
    assert_eq!(inlined.files[0].modified, fs::metadata(&path).unwrap().modified().ok());
}

#[test]
fn a_call_without_files_is_not_touched() {
    let world = World::new();
    let params = RawValue::from_string(r#"{"name":"chat","arguments":{"prompt":"p"}}"#.to_owned()).unwrap();
    assert!(inline(&params, "files", &world.rules()).unwrap().is_none());
}

#[test]
fn a_file_named_twice_is_sent_once() {
    let world = World::new();
    let path = world.file("a.txt", "x");
    let again = world.project.join("../project/a.txt");
    assert_eq!(files(&world.inline(&[&path, &again, &path]).unwrap()).len(), 1);
}

#[test]
fn every_bad_file_is_named_at_once() {
    let world = World::new();
    let good = world.file("good.txt", "x");
    let bad = [
        world.project.join("missing.txt"),
        world.file("binary.bin", [1, 0, 2]),
        world.file("latin1.txt", [b'a', 0xe9, b'b']),
        world.file("large.txt", vec![b'x'; FILE_BYTES_MAX as usize + 1]),
        world.file("sub/inner.txt", "x").parent().unwrap().to_owned(),
        world.file(".env", "KEY=1"),
        PathBuf::from("good.txt"),
    ];
    let named: Vec<&PathBuf> = std::iter::once(&good).chain(&bad).collect();
    let sentence = world.inline(&named).unwrap_err().to_string();
    assert!(sentence.starts_with("Nothing was sent: 7 of 8 files can't be used.\n"), "{sentence}");
    for part in [
        "missing.txt: does not exist",
        "binary.bin: is binary",
        "latin1.txt: is not UTF-8 text (byte 1",
        "large.txt: is too large: 1.00 MiB (1048577 bytes), at most 1 MiB",
        "sub: is a directory",
        ".env: is never read: it is a file of settings and keys",
        &format!("- good.txt: is not an absolute path; perhaps {}?", good.display()),
    ] {
        assert!(sentence.contains(part), "{part} in {sentence}");
    }
}

#[test]
fn a_file_may_have_exactly_the_largest_size_or_none() {
    let world = World::new();
    let full = world.file("full.txt", vec![b'x'; FILE_BYTES_MAX as usize]);
    let empty = world.file("empty.txt", "");
    let inlined = world.inline(&[&full, &empty]).unwrap();
    assert_eq!(inlined.files[0].bytes, FILE_BYTES_MAX);
    assert_eq!(files(&inlined)[1]["text"], "");
}

#[test]
fn all_files_together_have_a_bound_with_numbers() {
    let world = World::new();
    let one = vec![b'x'; FILE_BYTES_MAX as usize];
    let mut paths: Vec<PathBuf> = (0..4).map(|n| world.file(&format!("{n}.txt"), &one)).collect();
    assert_eq!(world.inline(&paths).unwrap().files.len(), 4);
    paths.push(world.file("last.txt", "y"));
    let error = world.inline(&paths).unwrap_err();
    assert!(matches!(error, FilesError::TooLargeTogether { bytes, .. } if bytes == FILES_BYTES_MAX + 1));
    let sentence = error.to_string();
    assert!(
        sentence.contains("4.00 MiB (4194305 bytes)") && sentence.contains("at most 4 MiB"),
        "{sentence}"
    );
    assert!(sentence.contains("0.txt: 1 MiB") && sentence.contains("last.txt: 1 bytes"), "{sentence}");
}

#[test]
fn too_many_files_are_refused_before_any_is_read() {
    let world = World::new();
    let paths = vec![PathBuf::from("/no/such/file"); FILES_MAX + 1];
    assert_eq!(world.inline(&paths).unwrap_err(), FilesError::TooMany { files: FILES_MAX + 1 });
}

#[test]
fn a_call_that_escapes_blow_up_is_refused() {
    let world = World::new();
    let one = vec![1; FILE_BYTES_MAX as usize];
    let paths: Vec<PathBuf> = (0..4).map(|n| world.file(&format!("{n}.txt"), &one)).collect();
    assert!(
        matches!(world.inline(&paths).unwrap_err(), FilesError::CallTooLarge { bytes } if bytes > 24 << 20)
    );
}

#[test]
fn files_outside_of_the_roots_are_refused() {
    let world = World::new();
    let secret = world.outside.join("a.txt");
    fs::write(&secret, "x").unwrap();
    assert!(matches!(world.problem(&secret), FileProblem::Outside { .. }));
    assert!(matches!(world.problem(world.project.join("../../outside/a.txt")), FileProblem::Outside { .. }));
    assert!(matches!(world.problem(world.outside.join("missing")), FileProblem::Outside { .. }));
}

#[test]
fn configured_roots_replace_the_defaults() {
    let world = World::new();
    let rules = FileRules::new(
        std::slice::from_ref(&world.outside),
        Some(world.project.clone()),
        Some(world.home.clone()),
    );
    assert_eq!(rules.roots, [world.outside]);
    assert!(FileRules::new(&[], Some(PathBuf::from("/")), None).roots.is_empty());
}

#[test]
fn an_element_that_is_no_string_is_named() {
    let world = World::new();
    let params = RawValue::from_string(r#"{"arguments":{"files":[7]}}"#.to_owned()).unwrap();
    let sentence = inline(&params, "files", &world.rules()).unwrap_err().to_string();
    assert!(sentence.contains("- 7: is not a path"), "{sentence}");
}

#[test]
fn dot_directories_of_the_home_are_never_read() {
    let world = World::new();
    let hidden = world.home.join(".config/app");
    fs::create_dir_all(&hidden).unwrap();
    fs::write(hidden.join("a.txt"), "x").unwrap();
    assert!(matches!(world.problem(hidden.join("a.txt")), FileProblem::Secret { .. }));
    assert!(matches!(world.problem("~/.config/app/a.txt"), FileProblem::Secret { .. }));
    assert!(world.inline(&[world.file(".github/ci.yml", "x")]).is_ok());
}

#[test]
fn the_settings_file_in_use_is_never_read() {
    let world = World::new();
    let settings = world.file("settings.txt", "KEY=1");
    let params = json!({ "arguments": { "files": [settings] } });
    let params = serde_json::value::to_raw_value(&params).unwrap();
    let rules = FileRules { secret_files: vec![settings], ..world.rules() };
    assert!(inline(&params, "files", &rules).unwrap_err().to_string().contains("exai's own keys"));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn links_that_lead_out_of_the_roots_or_to_secrets_are_refused() {
        let world = World::new();
        fs::write(world.outside.join("a.txt"), "x").unwrap();
        symlink(world.outside.join("a.txt"), world.project.join("link.txt")).unwrap();
        symlink(&world.outside, world.project.join("dir")).unwrap();
        assert!(matches!(world.problem(world.project.join("link.txt")), FileProblem::Outside { .. }));
        assert!(matches!(world.problem(world.project.join("dir/a.txt")), FileProblem::Outside { .. }));

        symlink(world.file(".env", "KEY=1"), world.project.join("notes.txt")).unwrap();
        assert!(matches!(world.problem(world.project.join("notes.txt")), FileProblem::Secret { .. }));
        symlink(world.file("plain.txt", "x"), world.project.join("server.pem")).unwrap();
        assert!(matches!(world.problem(world.project.join("server.pem")), FileProblem::Secret { .. }));
    }

    #[test]
    fn links_within_the_roots_are_followed_and_loops_end() {
        let world = World::new();
        symlink(world.file("a.txt", "x"), world.project.join("b.txt")).unwrap();
        assert_eq!(files(&world.inline(&[world.project.join("b.txt")]).unwrap())[0]["text"], "x");
        symlink(world.project.join("loop"), world.project.join("loop")).unwrap();
        assert!(matches!(world.problem(world.project.join("loop")), FileProblem::Io { .. }));
    }

    #[test]
    fn a_pipe_is_refused_and_nobody_waits_for_its_other_end() {
        let world = World::new();
        let pipe = world.project.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(world.problem(&pipe), FileProblem::NotRegular);
    }

    #[test]
    fn a_device_is_refused() {
        let rules = FileRules::new(&[PathBuf::from("/dev")], None, None);
        let params = RawValue::from_string(r#"{"arguments":{"files":["/dev/zero"]}}"#.to_owned()).unwrap();
        let sentence = inline(&params, "files", &rules).unwrap_err().to_string();
        assert!(sentence.contains("/dev/zero: is not a regular file"), "{sentence}");
    }

    #[test]
    fn a_file_that_tells_no_size_is_bounded_by_what_is_read() {
        // Files of /proc claim to be empty.
        let rules = FileRules::new(&[PathBuf::from("/proc")], None, None);
        let params =
            RawValue::from_string(r#"{"arguments":{"files":["/proc/version"]}}"#.to_owned()).unwrap();
        if Path::new("/proc/version").exists() {
            let inlined = inline(&params, "files", &rules).unwrap().unwrap();
            assert_eq!(files(&inlined)[0]["text"].as_str().unwrap().len() as u64, inlined.files[0].bytes);
        }
    }

    #[test]
    fn a_file_that_the_user_may_not_read_is_named() {
        let world = World::new();
        let path = world.file("locked.txt", "x");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // Root may read everything.
        if fs::read(&path).is_err() {
            assert_eq!(world.problem(&path), FileProblem::Denied);
        }
    }
}
