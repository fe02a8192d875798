//! How providers differ, as data: one row each.

use std::ops::RangeInclusive;

use crate::cause::Cause;
use crate::config::ProviderConfig;
use crate::limit::Start;
use crate::prefix::Prefix;

/// Name of the field that bounds the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputField {
    /// `max_tokens`
    MaxTokens,
    /// `max_completion_tokens`
    MaxCompletionTokens,
}

/// How the usage of a stream is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamUsage {
    /// It comes by itself.
    Unasked,
    /// By `stream_options.include_usage`.
    Asked,
}

/// Whether requests carry an id of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestId {
    /// No such field.
    None,
    /// `request_id`, 6 to 64 characters, refused while another of the same id runs.
    Field,
}

/// Whether it can be asked which models it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelList {
    /// It has no such list.
    None,
    /// `GET /models`.
    Models,
}

/// Whether calls without a key make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyNeed {
    /// Never sent without one.
    Required,
    /// Local servers take none.
    Optional,
}

/// What is particular to a provider.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Domains that it is spoken at; none for the last row, which fits all.
    domains: &'static [&'static str],
    /// Name of the built-in provider that speaks it wherever its base URL leads: to a gateway, most likely.
    name: Option<&'static str>,
    pub(crate) key: KeyNeed,
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) output_field: OutputField,
    pub(crate) usage: StreamUsage,
    pub(crate) request_id: RequestId,
    pub(crate) list: ModelList,
    /// How it goes on from the beginning of an answer, unless the catalogue says otherwise of the model.
    pub(crate) prefix: Prefix,
    /// The clock of the moments in its messages, in hours east of Greenwich; `None`: it names none.
    pub(crate) hours_east: Option<u64>,
    /// Requests of a model that an account is trusted to take at a time.
    pub(crate) start: Start,
    /// Business codes, error types and status words, and what they mean. They beat the HTTP status.
    causes: &'static [(&'static str, Cause)],
    /// The same for whole ranges of codes.
    ranges: &'static [(RangeInclusive<u16>, Cause)],
}

impl Dialect {
    /// The row for a configured provider: by the host that it is at, since the name of an endpoint is the user's to choose;
    /// else, for the built-in ones, by name.
    pub(crate) fn of(provider: &ProviderConfig) -> &'static Self {
        let host = host(&provider.base_url).to_ascii_lowercase();
        let at_host = |row: &&Self| row.domains.iter().any(|domain| is_within(&host, domain));
        DIALECTS.iter().find(at_host).unwrap_or_else(|| Self::named(&provider.name))
    }

    /// The row of a built-in provider, else the one that fits all.
    pub(crate) fn named(provider: &str) -> &'static Self {
        DIALECTS.iter().find(|row| row.name == Some(provider)).unwrap_or(&COMPATIBLE)
    }

    /// What a business code, type or status word means.
    pub(crate) fn cause(&self, word: &str) -> Option<Cause> {
        let listed = self.causes.iter().find(|(known, _)| *known == word).map(|(_, cause)| *cause);
        let number: Option<u16> = word.parse().ok();
        let ranged =
            || number.and_then(|number| self.ranges.iter().find(|(range, _)| range.contains(&number)));
        listed.or_else(|| ranged().map(|(_, cause)| *cause))
    }
}

/// The host of an address, without user, port and path.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.split(':').next().unwrap_or_default()
}

/// Whether a host is the domain or one below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

const DIALECTS: &[Dialect] = &[
    Dialect {
        domains: &["z.ai", "bigmodel.cn"],
        name: Some("glm"),
        key: KeyNeed::Required,
        // Error texts in English on the international site.
        headers: &[("accept-language", "en-US,en")],
        usage: StreamUsage::Unasked,
        request_id: RequestId::Field,
        list: ModelList::None,
        // Its messages name no zone; Beijing's is assumed.
        hours_east: Some(8),
        causes: GLM_CAUSES,
        ranges: GLM_RANGES,
        ..COMPATIBLE
    },
    Dialect {
        domains: &["moonshot.ai", "moonshot.cn", "kimi.com", "kimi.ai"],
        name: Some("kimi"),
        key: KeyNeed::Required,
        output_field: OutputField::MaxCompletionTokens,
        prefix: Prefix::Partial,
        // An account of its lowest tier takes one, and says nothing of its tier.
        start: Start { untried: 1, tried: 4 },
        causes: KIMI_CAUSES,
        ..COMPATIBLE
    },
    Dialect { domains: &["deepseek.com"], prefix: Prefix::Beta, ..COMPATIBLE },
    Dialect { domains: &["mistral.ai"], prefix: Prefix::Prefix, ..COMPATIBLE },
    Dialect { domains: &["openai.com"], output_field: OutputField::MaxCompletionTokens, ..COMPATIBLE },
];

const COMPATIBLE: Dialect = Dialect {
    domains: &[],
    name: None,
    key: KeyNeed::Optional,
    headers: &[],
    output_field: OutputField::MaxTokens,
    usage: StreamUsage::Asked,
    request_id: RequestId::None,
    list: ModelList::Models,
    prefix: Prefix::None,
    hours_east: None,
    start: Start::at(4),
    causes: COMPATIBLE_CAUSES,
    ranges: &[],
};

/// GLM puts all kinds of trouble under HTTP 429; only the code tells them apart.
const GLM_CAUSES: &[(&str, Cause)] = &[
    ("1000", Cause::AuthDead),
    ("1001", Cause::AuthDead),
    ("1002", Cause::AuthDead),
    ("1003", Cause::AuthDead),
    ("1004", Cause::AuthDead),
    ("434", Cause::AuthDead),
    ("1220", Cause::AuthDead),
    ("1110", Cause::AccountDead),
    ("1111", Cause::AccountDead),
    ("1112", Cause::AccountDead),
    ("1113", Cause::AccountDead),
    ("1120", Cause::AccountDead),
    ("1121", Cause::AccountDead),
    ("1309", Cause::AccountDead),
    ("1313", Cause::AccountDead),
    ("1315", Cause::AccountDead),
    ("1210", Cause::BadRequest),
    ("1212", Cause::BadRequest),
    ("1213", Cause::BadRequest),
    ("1214", Cause::BadRequest),
    ("1215", Cause::BadRequest),
    ("1231", Cause::BadRequest),
    ("435", Cause::BadRequest),
    ("1211", Cause::ModelGone),
    ("1221", Cause::ModelGone),
    ("1222", Cause::ModelGone),
    ("1311", Cause::ModelGone),
    ("1261", Cause::ContextOverflow),
    ("1300", Cause::Policy),
    ("1301", Cause::Policy),
    ("1302", Cause::Rate),
    ("1303", Cause::Rate),
    ("1305", Cause::Rate),
    ("1304", Cause::Quota),
    ("1308", Cause::Quota),
    ("1310", Cause::Quota),
    ("1314", Cause::Quota),
    ("1316", Cause::Quota),
    ("1317", Cause::Quota),
    ("1318", Cause::Quota),
    ("1319", Cause::Quota),
    ("1320", Cause::Quota),
    ("1321", Cause::Quota),
    ("500", Cause::Server),
    ("1200", Cause::Server),
    ("1230", Cause::Server),
    ("1234", Cause::Server),
];

/// All that is wrong with files: too many, too large, of the wrong kind. Nobody else would take them either.
const GLM_RANGES: &[(RangeInclusive<u16>, Cause)] = &[(1400..=1499, Cause::BadRequest)];

/// Kimi tells by the error's type; its 429 has three. `invalid_request_error` says no more than its status.
const KIMI_CAUSES: &[(&str, Cause)] = &[
    ("content_filter", Cause::Policy),
    ("invalid_authentication_error", Cause::AuthDead),
    ("incorrect_api_key_error", Cause::AuthDead),
    ("permission_denied_error", Cause::AccountDead),
    ("resource_not_found_error", Cause::ModelGone),
    ("engine_overloaded_error", Cause::Rate),
    ("rate_limit_reached_error", Cause::Rate),
    ("exceeded_current_quota_error", Cause::AccountDead),
    ("client_closed_request", Cause::Server),
    ("server_error", Cause::Server),
    ("unexpected_output", Cause::Server),
    ("server_unavailable", Cause::Server),
];

/// Words that OpenAI, and those who imitate it, use as code, type or status. `invalid_request_error` is not among them: some
/// send it with every error, and the status says more.
const COMPATIBLE_CAUSES: &[(&str, Cause)] = &[
    ("insufficient_quota", Cause::AccountDead),
    ("billing_hard_limit_reached", Cause::AccountDead),
    ("permission_error", Cause::AccountDead),
    ("PERMISSION_DENIED", Cause::AccountDead),
    ("invalid_api_key", Cause::AuthDead),
    ("authentication_error", Cause::AuthDead),
    ("UNAUTHENTICATED", Cause::AuthDead),
    ("model_not_found", Cause::ModelGone),
    ("not_found_error", Cause::ModelGone),
    ("context_length_exceeded", Cause::ContextOverflow),
    ("content_filter", Cause::Policy),
    ("content_policy_violation", Cause::Policy),
    ("rate_limit_exceeded", Cause::Rate),
    ("rate_limit_error", Cause::Rate),
    ("overloaded_error", Cause::Rate),
    ("RESOURCE_EXHAUSTED", Cause::Rate),
    ("UNAVAILABLE", Cause::Server),
    ("INTERNAL", Cause::Server),
    ("server_error", Cause::Server),
];

#[cfg(test)]
mod tests;
