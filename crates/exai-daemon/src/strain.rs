//! Why no new call is taken, in sentences for people.

use exai_session::Strain;

/// What is said of a disk that does not confirm what is written on it.
pub(crate) const HANGS: &str = "calls and answers wait: the disk of the state directory has confirmed nothing for more than 5 s; \
                                look after that disk, a restart of the daemon does not help";

const FILLED: &str = "new calls wait: answers that their hosts have not taken yet fill the journal; they are taken when those hosts \
                      read on, or raise EXAI_JOURNAL_MAX";

/// What is the matter, and what to do.
pub(crate) fn sentence(strain: &Strain) -> String {
    let Strain::Refused { waiting, full, why } = strain else { return FILLED.to_owned() };
    let answers = match waiting {
        0 => String::new(),
        1 => ", and 1 answer waits until it can be kept".to_owned(),
        n => format!(", and {n} answers wait until they can be kept"),
    };
    let remedy = match full {
        true => "free some space where the state directory is, or raise EXAI_JOURNAL_MAX if it is that",
        false => "look after the disk of the state directory",
    };
    format!("new calls wait{answers}: {why}; {remedy}")
}

#[cfg(test)]
mod tests;
