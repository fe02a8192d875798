//! What is told of models at the end of their life, and of those that take their place.

use crate::catalogue::Catalogue;
use crate::cause::Cause;
use crate::model::{Model, Status};
use crate::reply::AttemptReport;

/// Why a retired model is not asked.
pub(crate) fn retired(model: &Model) -> String {
    let when = model.ends.map_or_else(String::new, |day| format!(" {}", day.when()));
    match &model.successor {
        Some(successor) => format!("{} was retired{when}; ask {successor}", model.id),
        None => format!("{} was retired{when}; `listmodels` shows others", model.id),
    }
}

/// What the answer of a deprecated model says of it.
pub(crate) fn note(model: &Model) -> Option<String> {
    if model.status != Status::Deprecated {
        return None;
    }
    let ends = model.ends.map_or_else(String::new, |day| format!(" and ends {}", day.when()));
    let next =
        model.successor.as_ref().map_or_else(String::new, |successor| format!("; ask {successor} instead"));
    Some(format!("{} is deprecated{ends}{next}.", model.id))
}

/// Which models take the place of those that were to answer and are not served any more, a sentence each.
pub(crate) fn successors(catalogue: &Catalogue, attempts: &[AttemptReport]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for attempt in attempts {
        if !matches!(Cause::of(attempt.cause), Some(Cause::ModelGone | Cause::Retired)) {
            continue;
        }
        let model = catalogue.at(&attempt.provider, &attempt.model);
        if let Some(successor) = model.and_then(|model| model.successor.as_ref()) {
            let sentence = format!("The successor of {} is {successor}: ask that.", attempt.model);
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
    }
    told
}

#[cfg(test)]
mod tests;
