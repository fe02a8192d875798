//! `chat`: one question to a model of a provider, with files and earlier turns.

mod arguments;
mod failure;
mod lost;
mod prompt;
mod report;
mod seams;

use std::borrow::Cow;

use exai_provider::{Before, Chat, Providers, Reply, Status};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::arguments::ChatArguments;
use self::report::Report;
use crate::class::Class;
use crate::context::ToolContext;
use crate::conversation::{ConversationId, ConversationsUnreadable, Exchange, NewTurn};
use crate::file::FileText;
use crate::result::ToolResult;
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
    arguments: schema::of::<ChatArguments>,
    files_argument: Some("files"),
};

/// Asks, and keeps question and answer under the conversation's id once the answer is there.
pub(crate) async fn run(arguments: &RawValue, context: &ToolContext<'_>) -> ToolResult {
    let (arguments, ignored) = match ChatArguments::read(arguments) {
        Ok(read) => read,
        Err(sentence) => return failure::arguments(&sentence),
    };
    let thread = match Thread::open(&arguments, context).await {
        Ok(thread) => thread,
        Err(none) => {
            let thread = Thread::new(context);
            let exchange =
                thread.question(arguments.prompt, arguments.system, arguments.model, arguments.files);
            let (why, failed) = none.told(context.call.before);
            return salvaged(exchange, why, failed, context);
        }
    };
    let exchange = thread.question(arguments.prompt, arguments.system, arguments.model, arguments.files);
    let asked = context.providers.asked(exchange.model.as_deref());
    let question = prompt::Question {
        system: exchange.system.as_deref(),
        prompt: &exchange.prompt,
        files: &exchange.files,
    };
    // A retired model takes nothing, however short: the provider layer says so, or has another one answer.
    let taker = asked.as_ref().filter(|model| model.status != Status::Retired);
    let prompt = match prompt::build(question, &thread.history, taker) {
        Ok(prompt) => prompt,
        Err(too_long) => {
            let models = context.providers.models();
            let failed = failure::too_long(&too_long, taker, &models, context.call.before);
            return salvaged(exchange, "not asked again: it is too long for the model", failed, context);
        }
    };
    let chat = Chat {
        model: exchange.model.clone(),
        messages: prompt.messages,
        temperature: arguments.temperature,
        effort: arguments.effort,
        fallback: arguments.fallback,
    };
    let reply = match context.providers.chat(chat, context.call).await {
        Ok(reply) => reply,
        Err(failed) => {
            let env_file = context.daemon.facts().env_file;
            return failure::provider(&failed, context.call.before, env_file.as_deref());
        }
    };
    let report = Report {
        reply,
        expected: asked.map(|model| model.id.clone()),
        conversation: thread.id,
        left_out: prompt.left_out,
        before: context.call.before.to_vec(),
        ignored,
    };
    deliver(report, exchange, thread.history.is_empty())
}

/// The provider that is asked first. Cheap: this is read where nothing may take long.
pub(crate) fn first_asked<'a>(arguments: &RawValue, providers: &'a Providers) -> Option<&'a str> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        model: Option<Cow<'a, str>>,
    }
    let named: Named<'_> = serde_json::from_str(arguments.get()).ok()?;
    providers.first_asked(named.model.as_deref())
}

/// Tells the answer, and has question and answer kept with it.
fn deliver(report: Report, exchange: Exchange, is_first: bool) -> ToolResult {
    let answer = report.reply.text.clone();
    let exchange = Exchange { answer, ..exchange }.json();
    let turn = NewTurn { conversation: report.conversation, is_first, exchange };
    ToolResult { turn: Some(turn), ..report.into_result() }
}

/// For a call that can't be asked again: what an earlier start of the daemon left of its answer, in a conversation of its
/// own; without that, the failure.
fn salvaged(exchange: Exchange, why: &str, failed: ToolResult, context: &ToolContext<'_>) -> ToolResult {
    let requested = exchange.model.as_deref();
    let kept = context
        .call
        .kept
        .and_then(|kept| Reply::of_kept(kept, context.call.before, requested, why.to_owned()));
    let Some(reply) = kept else { return failed };
    let report = Report {
        expected: Some(reply.asked_model.clone()),
        reply,
        conversation: context.new_conversation,
        left_out: 0,
        before: context.call.before.to_vec(),
        ignored: None,
    };
    deliver(report, exchange, true)
}

/// The conversation that a call belongs to.
struct Thread {
    id: ConversationId,
    history: Vec<Exchange>,
}

/// Why there is none.
enum NoThread {
    /// No conversation of this name is known.
    Unknown(String),
    /// Conversations can't be read now.
    Unreadable(ConversationsUnreadable),
}

impl NoThread {
    /// Why the question is not asked again, and the failure where nothing is left of it.
    fn told(&self, before: &[Before]) -> (&'static str, ToolResult) {
        match self {
            Self::Unknown(name) => (
                "not asked again: its conversation is not known any more",
                failure::unknown_conversation(name, before),
            ),
            Self::Unreadable(why) => (
                "not asked again: its conversation can't be read now",
                failure::unreadable_conversation(why, before),
            ),
        }
    }
}

impl Thread {
    /// One that this call starts.
    const fn new(context: &ToolContext<'_>) -> Self {
        Self { id: context.new_conversation, history: Vec::new() }
    }

    /// Finds the conversation that is named, or starts one where none is, or where a new one is asked for.
    ///
    /// # Errors
    /// [`NoThread`].
    async fn open(arguments: &ChatArguments, context: &ToolContext<'_>) -> Result<Self, NoThread> {
        let named = arguments.conversation.as_deref().filter(|name| !name.eq_ignore_ascii_case("new"));
        let Some(name) = named else { return Ok(Self::new(context)) };
        let unknown = || NoThread::Unknown(name.to_owned());
        let id: ConversationId = name.parse().map_err(|_| unknown())?;
        let history = context.conversations.load(id).await.map_err(NoThread::Unreadable)?;
        if history.is_empty() {
            return Err(unknown());
        }
        Ok(Self { id, history })
    }

    /// The new exchange, still without its answer. What it leaves open stays as it was in the exchange before.
    fn question(
        &self,
        prompt: String,
        system: Option<String>,
        model: Option<String>,
        files: Vec<FileText>,
    ) -> Exchange {
        let before = self.history.last();
        Exchange {
            prompt,
            files,
            system: system.or_else(|| before?.system.clone()),
            model: model.or_else(|| before?.model.clone()),
            answer: String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
