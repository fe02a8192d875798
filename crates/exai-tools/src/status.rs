//! `status`.

use crate::class::Class;
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "status",
    title: "exai status",
    description: "State of the exai daemon",
    search_hint: " health, uptime, calls in flight, each provider's condition. Free; use it when calls are slow or fail.:health, daemon, providers, slow, errors",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};
