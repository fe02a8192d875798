//! From what the sessions promise to what the journal writes, and back.

use exai_journal::{Committed, Durable, Journal, Record};
use exai_session::{CommitResult, Promise, Ticket};
use exai_wire::KeptFrame;

/// Hands a promise to the journal; never waits.
pub(crate) fn submit<J: Journal>(journal: &mut J, ticket: Ticket, promise: Promise) {
    let frame = promise.frame();
    journal.submit(ticket.0, record(promise), frame);
}

/// The next decision of the journal, as the sessions take it.
pub(crate) fn poll<J: Journal>(journal: &mut J) -> Option<(Ticket, CommitResult<Durable<KeptFrame>>)> {
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

fn record(promise: Promise) -> Record {
    match promise {
        Promise::Accepted {
            call_id,
            fingerprint,
            adopt_key,
            method,
            params,
            class,
            remaining_ms,
            attempts_before,
        } => Record::Accepted {
            call_id,
            fingerprint,
            adopt_key,
            method,
            params,
            class,
            remaining_ms,
            attempts_before,
        },
        Promise::Started { call_id, attempt, provider, model } => {
            Record::Started { call_id, attempt, provider, model }
        }
        Promise::Done { call_id, attempt, outcome, body } => Record::Done { call_id, attempt, outcome, body },
        Promise::Acked { call_id } => Record::Acked { call_id },
        Promise::Detached { call_id, session } => Record::Detached { call_id, session },
    }
}
