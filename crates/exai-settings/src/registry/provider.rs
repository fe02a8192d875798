//! Settings that every provider has, and what is special about the built-in ones.

use std::time::Duration;

use super::{Preset, Reader, Row};
use crate::kind::Kind;
use crate::provider::{ChosenBy, Provider, StreamTimeout};
use crate::settings::Settings;
use crate::url;

use Preset::{Unset, Value};

/// A provider that needs no line in `EXAI_PROVIDERS`.
pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    pub(crate) rows: &'static [Special],
}

/// Where a built-in provider differs from the family.
pub(crate) struct Special {
    pub(crate) suffix: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) default: Option<&'static str>,
}

/// Read for built-in providers only; the others' address stands in `EXAI_PROVIDERS`. Tools of other makers set names such
/// as `OPENAI_BASE_URL` too, and a key must not be sent to their address.
pub(crate) const ADDRESS: &str = "BASE_URL";

pub(crate) const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "glm",
        rows: &[
            Special { suffix: "API_KEY", aliases: &["ZHIPUAI_API_KEY", "ZAI_API_KEY"], default: None },
            Special {
                suffix: "BASE_URL",
                aliases: &["GLM_API_URL", "ZHIPUAI_API_URL", "ZHIPUAI_BASE_URL"],
                default: Some("https://api.z.ai/api/paas/v4"),
            },
            Special { suffix: "MAX_CONCURRENCY", aliases: &["EXAI_WS_GLM_MAX_INFLIGHT"], default: None },
        ],
    },
    BuiltIn {
        name: "kimi",
        rows: &[
            Special { suffix: "API_KEY", aliases: &["MOONSHOT_API_KEY"], default: None },
            Special {
                suffix: "BASE_URL",
                aliases: &["KIMI_API_URL", "MOONSHOT_API_URL"],
                default: Some("https://api.moonshot.ai/v1"),
            },
            // Its models think longer before they write.
            Special {
                suffix: "STREAM_TIMEOUT",
                aliases: &["KIMI_STREAM_TIMEOUT_SECS"],
                default: Some("600s"),
            },
            Special { suffix: "CONNECT_TIMEOUT", aliases: &["KIMI_CONNECT_TIMEOUT_SECS"], default: None },
            Special { suffix: "MAX_CONCURRENCY", aliases: &["EXAI_WS_KIMI_MAX_INFLIGHT"], default: None },
        ],
    },
];

/// Shortest clock of a provider: below it a healthy network's own delays would count as faults.
const CLOCK_MIN: Duration = Duration::from_millis(100);
/// Longest: no call lives longer.
const CLOCK_MAX: Duration = Duration::from_secs(3600);

/// A cent, and far more than anybody wants to stop at, in billionths of a dollar.
const DAILY_MIN: u64 = 10_000_000;
const DAILY_MAX: u64 = 100_000 * 1_000_000_000;

const READERS: &[Reader] = &[Reader::Provider];

pub(crate) const FAMILY: &[Row<Provider>] = &[
    Row {
        name: "API_KEY",
        aliases: &[],
        default: Unset("none"),
        readers: READERS,
        kind: Kind::Secret { set: |provider, key| provider.key = Some(key) },
        doc: "Key of the account. It belongs into the daemon's env file, not into a host's configuration.",
    },
    Row {
        name: "BASE_URL",
        aliases: &[],
        default: Unset("the address in `EXAI_PROVIDERS`, which is the only place for it"),
        readers: READERS,
        kind: Kind::Url {
            check: url::base,
            what: "an address that begins with https:// or http://",
            set: |provider, url| provider.base_url = url,
        },
        doc: "Address of the API, without `/chat/completions`. The keys of z.ai and open.bigmodel.cn, and those of \
              api.moonshot.ai and api.moonshot.cn, are different accounts. An address without TLS (`http://`) is asked \
              directly: a proxy would read the key along.",
    },
    Row {
        name: "STREAM_TIMEOUT",
        aliases: &[],
        default: Value("300s"),
        readers: READERS,
        kind: Kind::Duration {
            min: CLOCK_MIN,
            max: CLOCK_MAX,
            set: |provider, after| provider.stream_timeout.after = after,
        },
        doc: "Age from which on an answer is cut as soon as it trickles: fewer than 20 characters in 30 s. A healthy answer \
              goes on, and so does a trickling one where no other model and no attempt is left, until 30 s bring nothing. \
              Where it is not set, a thinking model that has written nothing yet gets its own, longer time; \
              where it is set, it holds for every model.",
    },
    Row {
        name: "CONNECT_TIMEOUT",
        aliases: &[],
        default: Value("10s"),
        readers: READERS,
        kind: Kind::Duration {
            min: CLOCK_MIN,
            max: CLOCK_MAX,
            set: |provider, timeout| provider.connect_timeout = timeout,
        },
        doc: "Longest time to connect, TLS included.",
    },
    Row {
        name: "FIRST_EVENT_TIMEOUT",
        aliases: &[],
        default: Unset("by model"),
        readers: READERS,
        kind: Kind::Duration {
            min: CLOCK_MIN,
            max: CLOCK_MAX,
            set: |provider, timeout| provider.first_event_timeout = Some(timeout),
        },
        doc: "Longest time from the request to the first piece of the answer.",
    },
    Row {
        name: "IDLE_TIMEOUT",
        aliases: &[],
        default: Unset("by model"),
        readers: READERS,
        kind: Kind::Duration {
            min: CLOCK_MIN,
            max: CLOCK_MAX,
            set: |provider, timeout| provider.idle_timeout = Some(timeout),
        },
        doc: "Longest gap between two pieces of the answer. Comments and empty pieces don't count.",
    },
    Row {
        name: "MAX_CONCURRENCY",
        aliases: &[],
        default: Value("16"),
        readers: READERS,
        kind: Kind::Count {
            min: 1,
            max: 1000,
            unit: "requests",
            set: |provider, requests| provider.max_concurrency = requests,
        },
        doc: "Requests to this provider at once, at most; more wait their turn. Where it is set, as many are made from the start. \
              Where it is not, a model gets 4 at once (of `kimi` 1 until its first text), one more with every 20 answers, \
              and half as many after a rate limit. Accounts above the entry tier allow 50 and more; an entry account allows \
              as little as 1.",
    },
    Row {
        name: "RPM",
        aliases: &[],
        default: Unset("none"),
        readers: READERS,
        kind: Kind::Count {
            min: 1,
            max: 100_000,
            unit: "requests a minute",
            set: |provider, requests| provider.requests_per_minute = Some(requests),
        },
        doc: "Requests to this provider in any minute; more wait. For accounts with such a limit; most limit how many run at \
              once.",
    },
    Row {
        name: "TPM",
        aliases: &[],
        default: Unset("none"),
        readers: READERS,
        kind: Kind::Count {
            min: 1000,
            max: 1_000_000_000,
            unit: "tokens a minute",
            set: |provider, tokens| provider.tokens_per_minute = Some(tokens),
        },
        doc: "Tokens of this provider in any minute, those of question and answer together; more wait. Estimated before a \
              request, then corrected by what the provider counts.",
    },
    Row {
        name: "DAILY_USD",
        aliases: &[],
        default: Unset("no limit"),
        readers: READERS,
        kind: Kind::Amount {
            min: DAILY_MIN,
            max: DAILY_MAX,
            unit: "USD",
            set: |provider, amount| provider.daily_nano_usd = Some(amount),
        },
        doc: "The most that this provider may be paid on one day (UTC). Once so much is spent it is not asked any more until \
              midnight, and the next model answers. What runs at that moment runs to its end, so that a day can cost more by \
              the requests that are in flight. What a provider does not tell of its tokens is estimated. A model without a \
              price is not asked as long as this is set; prices are in the model catalogue.",
    },
];

impl Provider {
    /// A provider before its settings are read.
    pub(crate) fn blank(name: &str, base_url: &str) -> Self {
        Self {
            name: name.to_owned(),
            base_url: base_url.to_owned(),
            key: None,
            stream_timeout: StreamTimeout { after: Duration::ZERO, chosen_by: ChosenBy::Default },
            connect_timeout: Duration::ZERO,
            first_event_timeout: None,
            idle_timeout: None,
            max_concurrency: 1,
            concurrency_chosen_by: ChosenBy::Default,
            requests_per_minute: None,
            tokens_per_minute: None,
            daily_nano_usd: None,
        }
    }
}

pub(super) fn add(settings: &mut Settings, pairs: Vec<(String, String)>) {
    settings.providers.extend(pairs.iter().map(|(name, address)| Provider::blank(name, address)));
}
