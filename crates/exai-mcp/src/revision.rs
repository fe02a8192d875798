//! The revisions of the protocol and what each of them has. Every difference that the engine makes between
//! revisions is a row here.

use crate::json::{Kind, kind, pick, text};
use serde_json::value::RawValue;

/// How a message is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Up to 2025-11-25: `initialize`, state for the process.
    Legacy,
    /// From 2026-07-28: stateless, everything in the request's `_meta`.
    Modern,
}

/// A published revision, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// 2024-11-05
    V2024_11_05,
    /// 2025-03-26
    V2025_03_26,
    /// 2025-06-18
    V2025_06_18,
    /// 2025-11-25
    V2025_11_25,
    /// 2026-07-28
    V2026_07_28,
}

/// How the requests of one array are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchAnswer {
    /// One array once the last of them has its answer.
    Array,
    /// The revision has no arrays. Whoever sends one all the same finds each answer by its id, and every line
    /// keeps to the schema.
    Lines,
}

/// What stands for the id in an error about a message that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoId {
    /// `"id":null`, JSON-RPC's own form; these revisions have none.
    Null,
    /// The field is left out: its schema is optional and does not allow null.
    Omitted,
}

/// Whether progress notifications may carry a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressText {
    /// No `message` field.
    None,
    /// `message`.
    Message,
}

/// What a revision does, apart from its fields.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) name: &'static str,
    pub(crate) era: Era,
    pub(crate) batch: BatchAnswer,
    pub(crate) no_id: NoId,
    pub(crate) progress: ProgressText,
}

#[rustfmt::skip]
const RULES: [Rules; 5] = [
    Rules { name: "2024-11-05", era: Era::Legacy, batch: BatchAnswer::Lines, no_id: NoId::Null,    progress: ProgressText::None },
    Rules { name: "2025-03-26", era: Era::Legacy, batch: BatchAnswer::Array, no_id: NoId::Null,    progress: ProgressText::Message },
    Rules { name: "2025-06-18", era: Era::Legacy, batch: BatchAnswer::Lines, no_id: NoId::Null,    progress: ProgressText::Message },
    Rules { name: "2025-11-25", era: Era::Legacy, batch: BatchAnswer::Lines, no_id: NoId::Omitted, progress: ProgressText::Message },
    Rules { name: "2026-07-28", era: Era::Modern, batch: BatchAnswer::Lines, no_id: NoId::Omitted, progress: ProgressText::Message },
];

/// Objects whose fields differ between revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A tool definition.
    Tool,
    /// The result of a call.
    Result,
    /// A block of a result's content.
    Content,
    /// What an embedded resource holds.
    Resource,
}

/// What a value must be in legacy revisions for the field to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LegacyShape {
    Any,
    Object,
    /// A schema with `"type":"object"`.
    ObjectSchema,
}

struct Field {
    part: Part,
    name: &'static str,
    since: Revision,
    legacy: LegacyShape,
}

/// Fields that came after 2024-11-05. Those not named here are in every revision, or unknown, and pass.
#[rustfmt::skip]
const FIELDS: [Field; 12] = [
    Field { part: Part::Tool,     name: "annotations",       since: Revision::V2025_03_26, legacy: LegacyShape::Any },
    Field { part: Part::Tool,     name: "title",             since: Revision::V2025_06_18, legacy: LegacyShape::Any },
    Field { part: Part::Tool,     name: "outputSchema",      since: Revision::V2025_06_18, legacy: LegacyShape::ObjectSchema },
    Field { part: Part::Tool,     name: "_meta",             since: Revision::V2025_06_18, legacy: LegacyShape::Any },
    Field { part: Part::Tool,     name: "icons",             since: Revision::V2025_11_25, legacy: LegacyShape::Any },
    Field { part: Part::Result,   name: "structuredContent", since: Revision::V2025_06_18, legacy: LegacyShape::Object },
    Field { part: Part::Result,   name: "resultType",        since: Revision::V2026_07_28, legacy: LegacyShape::Any },
    Field { part: Part::Result,   name: "ttlMs",             since: Revision::V2026_07_28, legacy: LegacyShape::Any },
    Field { part: Part::Result,   name: "cacheScope",        since: Revision::V2026_07_28, legacy: LegacyShape::Any },
    Field { part: Part::Content,  name: "_meta",             since: Revision::V2025_06_18, legacy: LegacyShape::Any },
    Field { part: Part::Content,  name: "icons",             since: Revision::V2025_11_25, legacy: LegacyShape::Any },
    Field { part: Part::Resource, name: "_meta",             since: Revision::V2025_06_18, legacy: LegacyShape::Any },
];

/// Kinds of content that came after 2024-11-05.
const CONTENT_KINDS: [(&str, Revision); 2] =
    [("audio", Revision::V2025_03_26), ("resource_link", Revision::V2025_06_18)];

impl Revision {
    /// All of them, newest first: the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// Newest one that is opened by `initialize`: the answer to versions that are unknown, and what a host
    /// that never opened is taken for.
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;

    /// Its date, as it stands in `protocolVersion`.
    pub fn name(self) -> &'static str {
        self.rules().name
    }

    /// Its era.
    pub fn era(self) -> Era {
        self.rules().era
    }

    /// The revision of that date.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.name() == name)
    }

    pub(crate) fn rules(self) -> &'static Rules {
        let [v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28] = &RULES;
        match self {
            Self::V2024_11_05 => v2024_11_05,
            Self::V2025_03_26 => v2025_03_26,
            Self::V2025_06_18 => v2025_06_18,
            Self::V2025_11_25 => v2025_11_25,
            Self::V2026_07_28 => v2026_07_28,
        }
    }

    /// Whether `part` has this field with this value.
    pub(crate) fn has_field(self, part: Part, name: &str, value: &RawValue) -> bool {
        FIELDS.iter().find(|field| field.part == part && field.name == name).is_none_or(|field| {
            field.since <= self && (self.era() == Era::Modern || field.legacy.is_met_by(value))
        })
    }

    /// Whether content may have blocks of this kind.
    pub(crate) fn has_content(self, kind: &str) -> bool {
        CONTENT_KINDS.iter().all(|(name, since)| *name != kind || *since <= self)
    }

    /// Whether content as of the newest revision is content of this one too, so that it can be copied whole.
    pub(crate) fn has_all_content(self) -> bool {
        let in_content = |field: &&Field| matches!(field.part, Part::Content | Part::Resource);
        FIELDS.iter().filter(in_content).all(|field| field.since <= self)
            && CONTENT_KINDS.iter().all(|(_, since)| *since <= self)
    }
}

impl LegacyShape {
    fn is_met_by(self, value: &RawValue) -> bool {
        match self {
            Self::Any => true,
            Self::Object => kind(value) == Kind::Object,
            Self::ObjectSchema => {
                matches!(pick(value.get(), ["type"]), Ok([Some(of)]) if text(of).as_deref() == Some("object"))
            }
        }
    }
}
