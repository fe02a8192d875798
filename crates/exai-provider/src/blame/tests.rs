use std::collections::BTreeSet;

use super::{Opens, QUOTA, Scope, Weight};
use crate::cause::{ALL, Cause, StallClock};
use crate::gate::Denied;

use Opens::{ByCount, Until, UntilChanged};
use Scope::{Endpoint, Model, Nobody};
use Weight::{Full, Half};

type Row = (Cause, Scope, Weight, Opens);

const NONE: Weight = Weight::None;

/// What the taxonomy says of breakers and limits, row by row.
const TABLE: &[Row] = &[
    (Cause::Connect, Endpoint, Full, ByCount),
    (Cause::Dns, Endpoint, Full, ByCount),
    (Cause::Tls, Endpoint, Full, ByCount),
    (Cause::Server, Model, Full, ByCount),
    (Cause::Rate, Model, NONE, ByCount),
    (Cause::Quota, Model, Full, Until(QUOTA)),
    (Cause::AuthDead, Endpoint, Full, UntilChanged),
    (Cause::AccountDead, Endpoint, Full, UntilChanged),
    (Cause::ModelGone, Model, NONE, ByCount),
    (Cause::ContextOverflow, Nobody, NONE, ByCount),
    (Cause::BadRequest, Nobody, NONE, ByCount),
    (Cause::Policy, Nobody, NONE, ByCount),
    (Cause::EmptyAnswer, Model, Half, ByCount),
    (Cause::Stall(StallClock::FirstEvent), Model, Full, ByCount),
    (Cause::Stall(StallClock::Idle), Model, Full, ByCount),
    (Cause::Stall(StallClock::Trickle), Model, Full, ByCount),
    (Cause::Stall(StallClock::Reserve), Model, Half, ByCount),
    (Cause::Cut, Model, Full, ByCount),
    (Cause::Malformed, Model, Full, ByCount),
    (Cause::TooLarge, Model, NONE, ByCount),
    (Cause::Encoded, Endpoint, Full, ByCount),
    (Cause::Page, Model, Full, ByCount),
    (Cause::WrongAddress, Endpoint, Full, ByCount),
    (Cause::Deadline, Nobody, NONE, ByCount),
    (Cause::Busy, Nobody, NONE, ByCount),
    (Cause::Budget, Nobody, NONE, ByCount),
    (Cause::Unpriced, Nobody, NONE, ByCount),
    (Cause::Open, Nobody, NONE, ByCount),
    (Cause::Denied(Denied::Over), Nobody, NONE, ByCount),
    (Cause::Retired, Nobody, NONE, ByCount),
    (Cause::NoKey, Nobody, NONE, ByCount),
    (Cause::UnknownModel, Nobody, NONE, ByCount),
];

#[test]
fn every_cause_is_in_the_table_and_does_what_it_says() {
    let listed: BTreeSet<&str> = TABLE.iter().map(|row| row.0.code()).collect();
    assert_eq!(listed, ALL.iter().map(|cause| cause.code()).collect());
    for (cause, scope, weight, opens) in TABLE {
        let found = (cause.scope(), cause.weight(), cause.opens());
        assert_eq!(found, (*scope, *weight, *opens), "{}", cause.code());
    }
}

#[test]
fn what_opens_at_once_counts_and_what_is_nobodys_fault_never_does() {
    for cause in ALL {
        assert!(cause.opens() == ByCount || cause.weight() == Full, "{}", cause.code());
        assert!(cause.scope() != Nobody || cause.weight() == NONE, "{}", cause.code());
    }
}
