//! Why an attempt did not bring the answer: one closed set that drives retry, fallback and what people read.

/// Which clock ended a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallClock {
    /// No content, reasoning or tool call came at all.
    FirstEvent,
    /// They stopped coming.
    Idle,
    /// Past the stream timeout, too few characters came in the window.
    Trickle,
    /// As `Trickle`, at the point from which the time left is kept for the next candidate.
    Reserve,
}

impl StallClock {
    /// What people read.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::FirstEvent => "no text came",
            Self::Idle => "text stopped coming",
            Self::Trickle => "past the stream timeout, too little text came in the window",
            Self::Reserve => "too little came, and the time left is kept for the next model",
        }
    }
}

/// What came besides text since the last of it, where a clock ended a stream: whether the provider still lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Besides {
    /// Not a byte.
    Nothing,
    /// The head of the answer.
    Head,
    /// Comments, blanks, or chunks without text.
    KeepAlives,
}

impl Besides {
    /// What people read.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Nothing => "nothing else came either",
            Self::Head => "only the head of the answer did",
            Self::KeepAlives => "blanks or keep-alives did",
        }
    }
}

/// Why an attempt did not bring the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No connection; nothing was sent.
    Connect,
    /// The name could not be resolved; nothing was sent.
    Dns,
    /// TLS failed; nothing was sent.
    Tls,
    /// Trouble on the provider's side.
    Server,
    /// Too many requests at the moment.
    Rate,
    /// A quota is used up until a reset.
    Quota,
    /// The key is refused.
    AuthDead,
    /// The account can't be used (no money, locked, wrong product).
    AccountDead,
    /// The provider does not serve this model.
    ModelGone,
    /// The catalogue says that nobody serves this model any more; nothing was sent.
    Retired,
    /// More than the model's context.
    ContextOverflow,
    /// The request is wrong; sending it again or elsewhere helps nobody.
    BadRequest,
    /// The provider's content rules.
    Policy,
    /// Success without content or tool call.
    EmptyAnswer,
    /// A clock ended the stream.
    Stall(StallClock),
    /// The stream broke or ended without its end mark.
    Cut,
    /// Not the format that was agreed on.
    Malformed,
    /// More than is taken of any answer.
    TooLarge,
    /// The body is compressed, although that was ruled out.
    Encoded,
    /// A page instead of an answer: of a gateway, or of whoever is at the base URL.
    Page,
    /// Success without an answer, or a redirect: no model API is at the base URL.
    WrongAddress,
    /// The call's time is over.
    Deadline,
    /// No free place within the wait for one.
    Busy,
    /// The most that the provider may be paid for a day is reached; nothing was sent.
    Budget,
    /// There is such a limit, and the model has no price to be counted with; nothing was sent.
    Unpriced,
    /// Paused after failures: not asked.
    Open,
    /// The gate gave no attempt.
    Denied(crate::gate::Denied),
    /// No key is set.
    NoKey,
    /// No configured provider knows the model.
    UnknownModel,
}

/// Every cause; which denial it was makes no difference to its word.
pub(crate) const ALL: [Cause; 32] = [
    Cause::Connect,
    Cause::Dns,
    Cause::Tls,
    Cause::Server,
    Cause::Rate,
    Cause::Quota,
    Cause::AuthDead,
    Cause::AccountDead,
    Cause::ModelGone,
    Cause::Retired,
    Cause::ContextOverflow,
    Cause::BadRequest,
    Cause::Policy,
    Cause::EmptyAnswer,
    Cause::Stall(StallClock::FirstEvent),
    Cause::Stall(StallClock::Idle),
    Cause::Stall(StallClock::Trickle),
    Cause::Stall(StallClock::Reserve),
    Cause::Cut,
    Cause::Malformed,
    Cause::TooLarge,
    Cause::Encoded,
    Cause::Page,
    Cause::WrongAddress,
    Cause::Deadline,
    Cause::Busy,
    Cause::Budget,
    Cause::Unpriced,
    Cause::Open,
    Cause::Denied(crate::gate::Denied::Over),
    Cause::NoKey,
    Cause::UnknownModel,
];

/// What people read for a [`Cause::code`]; other words as they are.
pub fn words(code: &str) -> &str {
    Cause::of(code).map_or(code, |cause| cause.words())
}

/// What the loop does next on the same candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Never.
    No,
    /// At once, so many times.
    AtOnce(u32),
    /// After a rising pause, so many times.
    Backoff(u32),
    /// As `Backoff`; while another candidate is left, only after a failure that came at once. An address that swallows
    /// what is sent to it costs the whole connect timeout each time, and swallows the next attempt too.
    BackoffIfAtOnce(u32),
    /// After the provider's wish or the pauses of a rate limit.
    Rate,
    /// At once and once, with the earlier turns mended, where the provider names a fault of theirs that can be.
    Mended,
    /// Only where no other candidate is left, so many times. A stall has cost minutes of the call already, and what
    /// hung once mostly hangs again: another model brings an answer sooner than the same one would. Without
    /// another, asking once more is the only chance left.
    IfLast(u32),
}

/// Whether the next candidate is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The call ends here.
    No,
    /// Any.
    Any,
    /// Only one with a larger context.
    LargerContext,
}

impl Cause {
    /// The cause with this [`Cause::code`].
    pub(crate) fn of(code: &str) -> Option<Self> {
        ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// Stable word for logs, health and metadata.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Server => "server",
            Self::Rate => "rate",
            Self::Quota => "quota",
            Self::AuthDead => "auth_dead",
            Self::AccountDead => "account_dead",
            Self::ModelGone => "model_gone",
            Self::Retired => "retired",
            Self::ContextOverflow => "context_overflow",
            Self::BadRequest => "bad_request",
            Self::Policy => "policy",
            Self::EmptyAnswer => "empty_answer",
            Self::Stall(StallClock::FirstEvent) => "stall_first_event",
            Self::Stall(StallClock::Idle) => "stall_idle",
            Self::Stall(StallClock::Trickle) => "stall_trickle",
            Self::Stall(StallClock::Reserve) => "stall_reserve",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Encoded => "encoded",
            Self::Page => "page",
            Self::WrongAddress => "wrong_address",
            Self::Deadline => "deadline",
            Self::Busy => "busy",
            Self::Budget => "budget",
            Self::Unpriced => "unpriced",
            Self::Open => "open",
            Self::Denied(_) => "denied",
            Self::NoKey => "no_key",
            Self::UnknownModel => "unknown_model",
        }
    }

    /// What people read.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Dns => "host name not found",
            Self::Tls => "no secure connection",
            Self::Server => "server error",
            Self::Rate => "rate limit",
            Self::Quota => "quota used up",
            Self::AuthDead => "key refused",
            Self::AccountDead => "account refused",
            Self::ModelGone => "model not served there",
            Self::Retired => "retired model",
            Self::ContextOverflow => "more than its context holds",
            Self::BadRequest => "request refused",
            Self::Policy => "refused by its content rules",
            Self::EmptyAnswer => "empty answer",
            Self::Stall(StallClock::FirstEvent) => "no text came",
            Self::Stall(StallClock::Idle) => "text stopped coming",
            Self::Stall(StallClock::Trickle) => "text came too slowly",
            Self::Stall(StallClock::Reserve) => "too little text in its time",
            Self::Cut => "stream broke off",
            Self::Malformed => "unreadable answer",
            Self::TooLarge => "too large an answer",
            Self::Encoded => "compressed answer",
            Self::Page => "a page instead of an answer",
            Self::WrongAddress => "no model API at its address",
            Self::Deadline => "time was over",
            Self::Busy => "no free place",
            Self::Budget => "daily limit reached",
            Self::Unpriced => "price not known",
            Self::Open => "paused after failures",
            Self::Denied(_) => "not begun",
            Self::NoKey => "no key",
            Self::UnknownModel => "unknown model",
        }
    }

    /// Whether asking the same again later may well succeed without anybody changing anything.
    pub const fn is_retryable(self) -> bool {
        match self {
            // Each call that is made again may be billed three times more.
            Self::Denied(denied) => !matches!(denied, crate::gate::Denied::Exhausted),
            Self::Connect
            | Self::Dns
            | Self::Tls
            | Self::Server
            | Self::Rate
            | Self::Quota
            | Self::EmptyAnswer
            | Self::Stall(_)
            | Self::Cut
            | Self::Malformed
            | Self::Page
            | Self::Busy
            | Self::Budget
            | Self::Open
            | Self::Deadline => true,
            _ => false,
        }
    }

    /// Whether the provider may charge for a request that ended so before any delta came. A refused connection
    /// and a refusal before generation cost nothing.
    pub(crate) const fn may_be_billed(self) -> bool {
        matches!(
            self,
            Self::Server
                | Self::Policy
                | Self::EmptyAnswer
                | Self::Stall(_)
                | Self::Cut
                | Self::Malformed
                | Self::TooLarge
                | Self::Encoded
                | Self::Deadline
        )
    }

    /// Whether the provider itself came to an end, after which it makes nothing more of an answer.
    pub(crate) const fn is_an_end(self) -> bool {
        matches!(self, Self::Server | Self::Policy | Self::EmptyAnswer | Self::Malformed)
    }

    /// Whether both are of one kind, whichever clock or refusal it was.
    pub(crate) fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    pub(crate) const fn again(self) -> Again {
        match self {
            Self::Connect | Self::Dns | Self::Tls => Again::BackoffIfAtOnce(2),
            Self::Server | Self::Page => Again::Backoff(2),
            Self::Rate => Again::Rate,
            Self::EmptyAnswer | Self::Cut | Self::Malformed => Again::AtOnce(1),
            Self::Stall(_) => Again::IfLast(1),
            Self::BadRequest => Again::Mended,
            _ => Again::No,
        }
    }

    pub(crate) const fn next(self) -> Next {
        match self {
            Self::BadRequest
            | Self::Policy
            | Self::TooLarge
            | Self::Deadline
            | Self::Denied(_)
            | Self::UnknownModel => Next::No,
            Self::ContextOverflow => Next::LargerContext,
            _ => Next::Any,
        }
    }
}

#[cfg(test)]
mod tests;
