//! What a call is given to run with.

use exai_provider::{CallContext, Providers};

use crate::conversation::{ConversationId, Conversations};
use crate::daemon_view::DaemonView;

/// Everything outside of its arguments that a tool may use.
#[derive(Clone, Copy)]
pub struct ToolContext<'a> {
    /// The models.
    pub providers: &'a Providers,
    /// Earlier turns.
    pub conversations: &'a dyn Conversations,
    /// What the daemon knows of itself.
    pub daemon: &'a dyn DaemonView,
    /// The call, as the providers know it; by its deadline the result must be handed back.
    pub call: CallContext<'a>,
    /// Id for a conversation that this call may start; random, of this call alone.
    pub new_conversation: ConversationId,
}

impl ToolContext<'_> {
    /// The text, and below it what is wrong with the names of models in the settings, a line each.
    pub(crate) fn with_slips(&self, text: String) -> String {
        std::iter::once(text).chain(self.providers.slips()).collect::<Vec<_>>().join("\n")
    }
}
