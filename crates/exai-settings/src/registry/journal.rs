//! What is kept, for how long, and how much of it.

use std::time::Duration;

use super::{Preset, Reader, Row};
use crate::kind::Kind;
use crate::settings::Settings;

use Preset::Value;
use Reader::{Daemon, Shim};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) const JOURNAL: &[Row<Settings>] = &[
    Row {
        name: "EXAI_ADOPT_WITHIN",
        aliases: &[],
        default: Value("600s"),
        readers: &[Daemon],
        kind: Kind::DurationOrOff {
            min: Duration::from_secs(1),
            max: DAY,
            set: |settings, within| settings.journal.adopt_within = within,
        },
        doc: "A host that lost its shim, or gave up waiting, and asks the same again gets the answer that the first call was \
              paid for, once, if it is no older than this. Calls whose host still waits are never merged.",
    },
    Row {
        name: "EXAI_KEEP_DELIVERED",
        aliases: &[],
        default: Value("600s"),
        readers: &[Shim, Daemon],
        kind: Kind::Duration {
            min: Duration::ZERO,
            max: Duration::from_secs(30 * 86_400),
            set: |settings, span| settings.journal.keep_delivered = span,
        },
        doc: "How long an answer that reached its host is kept; `collect` can fetch it again meanwhile.",
    },
    Row {
        name: "EXAI_KEEP_UNDELIVERED",
        aliases: &[],
        default: Value("86400s"),
        readers: &[Shim, Daemon],
        kind: Kind::Duration {
            min: Duration::from_secs(60),
            max: Duration::from_secs(30 * 86_400),
            set: |settings, span| settings.journal.keep_undelivered = span,
        },
        doc: "How long an answer is kept that nobody has fetched yet.",
    },
    Row {
        name: "EXAI_JOURNAL_MAX",
        aliases: &[],
        default: Value("256"),
        readers: &[Daemon],
        kind: Kind::Count {
            min: 16,
            max: 65_536,
            unit: "MiB",
            set: |settings, size| settings.journal.size_mib = size,
        },
        doc: "Size of calls and answers in the journal. Beyond it the oldest answers go that no living host waits for; where \
              those alone are too much, new calls wait in their shims.",
    },
    Row {
        name: "EXAI_CONVERSATIONS_KEEP",
        aliases: &[],
        default: Value("7776000s"),
        readers: &[Daemon],
        kind: Kind::DurationOrOff {
            min: Duration::from_secs(60),
            max: Duration::from_secs(3650 * 86_400),
            set: |settings, span| settings.journal.conversations_keep = span,
        },
        doc: "A conversation is deleted when its last turn is older than this (90 days); `off` keeps it until \
              `EXAI_CONVERSATIONS_MAX` is reached.",
    },
    Row {
        name: "EXAI_CONVERSATIONS_MAX",
        aliases: &[],
        default: Value("256"),
        readers: &[Daemon],
        kind: Kind::Count {
            min: 1,
            max: 65_536,
            unit: "MiB",
            set: |settings, size| settings.journal.conversations_mib = size,
        },
        doc: "Size of all conversations. Beyond it the one that was used least recently is deleted first.",
    },
];
