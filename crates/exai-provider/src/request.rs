//! The request, in the provider's dialect and within what the model allows.

use bytes::Bytes;
use serde::Serialize;

use crate::chat::{Chat, Effort};
use crate::config::ProviderConfig;
use crate::continuation::{self, Continuation, How, Turn};
use crate::dialect::{Dialect, OutputField, RequestId, StreamUsage};
use crate::model::{Model, Thinking};
use crate::prefix::Prefix;
use crate::transport::{Method, Request};

/// Longest answer in tokens that is asked for: twice what vendors ask for thinking models, whose reasoning counts too, and
/// well below the caps, since rate limits reserve what is asked for.
pub(crate) const OUTPUT_DEFAULT: u32 = 32_768;

/// What differs between the attempts of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant<'a> {
    /// Unique for each request: 6 to 64 characters.
    pub(crate) request_id: &'a str,
    /// Whether the last answer was empty.
    pub(crate) room: Room,
    /// The beginning of the answer, where only the rest is asked for.
    pub(crate) after: Option<Continuation<'a>>,
    /// Whether the earlier turns are sent as those want them who refuse them as they are.
    pub(crate) is_mended: bool,
}

/// Room for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// As asked.
    Asked,
    /// Twice that: the reasoning may have taken all of it.
    Doubled,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Turn<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<ThinkingObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_final_message: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_generation_prompt: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct ThinkingObject {
    r#type: &'static str,
}

/// Builds the POST.
///
/// # Errors
/// When the question can't be written as JSON, which no question made of text does.
pub(crate) fn build(
    config: &ProviderConfig,
    dialect: &Dialect,
    model: &Model,
    chat: &Chat,
    variant: Variant<'_>,
) -> Result<Request, serde_json::Error> {
    let output = output(model, variant.room);
    let prefix = match variant.after {
        Some(Continuation { how: How::Prefix(prefix), .. }) => prefix,
        Some(Continuation { how: How::Turn, .. }) | None => Prefix::None,
    };
    let (thinking, effort) = thinking(model, chat.effort);
    let mut messages = continuation::turns(&chat.messages, variant.after);
    if variant.is_mended {
        continuation::mend(&mut messages);
    }
    let body = Body {
        model: &model.id,
        messages,
        stream: true,
        stream_options: (dialect.usage == StreamUsage::Asked)
            .then_some(StreamOptions { include_usage: true }),
        temperature: temperature(model, chat.temperature),
        max_tokens: output.filter(|_| dialect.output_field == OutputField::MaxTokens),
        max_completion_tokens: output.filter(|_| dialect.output_field == OutputField::MaxCompletionTokens),
        thinking,
        reasoning_effort: effort,
        request_id: (dialect.request_id == RequestId::Field).then_some(variant.request_id),
        continue_final_message: (prefix == Prefix::Vllm).then_some(true),
        add_generation_prompt: (prefix == Prefix::Vllm).then_some(false),
    };
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "text/event-stream".to_owned()),
        ("accept-encoding", "identity".to_owned()),
    ];
    headers.extend(dialect.headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    headers.extend(config.authorization());
    Ok(Request {
        method: Method::Post,
        provider: config.name.clone(),
        url: format!("{}/chat/completions", base_url(&config.base_url, prefix)),
        headers,
        body: Bytes::from(serde_json::to_vec(&body)?),
    })
}

/// What of the question this model can't be told, as sentences.
pub(crate) fn left_out(model: &Model, chat: &Chat) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(wanted) = chat.temperature {
        match temperature(model, Some(wanted)) {
            None => notes.push(format!("{} fixes its temperature; {wanted} was not sent.", model.id)),
            Some(sent) if (sent - wanted).abs() > 0.005 => {
                notes.push(format!(
                    "{} takes a temperature up to {}; {sent} was sent.",
                    model.id, model.temperature_max
                ));
            }
            Some(_) => {}
        }
    }
    if let Some(wanted) = chat.effort {
        match thinking(model, Some(wanted)) {
            (None, None) => notes.push(format!("{} has no setting for effort.", model.id)),
            (_, Some(sent)) if sent != wanted.word() => {
                notes.push(format!(
                    "{} was asked with effort {sent}, the nearest to {}.",
                    model.id,
                    wanted.word()
                ));
            }
            _ => {}
        }
    }
    notes
}

fn base_url(configured: &str, prefix: Prefix) -> String {
    let url = configured.trim_end_matches('/');
    match prefix {
        Prefix::Beta if !url.ends_with("/beta") => format!("{}/beta", url.trim_end_matches("/v1")),
        _ => url.to_owned(),
    }
}

/// Most tokens that are asked for; `None`: the model's own default.
pub(crate) fn output(model: &Model, room: Room) -> Option<u32> {
    // A model that nobody described has its own default, which is better than a guess.
    if model.output_cap == 0 {
        return None;
    }
    let wanted = match room {
        Room::Asked => OUTPUT_DEFAULT,
        Room::Doubled => 2 * OUTPUT_DEFAULT,
    };
    Some(wanted.min(model.output_cap))
}

fn temperature(model: &Model, wanted: Option<f64>) -> Option<f64> {
    let wanted = wanted.filter(|wanted| wanted.is_finite() && model.temperature_max > 0.0)?;
    // Two decimals: GLM refuses more.
    Some((wanted.clamp(0.0, model.temperature_max) * 100.0).round() / 100.0)
}

/// Never both: Kimi refuses that.
fn thinking(model: &Model, wanted: Option<Effort>) -> (Option<ThinkingObject>, Option<&'static str>) {
    let Some(wanted) = wanted else { return (None, None) };
    if let Some(effort) = model.effort(wanted) {
        return (None, Some(effort.word()));
    }
    if model.thinking != Thinking::Switch {
        return (None, None);
    }
    let on = wanted > Effort::Minimal;
    (Some(ThinkingObject { r#type: if on { "enabled" } else { "disabled" } }), None)
}

#[cfg(test)]
mod tests;
