use super::*;

fn messages(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn an_arrow_upwards_or_sideways_is_found_and_dev_dependencies_are_free() {
    let repo = Repo::of([
        (
            "crates/exai-session/Cargo.toml",
            "[package]\nname = \"exai-session\"\n[dependencies]\nexai-wire.workspace = true\nexai-shim.workspace = true\ntokio = { workspace = true, features = [\"sync\", \"time\"] }\n[dev-dependencies]\nexai-sim.workspace = true\n",
        ),
        (
            "crates/exai-shim/Cargo.toml",
            "[package]\nname = \"exai-shim\"\n[target.'cfg(unix)'.dependencies]\nexai-http.workspace = true\n",
        ),
        (
            "crates/exai-mcp/Cargo.toml",
            "[package]\nname = \"exai-mcp\"\n[dependencies]\ntokio = { workspace = true, features = [\"sync\"] }\n",
        ),
        ("crates/attic/Cargo.toml", "[package]\nname = \"attic\"\n"),
    ]);
    assert_eq!(
        messages(&layers::check(&repo)),
        [
            "crates/attic/Cargo.toml: a crate without a layer: give it one in layers.rs",
            "crates/exai-session/Cargo.toml: `exai-session` may not use `exai-shim`: arrows point downwards only",
            "crates/exai-session/Cargo.toml: `tokio` does I/O; L1 takes what it needs as parameters",
            "crates/exai-shim/Cargo.toml: `exai-shim` may not use `exai-http`: arrows point downwards only",
        ]
    );
}

#[test]
fn a_dependency_is_declared_once_used_and_explained() {
    let repo = Repo::of([
        (
            "Cargo.toml",
            "[workspace.dependencies]\nexai-wire = { path = \"crates/exai-wire\" }\nserde = \"1\"\nclap = \"4\"\nbytes = \"1\"\n",
        ),
        (
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[dependencies]\nserde.workspace = true\nbytes = { workspace = true, features = [] }\nanyhow = \"1\"\n",
        ),
        (
            "docs/dependencies.md",
            "| crate | why | instead |\n| `serde` | the wire | by hand |\n| `bytes` | |\n| `gone` | was | once |\n",
        ),
    ]);
    assert_eq!(
        messages(&dependencies::check(&repo)),
        [
            "crates/a/Cargo.toml: `anyhow`: declare it in the workspace, so that it has one version",
            "Cargo.toml: `clap` is used by no crate: remove it",
            "docs/dependencies.md: no line for `bytes`: | `bytes` | why | what instead |",
            "docs/dependencies.md: no line for `clap`: | `clap` | why | what instead |",
            "docs/dependencies.md: `gone` is no dependency any more",
        ]
    );
}

#[test]
fn what_both_workspaces_use_has_one_version() {
    let repo = Repo::of([
        ("Cargo.toml", "[workspace.dependencies]\nbytes = \"1\"\nserde = { version = \"1\" }\n"),
        (
            "fuzz/Cargo.toml",
            "[package]\nname = \"exai-fuzz\"\n[workspace.dependencies]\nbytes = \"2\"\nserde = \"1\"\nsse-core = \"0.2\"\n\
             [dependencies]\nbytes.workspace = true\nserde.workspace = true\n",
        ),
        ("docs/dependencies.md", "| `bytes` | a | b |\n| `serde` | a | b |\n| `sse-core` | a | b |\n"),
    ]);
    assert_eq!(
        messages(&dependencies::check(&repo)),
        [
            "fuzz/Cargo.toml: `bytes` is \"2\" here and \"1\" in Cargo.toml",
            "fuzz/Cargo.toml: `sse-core` is used by no crate: remove it",
        ]
    );
}

#[test]
fn more_than_35_dependencies_are_too_many() {
    let many: String = (0..36).map(|n| format!("d{n} = \"1\"\n")).collect();
    let repo = Repo::of([("Cargo.toml", &format!("[workspace.dependencies]\n{many}"))]);
    let first = dependencies::check(&repo).into_iter().next().unwrap();
    assert_eq!(first.to_string(), "Cargo.toml: 36 direct dependencies; 35 are the limit");
}

#[test]
fn a_file_of_501_lines_is_too_long() {
    let repo =
        Repo::of([("a.rs", &"\n".repeat(501)), ("b.rs", &"\n".repeat(500)), ("c.md", &"\n".repeat(900))]);
    assert_eq!(
        messages(&length::check(&repo)),
        ["a.rs: 501 lines; 500 are the limit: split it by noun, not by size"]
    );
}

#[test]
fn clocks_are_found_in_the_layers_without_io_only_and_not_in_tests_or_comments() {
    let clock = "// Instant::now is banned\nlet now = Instant::now();\n";
    let repo = Repo::of([
        ("crates/exai-wire/src/lib.rs", clock),
        ("crates/exai-wire/src/tests.rs", clock),
        ("crates/exai-wire/src/id/tests/clock.rs", clock),
        ("crates/exai-wire/tests/pair.rs", clock),
        ("crates/exai-shim/src/lib.rs", clock),
    ]);
    assert_eq!(
        messages(&ambient::check(&repo)),
        ["crates/exai-wire/src/lib.rs:2: `Instant::now` in a layer without I/O: take it as a parameter"]
    );
}

#[test]
fn models_that_code_names_are_found() {
    let repo = Repo::of([
        ("crates/exai-provider/src/models.toml", "[[model]]\nid = \"m-5\"\naliases = [\"m\"]\n"),
        (
            "crates/a/src/lib.rs",
            "// m-5 thinks\nif model == \"m-5.1\" || model == \"m\" {\nlet atom-5 = item-5;\n",
        ),
        ("crates/a/src/lib/tests.rs", "let model = \"m-5\";\n"),
        ("crates/a/tests/b.rs", "let model = \"m-5\";\n"),
    ]);
    assert_eq!(
        messages(&model_names::check(&repo)),
        [
            "crates/a/src/lib.rs:2: model `m-5` in code: crates/exai-provider/src/models.toml is the place for what differs \
          between models"
        ]
    );
}

#[test]
fn inline_and_ignored_tests_are_found() {
    let repo = Repo::of([("crates/a/src/lib.rs", "mod tests;\n    mod tests {\n    #[ignore = \"slow\"]\n")]);
    assert_eq!(
        messages(&unit_tests::check(&repo)),
        [
            "crates/a/src/lib.rs:2: inline tests: `mod tests;` and a file tests.rs",
            "crates/a/src/lib.rs:3: an ignored test rots: mend it or delete it",
        ]
    );
}

#[test]
fn slips_of_the_keyboard_unfinished_work_and_registry_hosts_are_found() {
    let text = format!(
        "fine\nspace \na\ttab\n{} later\nsee {}/x\nno end",
        concat!("TO", "DO"),
        concat!("crates", ".io")
    );
    let repo = Repo::of([("README.md", &text), ("Cargo.lock", &text)]);
    assert_eq!(
        messages(&text::check(&repo)),
        [
            "README.md:2: space at the end of the line".to_owned(),
            "README.md:3: a tab: use spaces, or \\t in a string".to_owned(),
            format!("README.md:4: {}: finish it, or open an issue", concat!("TO", "DO")),
            format!("README.md:5: names the registry host {}", concat!("crates", ".io")),
            "README.md: the last line has no end".to_owned(),
        ]
    );
}

#[test]
fn relative_links_are_followed_from_the_file_they_stand_in() {
    let repo = Repo::of([
        ("README.md", "[a](docs/a.md#part) [b](docs) [c](https://example.org/x) [d](#here) [e](gone.md)\n"),
        ("docs/a.md", "[up](../README.md) [beside](b.md)\n"),
    ]);
    assert_eq!(
        messages(&links::check(&repo)),
        ["README.md:1: the link to `gone.md` leads nowhere", "docs/a.md:1: the link to `b.md` leads nowhere",]
    );
}

#[test]
fn a_generated_file_that_was_not_written_is_found() {
    let findings = generated::check(&Repo::of([]));
    let expected: Vec<String> = crate::generate::files().into_iter().map(|(path, _)| path).collect();
    let found: Vec<String> = findings.into_iter().map(|finding| finding.path).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_fault_without_a_test_is_found() {
    let home = "crates/exai-provider/src/providers/tests/faults.rs";
    let all: String =
        (1..=33).map(|number| format!("    pub(super) async fn f{number:02}_x() {{}}\n")).collect();
    let call = "fn main() { f34_x() }\n// fn f34_x() {}\n";
    let repo = Repo::of([
        (home, all.as_str()),
        ("crates/a/src/tests.rs", call),
        ("crates/a/src/a.rs", "fn f34_x() {}"),
    ]);
    let lacks = format!("{home}: no test is called `f34_…`: the fault F34 is shown nowhere");
    assert_eq!(messages(&faults::check(&repo)), [lacks]);
    let repo = Repo::of([(home, all.as_str()), ("crates/a/tests/a/main.rs", "fn f34_x() {}")]);
    assert!(faults::check(&repo).is_empty());
}
