//! `listmodels`.

use crate::class::Class;
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "listmodels",
    title: "List models",
    description: "Models that `chat` can use",
    search_hint: " id, aliases, context size, provider, and whether its key is set and it is reachable.:models, providers, GLM, Kimi",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};
