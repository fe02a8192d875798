//! The one place where a setting is written down. Everything else (reading, listing, the reference, the example file,
//! suggestions for misspelt names) is a loop over these rows.

mod connection;
mod daemon;
mod journal;
mod provider;

use crate::kind::Kind;
use crate::provider::Provider;
use crate::settings::Settings;

pub(crate) use provider::{ADDRESS, BUILT_IN, FAMILY};

/// One setting that is kept in a `T`.
pub(crate) struct Row<T: 'static> {
    /// The whole name, or for a provider's setting what follows `<NAME>_`.
    pub(crate) name: &'static str,
    /// Old and foreign names, read where the name itself is not set.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) default: Preset,
    pub(crate) readers: &'static [Reader],
    pub(crate) kind: Kind<T>,
    /// What it means. The first sentence stands alone in listings.
    pub(crate) doc: &'static str,
}

/// What holds when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    /// This text, read like any other.
    Value(&'static str),
    /// No value; in words, what happens then.
    Unset(&'static str),
}

/// Who reads a setting, and so where it has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Everyone who connects to the daemon: the only settings that a host's configuration needs.
    Connection,
    /// The shim.
    Shim,
    /// The daemon.
    Daemon,
    /// The daemon's provider layer.
    Provider,
}

impl Reader {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Shim => "shim",
            Self::Daemon => "daemon",
            Self::Provider => "provider",
        }
    }
}

/// Rows under one heading.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) rows: &'static [Row<Settings>],
}

/// All settings but those of a provider.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        title: "Connection",
        about: "Where the daemon is. These, `ENV_FILE` and `LOG_LEVEL` are all that a host's configuration ever needs; \
                with none of them the shim finds, and if need be starts, the daemon of this user on this machine.",
        rows: connection::CONNECTION,
    },
    Group { title: "Calls", about: "Bounds of a tool call.", rows: connection::CALLS },
    Group { title: "Shim", about: "What the process that a host starts does.", rows: connection::SHIM },
    Group { title: "Files and logs", about: "What exai keeps, and where.", rows: connection::STATE },
    Group { title: "Daemon", about: "What the one daemon does.", rows: daemon::DAEMON },
    Group {
        title: "Journal",
        about: "What the daemon keeps of calls, answers and conversations: `journal.db` in the state directory.",
        rows: journal::JOURNAL,
    },
    Group { title: "Models", about: "Which models answer.", rows: daemon::MODELS },
];

/// Heading of the providers' settings.
pub(crate) const FAMILY_TITLE: &str = "Providers";

/// Every row that is no provider's, with the heading it stands under.
pub(crate) fn rows() -> impl Iterator<Item = (&'static str, &'static Row<Settings>)> {
    GROUPS.iter().flat_map(|group| group.rows.iter().map(move |row| (group.title, row)))
}

/// A provider's setting under its real name.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) default: Preset,
    pub(crate) row: &'static Row<Provider>,
}

/// Every setting of the provider with this lower-case name.
pub(crate) fn family(provider: &str) -> impl Iterator<Item = Named> + use<> {
    let built_in = BUILT_IN.iter().find(|built_in| built_in.name == provider);
    let upper = provider.to_ascii_uppercase();
    FAMILY.iter().map(move |row| {
        let special = built_in.and_then(|one| one.rows.iter().find(|special| special.suffix == row.name));
        Named {
            name: format!("{upper}_{}", row.name),
            aliases: special.map_or(row.aliases, |special| special.aliases),
            default: special.and_then(|special| special.default).map_or(row.default, Preset::Value),
            row,
        }
    })
}

/// Names that begin with these letters are ours whoever set them.
pub(crate) const OWN_PREFIXES: [&str; 3] = ["EXAI_", "GLM_", "KIMI_"];

/// Names with our letters that are read elsewhere: by the tests, and by compose.yaml.
pub(crate) const READ_ELSEWHERE: [&str; 5] =
    ["EXAI_MCP_SCHEMA_DIR", "EXAI_CRASH_AT", "EXAI_BUG", "EXAI_DOCKER_TESTS", "EXAI_IMAGE"];

#[cfg(test)]
mod tests;
