use std::collections::BTreeSet;

use super::{BUILT_IN, FAMILY, Preset, Row, family, rows};
use crate::kind::{Base, Kind};
use crate::retired;
use crate::sources::Platform;

fn base() -> Base {
    Base { platform: Platform::Unix, home: Some("/home/u".into()), working_dir: None }
}

fn check_row<T>(row: &Row<T>) {
    let name = row.name;
    assert!(row.doc.ends_with('.') && row.doc.len() > 10, "{name} has no doc sentence");
    assert!(!row.doc.contains("  "), "{name}: a line break left blanks behind");
    assert!(!row.readers.is_empty(), "nobody reads {name}");
    check_default(name, row.default, &row.kind);
}

/// The default is within its own range, and written in the one right form.
fn check_default<T>(name: &str, default: Preset, kind: &Kind<T>) {
    match default {
        Preset::Unset(words) => assert!(!words.is_empty(), "{name}"),
        Preset::Value(text) => match kind.read(text, &base()) {
            Ok(reading) => assert_eq!(reading.shown, text, "{name}"),
            Err(bad) => panic!("the default of {name} is refused: {bad:?}"),
        },
    }
}

#[test]
fn every_row_is_complete() {
    for (_, row) in rows() {
        check_row(row);
    }
    for row in FAMILY {
        check_row(row);
    }
    for named in BUILT_IN.iter().flat_map(|built_in| family(built_in.name)) {
        check_default(&named.name, named.default, &named.row.kind);
    }
}

#[test]
fn what_is_special_about_a_provider_belongs_to_a_row() {
    for special in BUILT_IN.iter().flat_map(|built_in| built_in.rows) {
        assert!(FAMILY.iter().any(|row| row.name == special.suffix), "{}", special.suffix);
    }
}

#[test]
fn a_name_means_one_thing() {
    let mut seen = BTreeSet::new();
    let mut add = |name: &str| {
        assert!(seen.insert(name.to_owned()), "{name} stands twice");
        assert!(retired::find(name).is_none(), "{name} is retired and read");
    };
    for (_, row) in rows() {
        add(row.name);
        row.aliases.iter().for_each(|alias| add(alias));
    }
    for named in BUILT_IN.iter().flat_map(|built_in| family(built_in.name)) {
        add(&named.name);
        named.aliases.iter().for_each(|alias| add(alias));
    }
}
