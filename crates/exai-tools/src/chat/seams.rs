//! Seams in an answer, in words.

use exai_provider::{Continued, Reply};

/// Where the answer was continued, for its last line; empty where it has no seam.
pub(crate) fn list(continued: &[Continued]) -> Option<String> {
    let told = continued.iter().map(|seam| {
        let Continued { at_char, from_model, to_model, cause } = seam;
        let whom =
            if from_model == to_model { String::new() } else { format!(" by {to_model} after {from_model}") };
        format!("at character {at_char}{whom} ({})", cause.words())
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("continued {}", told.join(" and ")))
}

/// Says whose the parts of an answer are; `None` where one model wrote all of it.
pub(crate) fn authors(reply: &Reply) -> Option<String> {
    if reply.continued.iter().all(|seam| seam.from_model == seam.to_model) {
        return None;
    }
    let parts = reply.continued.iter().filter(|seam| seam.from_model != seam.to_model).map(|seam| {
        let Continued { at_char, from_model, cause, .. } = seam;
        format!("by {from_model} up to character {at_char} ({})", cause.words())
    });
    let parts: Vec<String> = parts.collect();
    Some(format!(
        "Note: not by one model: {}, then by {} ({}).",
        parts.join(", then "),
        reply.model,
        reply.provider
    ))
}
