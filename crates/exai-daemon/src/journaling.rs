//! What the journal decided, as the sessions take it.

use exai_journal::{Committed, Durable, Journal, JournalError, Store};
use exai_session::{CommitResult, NotKept, Ticket};
use exai_wire::KeptFrame;

/// What a decision means.
pub(crate) struct Decision {
    /// Which record.
    pub(crate) ticket: Ticket,
    /// What became of it.
    pub(crate) result: CommitResult<Durable<KeptFrame>>,
    /// Why it was not written.
    pub(crate) error: Option<JournalError>,
}

/// The next decision of the journal.
pub(crate) fn poll<S: Store>(journal: &mut Journal<S>) -> Option<Decision> {
    let Committed { ticket, result } = journal.poll_committed()?;
    let (result, error) = match result {
        Ok(frame) => (CommitResult::Durable(frame), None),
        Err(error) => {
            let full = matches!(error, JournalError::Full(_));
            let usurped = error == JournalError::Usurped;
            (CommitResult::Failed(NotKept { full, usurped, why: error.to_string() }), Some(error))
        }
    };
    Some(Decision { ticket: Ticket(ticket), result, error })
}
