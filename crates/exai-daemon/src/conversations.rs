//! Conversations as the tools read them, from wherever the journal keeps them.

use std::fmt;
use std::sync::Arc;

use exai_journal::Turns;
use exai_provider::BoxFuture;
use exai_tools::{ConversationId, Conversations, ConversationsUnreadable, Exchange};
use exai_wire::ConversationKey;

/// Reads turns off the threads that calls run on: a disk may take its time.
#[derive(Clone)]
pub(crate) struct KeptConversations(Arc<dyn Turns>);

impl fmt::Debug for KeptConversations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptConversations")
    }
}

impl KeptConversations {
    /// Those that are kept there.
    pub(crate) fn new(turns: Arc<dyn Turns>) -> Self {
        Self(turns)
    }
}

impl Conversations for KeptConversations {
    fn load(&self, id: ConversationId) -> BoxFuture<'_, Result<Vec<Exchange>, ConversationsUnreadable>> {
        let turns = Arc::clone(&self.0);
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || load(&*turns, id)).await;
            read.unwrap_or_else(|error| Err(ConversationsUnreadable(error.to_string())))
        })
    }
}

fn load(turns: &dyn Turns, id: ConversationId) -> Result<Vec<Exchange>, ConversationsUnreadable> {
    let kept = turns.load(ConversationKey::from_bytes(id.to_bytes()));
    let kept = kept.map_err(|error| ConversationsUnreadable(error.to_string()))?;
    let unreadable =
        |error: serde_json::Error| ConversationsUnreadable(format!("a turn of it is damaged: {error}"));
    kept.iter().map(|turn| Exchange::read(&turn.body).map_err(unreadable)).collect()
}
