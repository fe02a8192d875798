//! Daemon and models.

use std::time::Duration;

use super::{Preset, Reader, Row};
use crate::kind::{self, Choice, Kind, Relative};
use crate::settings::{Discovery, Fallback, Settings};
use crate::url;

use Preset::{Unset, Value};
use Reader::{Daemon, Provider};

pub(super) const DAEMON: &[Row<Settings>] = &[
    Row {
        name: "EXAI_WS_SESSION_MAX_INFLIGHT",
        aliases: &[],
        default: Value("64"),
        readers: &[Daemon],
        kind: Kind::Count {
            min: 1,
            max: 1000,
            unit: "calls",
            set: |settings, calls| settings.daemon.session_in_flight = calls,
        },
        doc: "Calls of one host that are with a provider at once; more wait their turn. A host that sends many agents out \
              calls dozens of times at once. While there is another provider that has a key, one never takes the last 4, or of few a quarter.",
    },
    Row {
        name: "EXAI_WS_GLOBAL_MAX_INFLIGHT",
        aliases: &[],
        default: Value("256"),
        readers: &[Daemon],
        kind: Kind::Count {
            min: 1,
            max: 10_000,
            unit: "calls",
            set: |settings, calls| settings.daemon.global_in_flight = calls,
        },
        doc: "Calls that are with a provider at once, all hosts and providers together; more wait their turn. Room for four \
              hosts at their full width; the providers' own limits bind sooner. The last 4 are kept for each other provider \
              that has a key, or of few a quarter.",
    },
    Row {
        name: "EXAI_QUEUE_MAX",
        aliases: &[],
        default: Value("1024"),
        readers: &[Daemon],
        kind: Kind::Count {
            min: 1,
            max: 100_000,
            unit: "calls",
            set: |settings, calls| settings.daemon.queue = calls,
        },
        doc: "Calls that wait for their turn, all hosts together; further ones wait in their shims. As many as one host can \
              have open. While there is another provider that has a key, at most three quarters of all places and of these \
              wait for one, three quarters of which may be one host's; a further call is told at once that it is busy, and \
              asks another where it may.",
    },
    Row {
        name: "EXAI_DRAIN_GRACE",
        aliases: &[],
        default: Value("8s"),
        readers: &[Daemon],
        kind: Kind::Duration {
            min: Duration::ZERO,
            max: Duration::from_secs(3600),
            set: |settings, grace| settings.daemon.drain_grace = grace,
        },
        doc: "How long calls in flight may go on after the daemon is told to end. Docker kills 10 s after its signal; with a \
              longer grace set `stop_grace_period` to 2 s more.",
    },
    Row {
        name: "EXAI_IDLE_EXIT",
        aliases: &[],
        default: Value("3600s"),
        readers: &[Daemon],
        kind: Kind::DurationOrOff {
            min: Duration::from_secs(1),
            max: Duration::from_secs(30 * 86_400),
            set: |settings, idle| settings.daemon.idle_exit = idle,
        },
        doc: "A daemon that a shim has started ends after this long without sessions and calls. One started by hand or in a \
              container goes on.",
    },
    Row {
        name: "EXAI_ALLOWED_ORIGINS",
        aliases: &[],
        default: Unset("none"),
        readers: &[Daemon],
        kind: Kind::Words {
            item: url::origin,
            what: "exact origins such as https://example.org",
            set: |settings, origins| settings.daemon.allowed_origins = origins,
        },
        doc: "Browser origins that may connect. All others are refused, so that a web page can't spend your money.",
    },
];

pub(super) const MODELS: &[Row<Settings>] = &[
    Row {
        name: "EXAI_DEFAULT_MODEL",
        aliases: &["DEFAULT_MODEL"],
        default: Unset("the first listed model of the first provider that has what it needs"),
        readers: &[Provider],
        kind: Kind::Word { set: |settings, model| settings.models.default = Some(model) },
        doc: "Model that answers when a call names none: an id, an alias, or `provider/model` where it is not listed.",
    },
    Row {
        name: "EXAI_FALLBACK",
        aliases: &["FALLBACK_ON_FAILURE"],
        default: Value("chain"),
        readers: &[Provider],
        kind: Kind::Choice(&[
            Choice {
                word: "off",
                also: &["false", "0", "no", "never"],
                set: |settings| settings.models.fallback = Fallback::Off,
            },
            Choice { word: "family", also: &[], set: |settings| settings.models.fallback = Fallback::Family },
            Choice {
                word: "chain",
                also: &["true", "1", "yes", "on"],
                set: |settings| settings.models.fallback = Fallback::Chain,
            },
        ]),
        doc: "Whether another model may answer for one that fails: none, one of the same provider, or one of any. Never for \
              a model that the call names, unless the call has `fallback: true`; with `off`, not even then. Every answer \
              says who gave it.",
    },
    Row {
        name: "EXAI_CHAIN",
        aliases: &[],
        default: Unset("the order of the model catalogue"),
        readers: &[Provider],
        kind: Kind::Words {
            item: kind::model,
            what: "names of models",
            set: |settings, chain| settings.models.chain = chain,
        },
        doc: "Models that are tried in this order when `EXAI_FALLBACK` is `chain`.",
    },
    Row {
        name: "EXAI_MODELS_FILE",
        aliases: &[],
        default: Unset("the built-in catalogue alone"),
        readers: &[Provider],
        kind: Kind::Path {
            relative: Relative::Refused,
            set: |settings, path| settings.models.catalogue_file = Some(path),
        },
        doc: "A model catalogue that is laid over the built-in one: ids, aliases, context, output limit, clocks. docs/models.md \
              describes it.",
    },
    Row {
        name: "EXAI_DISCOVER_MODELS",
        aliases: &[],
        default: Value("on"),
        readers: &[Provider],
        kind: Kind::Choice(&[
            Choice {
                word: "on",
                also: &["true", "1", "yes"],
                set: |settings| settings.models.discovery = Discovery::On,
            },
            Choice {
                word: "off",
                also: &["false", "0", "no", "never"],
                set: |settings| settings.models.discovery = Discovery::Off,
            },
        ]),
        doc: "Whether providers are asked which models they have (`GET /models`, free): soon after the start, daily, and when \
              one says that it does not serve a model. docs/models.md says what becomes of it.",
    },
    Row {
        name: "EXAI_PROVIDERS",
        aliases: &[],
        default: Unset("GLM and Kimi alone"),
        readers: &[Provider],
        kind: Kind::Providers { set: super::provider::add },
        doc: "Further OpenAI-compatible endpoints, such as `local=http://127.0.0.1:11434/v1`. Each name brings the \
              settings of a provider with it: the key of `local` goes into `LOCAL_API_KEY`; a server that takes none needs none. \
              Its models are asked for as `local/<model>`, by name or in `EXAI_DEFAULT_MODEL`, or listed in the file of \
              `EXAI_MODELS_FILE`. Peculiarities of GLM, Kimi, DeepSeek, Mistral and OpenAI are known by the host of the \
              address, whatever the name.",
    },
];
