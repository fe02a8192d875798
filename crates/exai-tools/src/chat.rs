//! `chat`: one question to a model of a provider, with files and earlier turns.

mod arguments;

use crate::class::Class;
use crate::schema;
use crate::tool::{Reach, Tool};

pub(crate) const TOOL: Tool = Tool {
    name: "chat",
    title: "Ask another model",
    description: "Ask another AI model (GLM, Kimi or any configured one): a second opinion, a review, ideas, a hard \
        question. It sees only what is given here: the prompt, the files, and earlier turns of `conversation`. The \
        last line of the answer names the model, its usage and the conversation id for follow-ups. Costs tokens; long \
        answers can take minutes.",
    search_hint: "second opinion, ask another model, GLM, Kimi, LLM, consult, review, brainstorm",
    class: Class::Metered,
    reach: Reach::Provider,
    arguments: schema::of::<arguments::ChatArguments>,
    files_argument: Some("files"),
};
