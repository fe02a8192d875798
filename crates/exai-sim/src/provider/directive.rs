//! Scripts inside prompts, so that tests of whole processes need no side channel.
//!
//! A directive is `[[sim: word …]]`, `[[sim NAME: …]]`, `[[sim N: …]]` or `[[sim NAME N: …]]`: NAME is the first path
//! segment of the request, N says "only for the N-th request with this prompt" (from 1). The first that fits counts.
//!
//! | word | effect |
//! |---|---|
//! | `delay=2s` | silence before the headers |
//! | `chunks=10`, `reasoning=5`, `gap=100ms` | deltas of content, deltas of reasoning before them, time between |
//! | `width=BYTES` | fewest bytes of a delta; `width=512 gap=10ms` is 5 KiB each 100 ms |
//! | `overlap=CHARS`, `anew`, `anew="…"` | what a client gets that goes on from a beginning: the end of it once more, or the whole answer, behind a greeting |
//! | `text="…"`, `model=NAME`, `shape=glm`/`kimi` | what the chunks carry |
//! | `finish=length`, `no-finish`, `no-done`, `done=bare`, `framing=close` | how they end |
//! | `write-each`, `bytes=1` | one write for each event (otherwise many where there is no gap), most bytes a write |
//! | `after=3` | the fault of the same directive comes after three events (otherwise right after the headers) |
//! | `stall`, `role-only`, `comments`, `blank`, `trickle` | faults that never end |
//! | `pause=5s`, `malformed=1`, `huge=BYTES`, `nothing=N` | faults after which the stream goes on |
//! | `cut=fin`, `cut=close`, `cut=rst`, `error-chunk=CODE` | faults that end the stream |
//! | `status=429`, `code=1302`, `type=NAME`, `message="…"`, `retry-after=5` | an error in GLM's (`code`) or Kimi's (`type`) shape |
//! | `fixture=glm/plain` | a response byte for byte ([`super::fixtures`]); of the words above go with it `delay`, `bytes` (of each write), `gap` (between writes), `framing`, and for its end `stall`, `cut=fin`, `cut=rst`, `cut=close` |
//! | `framing=length`, `framing=chunked`, `only=BYTES` | of a fixture: how its end is marked, so many bytes of it |
//! | `json`, `html`, `empty`, `hang`, `close=fin`, `close=rst` | other responses than a stream |

use std::time::Duration;

use anyhow::Context as _;

use super::{
    Cut, Cuts, Done, ErrorReply, Fault, FaultKind, Framing, GoingOn, Raw, RawEnd, RawFraming, Reply, Script,
    Shape, Stream, Writes, fixtures,
};

/// The script for the `nth` request (from 1) with this prompt to the provider `name`; `None`: no directive fits.
///
/// # Errors
/// A directive that fits holds a word that is none, or a value that can't be read.
pub fn script_in(prompt: &str, name: &str, nth: u64) -> anyhow::Result<Option<Script>> {
    let mut rest = prompt;
    while let Some((_, from)) = rest.split_once("[[sim") {
        let Some((directive, after)) = from.split_once("]]") else { break };
        rest = after;
        let Some((selector, words)) = directive.split_once(':') else { continue };
        if fits(selector, name, nth) {
            return parse(words).map(Some);
        }
    }
    Ok(None)
}

fn fits(selector: &str, name: &str, nth: u64) -> bool {
    selector.split_whitespace().all(|word| match word.parse::<u64>() {
        Ok(number) => number == nth,
        Err(_) => word == name,
    })
}

/// Reads the words of one directive.
///
/// # Errors
/// A word is none, or a value can't be read.
pub fn parse(words: &str) -> anyhow::Result<Script> {
    let mut draft = Draft::default();
    for word in split_words(words) {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (word.as_str(), None),
        };
        draft.take(key, value)?;
    }
    draft.finish()
}

/// Words are separated by blanks; double quotes keep blanks together and are dropped.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A directive half read: words come in any order, so what belongs together is put together at the end.
#[derive(Default)]
struct Draft {
    delay: Duration,
    stream: Stream,
    after: u64,
    fault: Option<FaultKind>,
    reply: Option<Reply>,
    error: ErrorWords,
    fixture: FixtureWords,
}

/// What only fixtures have.
#[derive(Default)]
struct FixtureWords {
    raw: Option<Raw>,
    framing: Option<RawFraming>,
    only: Option<usize>,
}

#[derive(Default)]
struct ErrorWords {
    status: Option<u16>,
    code: Option<String>,
    kind: Option<String>,
    message: Option<String>,
    retry_after: Option<String>,
}

impl Draft {
    fn take(&mut self, key: &str, value: Option<&str>) -> anyhow::Result<()> {
        if let Some(value) = value {
            return self.take_pair(key, value);
        }
        match key {
            "no-finish" => self.stream.finish = None,
            "anew" => self.stream.going_on = GoingOn::Anew(String::new()),
            "write-each" => self.stream.writes = Writes::EachEvent,
            "no-done" => self.stream.done = Done::Omitted,
            "stall" => self.fault = Some(FaultKind::Stall),
            "role-only" => self.fault = Some(FaultKind::RoleOnly),
            "comments" => self.fault = Some(FaultKind::Comments),
            "blank" => self.fault = Some(FaultKind::BlankLines),
            "trickle" => self.fault = Some(FaultKind::Trickle),
            "malformed" => self.fault = Some(FaultKind::Malformed(1)),
            "json" => self.reply = Some(Reply::Json),
            "html" => self.reply = Some(Reply::Error(ErrorReply::html())),
            "empty" => self.reply = Some(Reply::Error(ErrorReply::empty())),
            "hang" => self.reply = Some(Reply::Hang),
            _ => anyhow::bail!("simulated provider: no directive is called {key:?}"),
        }
        Ok(())
    }

    fn take_pair(&mut self, key: &str, value: &str) -> anyhow::Result<()> {
        match key {
            "delay" => self.delay = duration(value)?,
            "after" => self.after = value.parse()?,
            "pause" => self.fault = Some(FaultKind::Pause(duration(value)?)),
            "malformed" => self.fault = Some(FaultKind::Malformed(value.parse()?)),
            "huge" => self.fault = Some(FaultKind::Huge(value.parse()?)),
            "nothing" => self.fault = Some(FaultKind::Nothing(value.parse()?)),
            "error-chunk" => self.fault = Some(FaultKind::ErrorChunk(value.into())),
            "cut" => self.take_cut(value)?,
            "close" => self.reply = Some(Reply::Close(cut(value)?)),
            "status" => self.error.status = Some(value.parse()?),
            "code" => self.error.code = Some(value.into()),
            "type" => self.error.kind = Some(value.into()),
            "message" => self.error.message = Some(value.into()),
            "retry-after" => self.error.retry_after = Some(value.into()),
            "fixture" => {
                let raw = fixtures::fixture(value);
                self.fixture.raw =
                    Some(raw.with_context(|| format!("simulated provider: no fixture {value:?}"))?);
            }
            "only" => self.fixture.only = Some(value.parse()?),
            "framing" => self.take_framing(value)?,
            _ => self.take_stream(key, value)?,
        }
        Ok(())
    }

    fn take_stream(&mut self, key: &str, value: &str) -> anyhow::Result<()> {
        let stream = &mut self.stream;
        match (key, value) {
            ("chunks", _) => stream.chunks = value.parse()?,
            ("reasoning", _) => stream.reasoning = value.parse()?,
            ("width", _) => stream.width = value.parse()?,
            ("overlap", _) => stream.going_on = GoingOn::Overlap(value.parse()?),
            ("anew", _) => stream.going_on = GoingOn::Anew(value.into()),
            ("gap", _) => stream.gap = duration(value)?,
            ("text", _) => stream.text = Some(value.into()),
            ("model", _) => stream.model = Some(value.into()),
            ("shape", "glm") => stream.shape = Some(Shape::Glm),
            ("shape", "kimi") => stream.shape = Some(Shape::Kimi),
            ("finish", _) => stream.finish = Some(value.into()),
            ("done", "bare") => stream.done = Done::Bare,
            ("bytes", _) => stream.piece = Some(value.parse()?),
            _ => anyhow::bail!("simulated provider: no directive reads {key}={value}"),
        }
        Ok(())
    }

    fn take_framing(&mut self, value: &str) -> anyhow::Result<()> {
        match value {
            "close" => self.stream.framing = Framing::CloseDelimited,
            "length" => self.fixture.framing = Some(RawFraming::Length),
            "chunked" => self.fixture.framing = Some(RawFraming::Chunked),
            _ => {
                anyhow::bail!("simulated provider: a body ends by close, length or chunked, not by {value:?}")
            }
        }
        Ok(())
    }

    fn take_cut(&mut self, value: &str) -> anyhow::Result<()> {
        if value == "close" {
            self.stream.framing = Framing::CloseDelimited;
        }
        let cut = if value == "close" { Cut::Fin } else { cut(value)? };
        self.fault = Some(FaultKind::Cut(cut));
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<Script> {
        if let Some(raw) = self.fixture.raw.take() {
            return Ok(Script { delay: self.delay, reply: Reply::Raw(self.played(raw)?) });
        }
        if self.fixture.framing.is_some() || self.fixture.only.is_some() {
            anyhow::bail!("simulated provider: `only` and this framing are for fixtures");
        }
        let reply = self.error.reply().or(self.reply.take());
        let reply = reply.unwrap_or_else(|| {
            self.stream.fault = self.fault.map(|kind| Fault { after: self.after, kind });
            Reply::Stream(self.stream)
        });
        Ok(Script { delay: self.delay, reply })
    }

    /// The fixture as the other words say.
    fn played(&self, mut raw: Raw) -> anyhow::Result<Raw> {
        if self.stream.framing == Framing::CloseDelimited {
            raw.framing = RawFraming::Close;
        }
        raw.framing = self.fixture.framing.unwrap_or(raw.framing);
        raw.cuts = self.stream.piece.map_or(Cuts::None, Cuts::Every);
        raw.gap = self.stream.gap;
        raw.end = match self.fault {
            None => RawEnd::Clean,
            Some(FaultKind::Stall) => RawEnd::Stall,
            Some(FaultKind::Cut(cut)) => RawEnd::Cut(cut),
            Some(_) => anyhow::bail!("simulated provider: a fixture ends by stall or cut"),
        };
        if let Some(part) = self.fixture.only.and_then(|only| raw.bytes.get(..only)) {
            raw.bytes = part.into();
        }
        Ok(raw)
    }
}

impl ErrorWords {
    fn reply(&self) -> Option<Reply> {
        let status = self.status?;
        let message = self.message.as_deref().unwrap_or("simulated error");
        let mut reply = match (&self.code, &self.kind) {
            (_, Some(kind)) => ErrorReply::kimi(status, kind, message),
            (code, None) => ErrorReply::glm(status, code.as_deref().unwrap_or("500"), message),
        };
        if let Some(after) = &self.retry_after {
            reply.headers.push(("retry-after".into(), after.clone()));
        }
        Some(Reply::Error(reply))
    }
}

fn cut(value: &str) -> anyhow::Result<Cut> {
    match value {
        "fin" => Ok(Cut::Fin),
        "rst" => Ok(Cut::Rst),
        _ => anyhow::bail!("simulated provider: a connection ends by fin or rst, not by {value:?}"),
    }
}

/// Reads `250us`, `100ms`, `2s` or `1m`.
///
/// # Errors
/// The text is no whole number with one of these units.
pub fn duration(text: &str) -> anyhow::Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse()?;
    match text.strip_prefix(digits) {
        Some("us") => Ok(Duration::from_micros(number)),
        Some("ms") => Ok(Duration::from_millis(number)),
        Some("s") => Ok(Duration::from_secs(number)),
        Some("m") => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => anyhow::bail!("{text:?} is no duration: write 250us, 100ms, 2s or 1m"),
    }
}

#[cfg(test)]
mod tests;
