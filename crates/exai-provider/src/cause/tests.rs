use super::*;
use crate::gate::Denied;

/// What follows from a cause.
type Row = (Cause, Again, Next, Retryable, Billed);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retryable {
    Yes,
    No,
}

/// Whether a request may be billed that ended so before any text came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Billed {
    Maybe,
    Never,
}

/// The whole taxonomy, in the order of its classes.
const TABLE: &[Row] = &[
    // connect, tls, dns: twice more, then the next. While another is left, only what failed at once.
    (Cause::Connect, Again::BackoffIfAtOnce(2), Next::Any, Retryable::Yes, Billed::Never),
    (Cause::Tls, Again::BackoffIfAtOnce(2), Next::Any, Retryable::Yes, Billed::Never),
    (Cause::Dns, Again::BackoffIfAtOnce(2), Next::Any, Retryable::Yes, Billed::Never),
    // server: twice more. A page is of a gateway's, which charges nothing.
    (Cause::Server, Again::Backoff(2), Next::Any, Retryable::Yes, Billed::Maybe),
    (Cause::Page, Again::Backoff(2), Next::Any, Retryable::Yes, Billed::Never),
    // rate: after the provider's wish or rising pauses.
    (Cause::Rate, Again::Rate, Next::Any, Retryable::Yes, Billed::Never),
    // quota: not before its reset.
    (Cause::Quota, Again::No, Next::Any, Retryable::Yes, Billed::Never),
    // auth_dead, account_dead: not before somebody has changed something.
    (Cause::AuthDead, Again::No, Next::Any, Retryable::No, Billed::Never),
    (Cause::AccountDead, Again::No, Next::Any, Retryable::No, Billed::Never),
    (Cause::NoKey, Again::No, Next::Any, Retryable::No, Billed::Never),
    // model_gone, and an address at which there is none.
    (Cause::ModelGone, Again::No, Next::Any, Retryable::No, Billed::Never),
    (Cause::Retired, Again::No, Next::Any, Retryable::No, Billed::Never),
    (Cause::WrongAddress, Again::No, Next::Any, Retryable::No, Billed::Never),
    (Cause::UnknownModel, Again::No, Next::No, Retryable::No, Billed::Never),
    // context_overflow: only where more fits.
    (Cause::ContextOverflow, Again::No, Next::LargerContext, Retryable::No, Billed::Never),
    // bad_request: one mended request for known faults, and nobody else.
    (Cause::BadRequest, Again::Mended, Next::No, Retryable::No, Billed::Never),
    // policy: nobody else is asked to say what one would not.
    (Cause::Policy, Again::No, Next::No, Retryable::No, Billed::Maybe),
    // empty_answer: once more with more room.
    (Cause::EmptyAnswer, Again::AtOnce(1), Next::Any, Retryable::Yes, Billed::Maybe),
    // stall: once more, where nobody else is left.
    (Cause::Stall(StallClock::FirstEvent), Again::IfLast(1), Next::Any, Retryable::Yes, Billed::Maybe),
    (Cause::Stall(StallClock::Idle), Again::IfLast(1), Next::Any, Retryable::Yes, Billed::Maybe),
    (Cause::Stall(StallClock::Trickle), Again::IfLast(1), Next::Any, Retryable::Yes, Billed::Maybe),
    (Cause::Stall(StallClock::Reserve), Again::IfLast(1), Next::Any, Retryable::Yes, Billed::Maybe),
    // cut: the rest, or once more.
    (Cause::Cut, Again::AtOnce(1), Next::Any, Retryable::Yes, Billed::Maybe),
    // malformed: as cut. An answer that is too large was paid for; a compressed one is somebody's setting.
    (Cause::Malformed, Again::AtOnce(1), Next::Any, Retryable::Yes, Billed::Maybe),
    (Cause::TooLarge, Again::No, Next::No, Retryable::No, Billed::Maybe),
    (Cause::Encoded, Again::No, Next::Any, Retryable::No, Billed::Maybe),
    // deadline: over. No place, or no attempt, is none of the provider's words.
    (Cause::Deadline, Again::No, Next::No, Retryable::Yes, Billed::Maybe),
    (Cause::Busy, Again::No, Next::Any, Retryable::Yes, Billed::Never),
    (Cause::Open, Again::No, Next::Any, Retryable::Yes, Billed::Never),
    // budget, unpriced: not before midnight, or before somebody has changed something.
    (Cause::Budget, Again::No, Next::Any, Retryable::Yes, Billed::Never),
    (Cause::Unpriced, Again::No, Next::Any, Retryable::No, Billed::Never),
    (Cause::Denied(Denied::Over), Again::No, Next::No, Retryable::Yes, Billed::Never),
    (Cause::Denied(Denied::Exhausted), Again::No, Next::No, Retryable::No, Billed::Never),
];

#[test]
fn every_cause_has_its_row() {
    for &(cause, again, next, retryable, billed) in TABLE {
        let is = (
            cause,
            cause.again(),
            cause.next(),
            if cause.is_retryable() { Retryable::Yes } else { Retryable::No },
            if cause.may_be_billed() { Billed::Maybe } else { Billed::Never },
        );
        assert_eq!(is, (cause, again, next, retryable, billed));
    }
    for cause in ALL {
        assert_eq!(TABLE.iter().filter(|row| row.0 == cause).count(), 1, "{cause:?}");
    }
}

#[test]
fn what_costs_money_is_not_made_again_without_bound() {
    for (cause, again, ..) in TABLE.iter().filter(|row| row.4 == Billed::Maybe) {
        let most = match *again {
            Again::No => 0,
            Again::AtOnce(most) | Again::IfLast(most) | Again::Backoff(most) => most,
            other => panic!("{cause:?}: {other:?}"),
        };
        assert!(most <= 2, "{cause:?}");
    }
}

#[test]
fn every_cause_has_a_word_and_words_of_its_own() {
    for cause in ALL {
        assert_eq!(Cause::of(cause.code()), Some(cause));
        assert_eq!(words(cause.code()), cause.words());
        assert_eq!(ALL.iter().filter(|other| other.words() == cause.words()).count(), 1, "{cause:?}");
    }
    assert_eq!(words("ok"), "ok");
}
