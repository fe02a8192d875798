//! What the journal decided, as the sessions take it.

use exai_journal::{Committed, Durable, Journal, Store};
use exai_session::{CommitResult, Ticket};
use exai_wire::KeptFrame;

/// The next decision of the journal.
pub(crate) fn poll<S: Store>(journal: &mut Journal<S>) -> Option<(Ticket, CommitResult<Durable<KeptFrame>>)> {
    let Committed { ticket, result } = journal.poll_committed()?;
    let result = match result {
        Ok(frame) => CommitResult::Durable(frame),
        Err(error) => {
            tracing::warn!(code = error.code(), %error, "the journal refused a record");
            CommitResult::Failed(error.to_string())
        }
    };
    Some((Ticket(ticket), result))
}
