use std::fs;
use std::path::Path;

use super::{files, render_docs, render_env_example};
use crate::load::tests::World;
use crate::provider::ChosenBy;
use crate::registry::{FAMILY, rows};
use crate::retired::RETIRED;
use crate::settings::{Address, Settings};

#[test]
fn the_committed_files_are_in_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, text) in files() {
        let committed = fs::read_to_string(root.join(path)).unwrap_or_default().replace("\r\n", "\n");
        assert!(committed == text, "{path} is not what the registry says; run `cargo xtask generate`");
    }
}

#[test]
fn the_reference_names_everything() {
    let docs = render_docs();
    for (_, row) in rows() {
        assert!(docs.contains(&format!("| `{}` |", row.name)), "{}", row.name);
        row.aliases.iter().for_each(|alias| assert!(docs.contains(&format!("`{alias}`")), "{alias}"));
    }
    for row in FAMILY {
        assert!(docs.contains(&format!("| `<NAME>_{}` |", row.name)), "{}", row.name);
    }
    for name in RETIRED.iter().flat_map(|retired| retired.names) {
        assert!(docs.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_line_of_a_table_has_its_columns() {
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let docs = render_docs();
    let lines: Vec<_> = docs.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair.iter().all(|line| line.starts_with('|'))) {
        assert_eq!(bars(pair[0]), bars(pair[1]), "{}", pair[1]);
    }
}

/// A copy of the example changes nothing, and neither does one with every comment sign before a name taken away.
#[test]
fn the_example_file_says_the_defaults() {
    let example = render_env_example();
    let bare = World::default().load();
    let copied = World::default().file(&example).load();
    assert_eq!(copied.report(), "");
    assert_eq!(copied.settings.connection, bare.settings.connection);

    let assignment = |line: &str| {
        line.strip_prefix('#')
            .filter(|it| it.starts_with(|c: char| c.is_ascii_uppercase()))
            .map(str::to_owned)
    };
    let text: String = example.lines().filter_map(assignment).map(|line| line + "\n").collect();
    assert!(text.lines().count() > 30, "{text}");
    let spelt_out = World::default().file(&text).load();
    assert_eq!(spelt_out.report(), "");
    assert_eq!(comparable(spelt_out.settings), comparable(bare.settings));
}

/// Without what says that a value was written down.
fn comparable(mut settings: Settings) -> Settings {
    settings.connection.address = Address::Local;
    settings.state.env_file = None;
    for provider in &mut settings.providers {
        provider.stream_timeout.chosen_by = ChosenBy::Default;
        provider.concurrency_chosen_by = ChosenBy::Default;
    }
    settings
}
