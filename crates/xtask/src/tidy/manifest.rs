//! What the checks need of a `Cargo.toml`.

use std::collections::BTreeMap;

use toml::Table;

use crate::repo::Repo;

/// The manifest of one crate of the workspace.
pub(super) struct Manifest {
    /// Where it stands.
    pub path: String,
    /// Name of the package.
    pub name: String,
    /// `[dependencies]` of every platform, by name.
    pub dependencies: BTreeMap<String, Dependency>,
    /// `[dev-dependencies]` and `[build-dependencies]`, likewise.
    pub other: BTreeMap<String, Dependency>,
}

/// How a crate names a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    /// Where its version comes from.
    pub source: Source,
    /// Features that the crate itself names.
    pub features: Vec<String>,
}

/// Where a crate takes a dependency's version from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// `workspace = true`.
    Workspace,
    /// Its own version, path or repository.
    Own,
}

impl Manifest {
    /// The manifests of all crates; what can't be parsed is left out, since cargo has refused it already.
    pub(super) fn all(repo: &Repo) -> Vec<Self> {
        repo.ending("/Cargo.toml").filter_map(|(path, text)| Self::parse(path, text)).collect()
    }

    fn parse(path: &str, text: &str) -> Option<Self> {
        let table: Table = text.parse().ok()?;
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        let mut manifest =
            Self { path: path.to_owned(), name, dependencies: BTreeMap::new(), other: BTreeMap::new() };
        manifest.add(&table);
        for platform in table.get("target").and_then(|t| t.as_table()).into_iter().flat_map(Table::values) {
            if let Some(table) = platform.as_table() {
                manifest.add(table);
            }
        }
        Some(manifest)
    }

    fn add(&mut self, table: &Table) {
        self.dependencies.extend(entries(table, "dependencies"));
        self.other.extend(entries(table, "dev-dependencies"));
        self.other.extend(entries(table, "build-dependencies"));
    }
}

/// The two workspaces: the program's, and the one of the fuzz targets.
const WORKSPACES: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];

/// What `[workspace.dependencies]` says of a dependency that is no crate of this repository.
#[derive(Clone)]
pub(super) struct Declared {
    /// Where it stands.
    pub path: &'static str,
    /// Its name.
    pub name: String,
    /// Its version, as it is written there.
    pub version: String,
}

/// What the workspaces declare, the program's first.
pub(super) fn workspace_dependencies(repo: &Repo) -> Vec<Declared> {
    let mut declared = Vec::new();
    for path in WORKSPACES {
        let table: Option<Table> = repo.text(path).and_then(|text| text.parse().ok());
        let dependencies = table
            .as_ref()
            .and_then(|table| table.get("workspace"))
            .and_then(|workspace| workspace.get("dependencies"))
            .and_then(|dependencies| dependencies.as_table());
        let foreign = dependencies.into_iter().flatten().filter(|(_, value)| value.get("path").is_none());
        declared.extend(foreign.map(|(name, value)| {
            let version = value.as_str().or_else(|| value.get("version")?.as_str()).unwrap_or_default();
            Declared { path, name: name.clone(), version: version.to_owned() }
        }));
    }
    declared
}

fn entries(table: &Table, section: &str) -> BTreeMap<String, Dependency> {
    let entry = |(name, value): (&String, &toml::Value)| {
        let workspace = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        let source = if workspace { Source::Workspace } else { Source::Own };
        let features = value.get("features").and_then(toml::Value::as_array).into_iter().flatten();
        let features = features.filter_map(toml::Value::as_str).map(str::to_owned).collect();
        (name.clone(), Dependency { source, features })
    };
    table.get(section).and_then(|s| s.as_table()).map(|s| s.iter().map(entry).collect()).unwrap_or_default()
}
