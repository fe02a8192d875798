//! Which methods exist, in which era.

use crate::revision::Era;
use crate::task::TaskVerb;

/// What serves a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Initialize,
    Discover,
    Ping,
    ListTools,
    /// A list that is always empty; the name of its field.
    ListNothing(&'static str),
    CallTool,
    Listen,
    Task(TaskVerb),
}

/// Where a name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup {
    Served(Method),
    /// It exists, but only for messages that claim the modern era.
    NeedsModern,
    Unknown,
}

const BOTH: &[Era] = &[Era::Legacy, Era::Modern];

#[rustfmt::skip]
const METHODS: [(&str, &[Era], Method); 12] = [
    ("tools/call",               BOTH,           Method::CallTool),
    ("tools/list",               BOTH,           Method::ListTools),
    ("ping",                     &[Era::Legacy], Method::Ping),
    ("initialize",               &[Era::Legacy], Method::Initialize),
    ("server/discover",          &[Era::Modern], Method::Discover),
    ("subscriptions/listen",     &[Era::Modern], Method::Listen),
    ("tasks/get",                &[Era::Modern], Method::Task(TaskVerb::Get)),
    ("tasks/update",             &[Era::Modern], Method::Task(TaskVerb::Update)),
    ("tasks/cancel",             &[Era::Modern], Method::Task(TaskVerb::Cancel)),
    ("prompts/list",             BOTH,           Method::ListNothing("prompts")),
    ("resources/list",           BOTH,           Method::ListNothing("resources")),
    ("resources/templates/list", BOTH,           Method::ListNothing("resourceTemplates")),
];

/// Finds a method.
pub(crate) fn lookup(name: &str, era: Era) -> Lookup {
    match METHODS.iter().find(|(known, ..)| *known == name) {
        Some((_, eras, method)) if eras.contains(&era) => Lookup::Served(*method),
        // 2025-11-25 knew tasks of another kind, so a message without modern `_meta` means those.
        Some((_, _, Method::Task(_))) => Lookup::Unknown,
        Some((_, eras, _)) if !eras.contains(&Era::Legacy) => Lookup::NeedsModern,
        _ => Lookup::Unknown,
    }
}
