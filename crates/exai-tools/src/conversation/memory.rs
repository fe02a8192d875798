//! Conversations in memory, within bounds: they end with the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{ConversationId, Conversations, Exchange};

/// What one exchange costs beside its texts, in bytes: allocations and the entries of lists. An estimate on the
/// high side, so that very many tiny exchanges are bounded, too.
const EXCHANGE_OVERHEAD_BYTES: usize = 512;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationLimits {
    /// Most conversations.
    pub conversations: usize,
    /// Most bytes of one conversation. Beyond, its oldest exchanges are dropped.
    pub conversation_bytes: usize,
    /// Most bytes of all. Beyond, whole conversations are dropped, the one unused for longest first.
    pub total_bytes: usize,
}

impl Default for ConversationLimits {
    /// 256 conversations; 16 MiB for one, which no model's context holds (a million tokens are about 4 MiB), so
    /// nothing is dropped that could have been sent; 64 MiB for all.
    fn default() -> Self {
        Self { conversations: 256, conversation_bytes: 16 << 20, total_bytes: 64 << 20 }
    }
}

/// Bounded conversations in memory.
#[derive(Debug)]
pub struct ConversationMemory {
    limits: ConversationLimits,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    conversations: BTreeMap<ConversationId, Entry>,
    bytes: usize,
    /// Counts uses; orders conversations by their last one.
    uses: u64,
}

#[derive(Debug, Default)]
struct Entry {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    last_use: u64,
}

impl ConversationMemory {
    /// Nothing yet.
    pub fn new(limits: ConversationLimits) -> Self {
        Self { limits, kept: Mutex::default() }
    }

    /// How many conversations are kept.
    pub fn len(&self) -> usize {
        self.lock().conversations.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// No operation below leaves the lists half changed, so a panic elsewhere while the lock was held spoils nothing.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conversations for ConversationMemory {
    fn load(&self, id: ConversationId) -> Option<Vec<Arc<Exchange>>> {
        let mut kept = self.lock();
        kept.uses += 1;
        let uses = kept.uses;
        let entry = kept.conversations.get_mut(&id)?;
        entry.last_use = uses;
        Some(entry.exchanges.iter().cloned().collect())
    }

    fn append(&self, id: ConversationId, exchange: Exchange) {
        let mut kept = self.lock();
        kept.add(id, exchange, self.limits.conversation_bytes);
        kept.evict(id, &self.limits);
    }
}

impl Kept {
    fn add(&mut self, id: ConversationId, exchange: Exchange, most_bytes: usize) {
        self.uses += 1;
        let entry = self.conversations.entry(id).or_default();
        let before = entry.bytes;
        entry.last_use = self.uses;
        entry.bytes += size(&exchange);
        entry.exchanges.push_back(Arc::new(exchange));
        while entry.bytes > most_bytes && entry.exchanges.len() > 1 {
            if let Some(oldest) = entry.exchanges.pop_front() {
                entry.bytes -= size(&oldest);
            }
        }
        self.bytes = self.bytes - before + entry.bytes;
    }

    /// Drops conversations, never the one in use.
    fn evict(&mut self, in_use: ConversationId, limits: &ConversationLimits) {
        while self.bytes > limits.total_bytes || self.conversations.len() > limits.conversations {
            let others = self.conversations.iter().filter(|(id, _)| **id != in_use);
            let Some(id) = others.min_by_key(|(_, entry)| entry.last_use).map(|(id, _)| *id) else { return };
            if let Some(entry) = self.conversations.remove(&id) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

fn size(exchange: &Exchange) -> usize {
    let files: usize = exchange.files.iter().map(|file| file.text.len() + file.path.len()).sum();
    let system = exchange.system.as_ref().map_or(0, String::len);
    EXCHANGE_OVERHEAD_BYTES + exchange.prompt.len() + exchange.answer.len() + files + system
}

#[cfg(test)]
mod tests;
