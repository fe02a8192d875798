//! Names that the predecessor read, or shipped and never read, and that have no successor to be an old name of.

/// Why a name is not read any more.
pub(crate) struct Retired {
    /// A name that ends with `*` stands for all that begin so.
    pub(crate) names: &'static [&'static str],
    pub(crate) scope: Scope,
    /// What to do instead.
    pub(crate) instead: &'static str,
}

/// Where a name is surely meant for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nobody else uses it.
    Anywhere,
    /// Others use it too: only in our own env file.
    OwnFile,
}

/// The retired setting of this name.
pub(crate) fn find(name: &str) -> Option<&'static Retired> {
    let is = |listed: &str| match listed.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == listed,
    };
    RETIRED.iter().find(|retired| retired.names.iter().any(|listed| is(listed)))
}

const fn ours(names: &'static [&'static str], instead: &'static str) -> Retired {
    Retired { names, scope: Scope::Anywhere, instead }
}

const fn common(names: &'static [&'static str], instead: &'static str) -> Retired {
    Retired { names, scope: Scope::OwnFile, instead }
}

pub(crate) const RETIRED: &[Retired] = &[
    ours(
        &["EXAI_WS_SKIP_HEALTH_CHECK"],
        "not used; take it out: the health file informs people only, and no connection waits for it",
    ),
    ours(
        &[
            "SIMPLE_TOOL_TIMEOUT_SECS",
            "WORKFLOW_TOOL_TIMEOUT_SECS",
            "EXPERT_ANALYSIS_TIMEOUT_SECS",
            "THINKDEEP_EXPERT_TIMEOUT_SECS",
            "EX_TOOL_TIMEOUT_SECONDS",
            "EXAI_WS_CALL_TIMEOUT",
            "EXAI_SHIM_RPC_TIMEOUT",
            "EXAI_SHIM_ACK_GRACE_SECS",
            "FALLBACK_ATTEMPT_TIMEOUT_SECS",
            "EX_HTTP_TIMEOUT_SECONDS",
        ],
        "not used; set EXAI_CALL_TIMEOUT, the one deadline from which every wait inside a call is derived",
    ),
    common(
        &["REQUEST_TIMEOUT"],
        "not used; set EXAI_CALL_TIMEOUT, the one deadline from which every wait inside a call is derived",
    ),
    common(
        &["MAX_RETRIES"],
        "not used; a model step makes 3 requests at most, and each is stated in the answer",
    ),
    ours(
        &["GLM_TIMEOUT_SECS", "GLM_MF_CHAT_TIMEOUT_SECS", "GLM_SESSION_TIMEOUT"],
        "not used; set EXAI_CALL_TIMEOUT for the whole call, GLM_STREAM_TIMEOUT for a trickling answer, or GLM_IDLE_TIMEOUT for \
         the longest gap",
    ),
    ours(
        &[
            "KIMI_TIMEOUT_SECS",
            "KIMI_READ_TIMEOUT_SECS",
            "KIMI_CHAT_TOOL_TIMEOUT_SECS",
            "KIMI_CHAT_TOOL_TIMEOUT_WEB_SECS",
            "KIMI_MF_CHAT_TIMEOUT_SECS",
            "KIMI_SESSION_TIMEOUT",
        ],
        "not used; set EXAI_CALL_TIMEOUT for the whole call, KIMI_STREAM_TIMEOUT for a trickling answer, or KIMI_IDLE_TIMEOUT \
         for the longest gap",
    ),
    ours(
        &["KIMI_WRITE_TIMEOUT_SECS", "KIMI_POOL_TIMEOUT_SECS"],
        "not used; sending a request counts towards KIMI_FIRST_EVENT_TIMEOUT",
    ),
    common(
        &["CUSTOM_CONNECT_TIMEOUT", "CUSTOM_READ_TIMEOUT", "CUSTOM_WRITE_TIMEOUT", "CUSTOM_POOL_TIMEOUT"],
        "not used; name the endpoint in EXAI_PROVIDERS=custom=<address>; its clocks are CUSTOM_CONNECT_TIMEOUT, \
         CUSTOM_FIRST_EVENT_TIMEOUT, CUSTOM_IDLE_TIMEOUT and CUSTOM_STREAM_TIMEOUT",
    ),
    common(
        &["CUSTOM_API_URL", "CUSTOM_API_KEY"],
        "not used as it is; set EXAI_PROVIDERS=custom=<address>, and CUSTOM_API_KEY is its key",
    ),
    common(
        &["CUSTOM_MODEL_NAME"],
        "not used; set EXAI_DEFAULT_MODEL, and describe the model in the file that EXAI_MODELS_FILE names",
    ),
    common(
        &["OPENROUTER_API_KEY"],
        "not used as it is; set EXAI_PROVIDERS=openrouter=https://openrouter.ai/api/v1, and this is its key",
    ),
    ours(
        &["KIMI_WEB_SEARCH_TIMEOUT_SECS", "GLM_WEBSEARCH_TIMEOUT_SECS"],
        "not used; no tool searches the web",
    ),
    ours(
        &["GLM_ENABLE_WEB_BROWSING", "KIMI_ENABLE_INTERNET_SEARCH", "EX_WEBSEARCH_DEFAULT_ON"],
        "not used; no tool searches the web",
    ),
    ours(
        &[
            "KIMI_FILES_UPLOAD_TIMEOUT_SECS",
            "KIMI_FILES_FETCH_TIMEOUT_SECS",
            "GLM_FILE_UPLOAD_TIMEOUT_SECS",
            "FILE_UPLOAD_TIMEOUT_SECS",
            "FILECACHE_ENABLED",
            "FILECACHE_PATH",
            "FILECACHE_TTL_SECS",
        ],
        "not used; files travel inside the request and nothing is uploaded; EXAI_FILE_ROOTS says what may be read",
    ),
    ours(
        &[
            "EXAI_WS_CONNECT_TIMEOUT",
            "EXAI_WS_HANDSHAKE_TIMEOUT",
            "EXAI_WS_HELLO_TIMEOUT",
            "EXAI_WS_PING_VALIDATION_TIMEOUT",
            "EXAI_WS_PING_INTERVAL",
            "EXAI_WS_PING_TIMEOUT",
        ],
        "not used; life signs belong to the session protocol, so that both ends agree on them; nothing is to be set",
    ),
    ours(&["EXAI_SESSION_ID", "MCP_SERVER_ID"], "not used; every shim makes its own random identity"),
    ours(&["EXAI_WS_MAX_BYTES"], "not used; both ends take 16 MiB from a host and send at most 8 MiB to it"),
    ours(
        &["EXAI_WS_PROGRESS_INTERVAL_SECS"],
        "not used; progress is sent every 5 s, which every host surveyed can live with",
    ),
    ours(
        &[
            "EXAI_WS_RESULT_TTL",
            "EXAI_WS_INFLIGHT_TTL_SECS",
            "EXAI_WS_RETRY_AFTER_SECS",
            "EXAI_WS_DISABLE_COALESCE_FOR_TOOLS",
        ],
        "not used; each call has its own key, and calls that merely look alike are never merged",
    ),
    ours(&["EXAI_WS_COMPAT_TEXT", "EX_ENSURE_NONEMPTY_FIRST"], "not used; every answer begins with its text"),
    common(
        &[
            "SESSION_TIMEOUT_SECS",
            "SESSION_MAX_CONCURRENT",
            "SESSION_CLEANUP_INTERVAL",
            "SESSION_MAX_CONCURRENT_PER_CONVERSATION",
            "USE_PER_SESSION_SEMAPHORES",
        ],
        "not used; a session ends with its shim; EXAI_WS_SESSION_MAX_INFLIGHT bounds its calls",
    ),
    ours(
        &["EXAI_HEALTH_WRITER_INTERVAL", "EXAI_SEMAPHORE_HEALTH_CHECK_INTERVAL"],
        "not used; the health file is written every 2 s and on every change",
    ),
    common(&["SEMANTIC_CACHE_*"], "not used; an answer is never taken from another call"),
    common(
        &["MESSAGE_BUS_*", "SUPABASE_*"],
        "not used; answers are sent whole, and nothing is kept elsewhere",
    ),
    common(
        &["CIRCUIT_BREAKER_*"],
        "not used; after failures a provider or a model is paused and tried again by itself, and EXAI_FALLBACK says who answers instead",
    ),
    ours(
        &[
            "KIMI_PREFERRED_MODELS",
            "GLM_PREFERRED_MODELS",
            "KIMI_THINKING_MODEL",
            "KIMI_DEFAULT_MODEL",
            "KIMI_SPEED_MODEL",
            "KIMI_QUALITY_MODEL",
            "GLM_SPEED_MODEL",
            "GLM_QUALITY_MODEL",
        ],
        "not used; set EXAI_DEFAULT_MODEL, and EXAI_CHAIN for the order of the others",
    ),
    ours(
        &["GLM_ALLOWED_MODELS", "KIMI_ALLOWED_MODELS"],
        "not used; the file that EXAI_MODELS_FILE names says which models there are",
    ),
    common(
        &["CUSTOM_ALLOWED_MODELS", "OPENROUTER_ALLOWED_MODELS"],
        "not used; the file that EXAI_MODELS_FILE names says which models there are",
    ),
    ours(
        &["GLM_STREAM_ENABLED", "KIMI_STREAM_ENABLED", "GLM_TOOL_STREAM_ENABLED"],
        "not used; exai always streams from the provider, since only a stream shows that it lives",
    ),
    ours(&["KIMI_EXTRACT_REASONING"], "not used; reasoning is always read, as a sign of life"),
    ours(
        &["KIMI_MAX_OUTPUT_TOKENS", "GLM_MAX_OUTPUT_TOKENS"],
        "not used; each model's own limit stands in the model catalogue, which EXAI_MODELS_FILE can change",
    ),
    common(
        &["DEFAULT_MAX_OUTPUT_TOKENS", "ENFORCE_MAX_TOKENS"],
        "not used; each model's own limit stands in the model catalogue, which EXAI_MODELS_FILE can change",
    ),
    common(
        &["ALLOWED_PROVIDERS", "DISABLED_PROVIDERS"],
        "not used; a provider takes part when its key is set: leave the key out",
    ),
    common(
        &["LEAN_MODE", "LEAN_TOOLS", "STRICT_LEAN", "DISABLED_TOOLS", "ENABLED_TOOLS", "TOOL_PROFILE"],
        "not used; the tools are few, and all are listed",
    ),
    common(
        &[
            "CONVERSATION_TIMEOUT_HOURS",
            "MAX_CONVERSATION_TURNS",
            "CONVERSATION_STORAGE_BACKEND",
            "REDIS_URL",
        ],
        "not used; the daemon keeps conversations itself, within fixed bounds",
    ),
    ours(
        &["EX_SESSION_SCOPE_STRICT", "EX_SESSION_SCOPE_ALLOW_CROSS_SESSION"],
        "not used; a conversation is found by its id",
    ),
    common(&["JWT_SECRET_KEY"], "not used; set EXAI_WS_TOKEN"),
];

#[cfg(test)]
mod tests;
