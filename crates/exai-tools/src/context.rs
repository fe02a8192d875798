//! What a call is given to run with.

use std::time::Duration;

use exai_provider::{Before, CallContext, Gate, Kept, Observer, Providers};

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
    /// Id of the call, visible ASCII, at most 40 characters.
    pub call_id: &'a str,
    /// Whose call it is: an opaque number of the session, for a fair share of the providers.
    pub sharer: u128,
    /// Attempts that earlier starts of the daemon were allowed for this call and did not live to report; whether their
    /// first byte went out is not known.
    pub before: &'a [Before],
    /// The longest text that one of them had brought.
    pub kept: Option<Kept<'a>>,
    /// Moment on the providers' clock at which the result must be handed back.
    pub deadline: Duration,
    /// Grants attempts.
    pub gate: &'a dyn Gate,
    /// Hears how it goes on.
    pub observer: &'a dyn Observer,
    /// Id for a conversation that this call may start; random, of this call alone.
    pub new_conversation: ConversationId,
}

impl<'a> ToolContext<'a> {
    pub(crate) const fn provider_call(&self) -> CallContext<'a> {
        CallContext {
            call_id: self.call_id,
            sharer: self.sharer,
            before: self.before,
            kept: self.kept,
            deadline: self.deadline,
            gate: self.gate,
            observer: self.observer,
        }
    }
}
