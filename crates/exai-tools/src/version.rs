//! `version`.

use crate::class::Class;
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "version",
    title: "exai version",
    description: "Version of exai that is answering.",
    search_hint: "version, release",
    class: Class::Pure,
    reach: Reach::Local,
    arguments: schema::of::<schema::NoArguments>,
    files_argument: None,
};
