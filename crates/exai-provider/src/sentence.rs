//! What people and models read when nothing answered.

use crate::cause::Cause;
use crate::config::ProviderConfig;
use crate::gate::Denied;
use crate::reply::AttemptReport;
use crate::route::ANEW;

/// What a provider said is cut to so many characters where there is more than one thing to tell: the attempts' reports hold the
/// whole.
const DETAIL_CHARS: usize = 120;

/// The sentence on a call that failed: what went wrong at each attempt, what to do about the last, and what people must
/// mend elsewhere.
pub(crate) fn failure(cause: Cause, attempts: &[AttemptReport], providers: &[ProviderConfig]) -> String {
    let alike =
        |one: &AttemptReport, other: &AttemptReport| place(one) == place(other) && one.cause == other.cause;
    // What was denied was never begun.
    let begun = attempts.len() - usize::from(matches!(cause, Cause::Denied(_)) && !attempts.is_empty());
    let runs: Vec<&[AttemptReport]> = attempts.get(..begun).unwrap_or(attempts).chunk_by(alike).collect();
    let longest = if runs.len() > 1 { DETAIL_CHARS } else { usize::MAX };
    let mut list: Vec<(String, String)> = Vec::new();
    for run in &runs {
        let Some((first, told)) = run.first().zip(told(run, longest)) else { continue };
        match list.last_mut() {
            Some((last, all)) if *last == place(first) => *all = format!("{all}, then {told}"),
            _ => list.push((place(first), told)),
        }
    }
    let mut text = match list.as_slice() {
        [] => format!("No model answered: {}.", what(cause)),
        [(place, told)] => format!("{place} did not answer: {told}."),
        list => {
            let list: Vec<String> = list.iter().map(|(place, told)| format!("{place}: {told}")).collect();
            format!("No model answered. {}.", list.join("; "))
        }
    };
    if let (Cause::Denied(why), false) = (cause, runs.is_empty()) {
        text.push_str(&format!(" No further attempt: {why}."));
    }
    let asked = |name: &str| providers.iter().find(|provider| provider.name == name);
    let at_fault = attempts.iter().filter_map(|one| Some((Cause::of(one.cause)?, asked(&one.provider))));
    let mut all: Vec<String> = at_fault
        .filter(|(cause, _)| needs_a_person(*cause))
        .filter_map(|(cause, provider)| advice(cause, provider))
        .collect();
    all.extend(advice(cause, attempts.last().and_then(|last| asked(&last.provider))));
    let mut given: Vec<String> = Vec::new();
    for advice in all {
        if !given.contains(&advice) {
            text.push(' ');
            text.push_str(&advice);
            given.push(advice);
        }
    }
    text
}

/// Whether a cause stays until somebody changes a setting or an account.
const fn needs_a_person(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::Connect
            | Cause::Dns
            | Cause::Tls
            | Cause::AuthDead
            | Cause::AccountDead
            | Cause::Unpriced
            | Cause::Encoded
            | Cause::Page
            | Cause::WrongAddress
    )
}

fn place(attempt: &AttemptReport) -> String {
    format!("{} at {}", attempt.model, attempt.provider)
}

/// Attempts in a row that ended alike. Their details mostly differ by nothing but a request id; the last stands for all, with
/// at most so many characters.
fn told(run: &[AttemptReport], longest: usize) -> Option<String> {
    let last = run.last()?;
    let times = if run.len() > 1 { format!("{} × ", run.len()) } else { String::new() };
    let seconds: Vec<String> =
        run.iter().map(|attempt| format!("{:.1} s", attempt.ms as f64 / 1000.0)).collect();
    let whole = last.detail.trim_end_matches('.');
    let detail = match whole.char_indices().nth(longest) {
        Some((end, _)) => format!(" ({}…)", whole.get(..end).unwrap_or(whole).trim_end()),
        None if whole.is_empty() => String::new(),
        None => format!(" ({whole})"),
    };
    if last.cause == Cause::Open.code() {
        // It was not asked, which takes no time.
        return Some(format!("{}{detail}", last.words()));
    }
    if run.iter().all(|attempt| attempt.ms == 0) {
        // Not asked either, or answered before anybody could look.
        return Some(format!("{times}{}{detail}", last.words()));
    }
    Some(format!("{times}{} after {}{detail}", last.words(), seconds.join(", ")))
}

fn what(cause: Cause) -> String {
    match cause {
        Cause::Denied(why) => why.to_string(),
        Cause::Deadline => "the call's time was over".to_owned(),
        other => other.words().to_owned(),
    }
}

fn advice(cause: Cause, provider: Option<&ProviderConfig>) -> Option<String> {
    let name = provider.map_or("the provider", |provider| provider.name.as_str());
    let variable = provider.map_or("its key", |provider| provider.key_variable.as_str());
    let url = provider.map_or("its base URL", |provider| provider.base_url.as_str());
    Some(match cause {
        Cause::Connect | Cause::Dns | Cause::Tls => {
            format!("Check the network and the address of {name}: {url}.")
        }
        Cause::AuthDead if provider.is_some_and(|provider| provider.key.is_none()) => {
            format!("{name} wants a key: set {variable} and {ANEW}.")
        }
        Cause::AuthDead => {
            format!(
                "The key is refused: check {variable}, and that it belongs to {url}; once it is mended, {ANEW}."
            )
        }
        Cause::AccountDead => {
            format!("The account at {name} can't be used: see to its balance or plan, or ask another model.")
        }
        Cause::Quota => {
            format!("The quota at {name} is used up for now: ask another model, or again after the reset.")
        }
        Cause::ModelGone => format!("{name} does not serve this model: `listmodels` shows others."),
        Cause::ContextOverflow => {
            "Ask with less text or fewer files, or a model with a larger context.".to_owned()
        }
        Cause::BadRequest => "Sending the same again will not help.".to_owned(),
        Cause::Policy => "Put the question in other words, or ask another model.".to_owned(),
        Cause::EmptyAnswer => "Ask again with a lower effort, or another model.".to_owned(),
        // It may have asked for hours.
        Cause::Rate | Cause::Open => "Ask again later, or another model.".to_owned(),
        Cause::Server | Cause::Cut | Cause::Malformed | Cause::Stall(_) | Cause::Busy => {
            "Asking again in a minute may help, or another model.".to_owned()
        }
        Cause::Deadline => "Ask for less at a time, or raise EXAI_CALL_TIMEOUT.".to_owned(),
        Cause::Budget => {
            let limit = provider.map_or_else(String::new, |provider| provider.variable("DAILY_USD"));
            format!(
                "The limit is yours: raise {limit} and {ANEW}, ask another model, or again after midnight UTC."
            )
        }
        Cause::Unpriced => {
            let limit = provider.map_or_else(String::new, |provider| provider.variable("DAILY_USD"));
            format!(
                "With {limit}, only models with a price are asked: put its price into the file of EXAI_MODELS_FILE \
                 (price_in, price_out), or unset the limit."
            )
        }
        Cause::TooLarge => "Ask for less at a time.".to_owned(),
        Cause::Encoded => format!(
            "Nothing but plain text was asked for: check what stands between here and {name}, and its base URL: {url}."
        ),
        Cause::Page => format!(
            "It is the page of a gateway, or of another server than {name}: check the base URL of {name}: {url}, or ask \
             again in a minute."
        ),
        Cause::WrongAddress => format!("Check the base URL of {name}: {url}."),
        Cause::Denied(why) => after_denial(why).to_owned(),
        // Their own words say what to do.
        Cause::NoKey | Cause::UnknownModel | Cause::Retired => return None,
    })
}

fn after_denial(why: Denied) -> &'static str {
    match why {
        Denied::Exhausted => "Ask again only if the answer is worth up to three more.",
        Denied::Over | Denied::Orphaned => "Ask again if the answer is still wanted.",
        Denied::Draining => "Ask again once it has started anew.",
        Denied::NotKept => {
            "See to it that the daemon's state directory can be written and its disk has room, then ask again."
        }
    }
}

#[cfg(test)]
mod tests;
