//! The tools, as the daemon uses them: pure ones at once on the io thread, all others where calls run (`work`).

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use exai_provider::{
    Before, BoxFuture, CallContext, Denied, Fate, Gate, Kept, KeptSeam, Observer, ProviderHealth, Providers,
};
use exai_session::{AttemptFate, CallClass, Finished};
use exai_tools::{ConversationId, CustomTool, DaemonFacts, DaemonView, ToolContext, ToolResult};
use exai_wire::{
    CallId, Class, ConversationKey, DaemonState, Outcome, Partial, Seam, Spent, Turn, TurnPlace,
};
use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::watch;

use crate::conversations::KeptConversations;
use crate::failure;
use crate::random;
use crate::snapshot;
use crate::work::Job;

/// The only method that shims send.
const CALL: &str = "tools/call";

/// Longest params that the io thread looks through for a provider: a tenth of a millisecond. A call with longer ones runs on the
/// work runtime, and its request is handed over, which costs it less than it cost the others to wait.
const LOOKED_THROUGH: usize = 256 << 10;

/// What tools need.
pub(crate) struct Toolbox {
    providers: Providers,
    conversations: KeptConversations,
    facts: watch::Receiver<DaemonFacts>,
    custom: Vec<Arc<dyn CustomTool>>,
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toolbox").finish_non_exhaustive()
    }
}

/// Params of `tools/call`, borrowed: they may be megabytes.
#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    fn read(params: &'a RawValue) -> Result<Self, String> {
        serde_json::from_str(params.get()).map_err(|error| format!("params of {CALL} can't be read: {error}"))
    }

    fn arguments(&self) -> &RawValue {
        self.arguments.unwrap_or(RawValue::NULL)
    }
}

/// The class of a call by the tool that it names.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    custom: Vec<Arc<dyn CustomTool>>,
}

impl Classes {
    /// Of the catalogue's tools and these.
    pub(crate) fn new(custom: Vec<Arc<dyn CustomTool>>) -> Self {
        Self { custom }
    }
}

impl CallClass for Classes {
    fn class(&self, method: &str, params: &RawValue) -> Result<Class, String> {
        if method != CALL {
            return Err(format!("this daemon serves {CALL}, not {method:?}"));
        }
        let name = Params::read(params)?.name;
        let custom = self.custom.iter().find(|tool| tool.name() == name).map(|tool| tool.class());
        Ok(match custom.or_else(|| exai_tools::class(&name)) {
            Some(exai_tools::Class::Metered) => Class::Metered,
            Some(exai_tools::Class::Effect) => Class::Effect,
            // An unknown tool is answered with a result that says so, which costs nothing.
            Some(exai_tools::Class::Pure) | None => Class::Pure,
        })
    }

    fn tool(&self, params: &RawValue) -> String {
        Params::read(params).map(|params| params.name.into_owned()).unwrap_or_default()
    }
}

impl Toolbox {
    /// Puts the tools together; `facts` is the newest that the io thread has told of the daemon.
    pub(crate) fn new(
        providers: Providers,
        conversations: KeptConversations,
        facts: watch::Receiver<DaemonFacts>,
    ) -> Self {
        Self { providers, conversations, facts, custom: Vec::new() }
    }

    /// With these tools beside those of the catalogue.
    pub(crate) fn with(self, custom: Vec<Arc<dyn CustomTool>>) -> Self {
        Self { custom, ..self }
    }

    /// Each provider's condition.
    pub(crate) fn providers(&self) -> Vec<ProviderHealth> {
        self.providers.health()
    }

    /// What is wrong with the names of models in the settings.
    pub(crate) fn slips(&self) -> Vec<String> {
        self.providers.slips()
    }

    /// Asks providers now and then which models they have; never ends.
    pub(crate) async fn keep_discovering(&self) -> Infallible {
        self.providers.keep_discovering().await
    }

    /// Ends when the daemon takes no more calls.
    pub(crate) async fn draining(&self) {
        let draining = snapshot::word(DaemonState::Draining);
        // An error: the io thread is gone, which is the end of the daemon, too.
        let _ = self.facts.clone().wait_for(|facts| facts.state == draining).await;
    }

    /// Ends when the providers' condition has changed in a way that people should hear of at once.
    pub(crate) fn turned(&self) -> impl Future<Output = ()> + '_ {
        self.providers.turned()
    }

    /// The provider that a call asks first, as far as can be seen.
    pub(crate) fn first_asked(&self, params: &RawValue) -> Option<&str> {
        if params.get().len() > LOOKED_THROUGH {
            return None;
        }
        let params = Params::read(params).ok()?;
        // A tool of whoever embeds this may keep its thread for as long as it likes.
        let is_custom = self.custom.iter().any(|tool| tool.name() == params.name);
        if is_custom {
            None
        } else {
            exai_tools::first_asked(&params.name, params.arguments(), &self.providers)
        }
    }

    /// Answers a pure call. It reads memory only, so it is done on the spot: no hop to another thread, and `status`
    /// works while the work runtime does not.
    pub(crate) fn answer(&self, call_id: CallId, params: &RawValue, facts: DaemonFacts) -> Finished {
        let nobody = Nobody;
        let params = match Params::read(params) {
            Ok(params) => params,
            Err(sentence) => return failure::finished(&sentence),
        };
        let context = ToolContext {
            providers: &self.providers,
            conversations: &self.conversations,
            daemon: &Now(facts),
            call: CallContext {
                call_id: &call_id.to_string(),
                sharer: 0,
                before: &[],
                kept: None,
                deadline: Duration::MAX,
                gate: &nobody,
                observer: &nobody,
            },
            new_conversation: ConversationId::from_random([0; 16]),
        };
        let run =
            AssertUnwindSafe(|| exai_tools::run(&params.name, params.arguments(), &context).now_or_never());
        match catch_unwind(run) {
            Ok(Some(result)) => finished(result),
            Ok(None) => failure::finished("exai has a defect: a tool that should answer at once does not"),
            Err(_) => failure::panicked(),
        }
    }

    /// Runs a call that may take its time.
    pub(crate) async fn run(&self, job: &Job, gate: &dyn Gate, observer: &dyn Observer) -> Finished {
        let params = match Params::read(&job.params) {
            Ok(params) => params,
            Err(sentence) => return failure::finished(&sentence),
        };
        let Ok(new_conversation) = random::bytes().map(ConversationId::from_random) else {
            return failure::finished("the operating system gives no randomness; try again");
        };
        let view = Told(self.facts.clone());
        let before: Vec<Before> = job.before.iter().map(earlier).collect();
        let seams = job.kept.iter().flat_map(|partial| &partial.seams);
        let seams: Vec<KeptSeam> =
            seams.map(|Seam { at, attempt }| KeptSeam { at: *at, attempt: *attempt }).collect();
        let kept = job.kept.as_ref().and_then(|partial| kept(partial, &before, &seams));
        let context = ToolContext {
            providers: &self.providers,
            conversations: &self.conversations,
            daemon: &view,
            call: CallContext {
                call_id: &job.call_id.to_string(),
                sharer: job.sharer,
                before: &before,
                kept,
                deadline: job.deadline,
                gate,
                observer,
            },
            new_conversation,
        };
        let arguments = params.arguments();
        finished(match self.custom.iter().find(|tool| tool.name() == params.name) {
            Some(tool) => tool.run(arguments, &context).await,
            None => exai_tools::run(&params.name, arguments, &context).await,
        })
    }
}

/// An attempt of an earlier start, as the provider layer knows it.
fn earlier(before: &exai_session::Before) -> Before {
    let exai_session::Before { n, provider, model, fate } = before;
    let fate = match fate {
        AttemptFate::Lost => Fate::Lost,
        AttemptFate::Cut => Fate::Cut,
        AttemptFate::Left => Fate::Left,
        AttemptFate::Failed => Fate::Failed,
    };
    Before { n: *n, provider: provider.clone(), model: model.clone(), fate }
}

/// The text that one of them had brought.
fn kept<'a>(partial: &'a Partial, before: &'a [Before], seams: &'a [KeptSeam]) -> Option<Kept<'a>> {
    let of = before.iter().find(|before| before.n == partial.attempt)?;
    Some(Kept { attempt: of.n, provider: &of.provider, model: &of.model, text: &partial.text, seams })
}

fn finished(result: ToolResult) -> Finished {
    let outcome = match result.outcome {
        exai_tools::Outcome::Ok => Outcome::Ok,
        exai_tools::Outcome::Error => Outcome::Error,
    };
    let turn = result.turn.map(|turn| Turn {
        conversation: ConversationKey::from_bytes(turn.conversation.to_bytes()),
        place: if turn.is_first { TurnPlace::First } else { TurnPlace::Next },
        body: turn.exchange,
    });
    let spent = result.spent.map(|exai_tools::Spent { input, cached, output, nano_usd, whole }| Spent {
        input,
        cached,
        output,
        nano_usd,
        whole,
    });
    Finished { outcome, body: result.body, turn, spent }
}

/// The daemon as it is now.
struct Now(DaemonFacts);

impl DaemonView for Now {
    fn facts(&self) -> DaemonFacts {
        self.0.clone()
    }
}

/// The daemon as the io thread last told.
struct Told(watch::Receiver<DaemonFacts>);

impl DaemonView for Told {
    fn facts(&self) -> DaemonFacts {
        self.0.borrow().clone()
    }
}

/// Pure tools ask no provider and have nothing to tell on the way.
struct Nobody;

impl Gate for Nobody {
    fn begin<'a>(
        &'a self,
        _: Option<u32>,
        _: &'a str,
        _: &'a str,
        _: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        Box::pin(std::future::ready(Err(Denied::Over)))
    }
}

impl Observer for Nobody {
    fn note(&self, _text: String) {}
}
