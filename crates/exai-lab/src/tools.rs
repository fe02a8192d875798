//! Tools that only tests have.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, Instant};

use exai_provider::BoxFuture;
use exai_tools::{Class, CustomTool, Outcome, ToolContext, ToolResult};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

/// Appends a line to a file, after a while: an effect whose every run can be counted.
pub struct WriteLine;

/// Keeps a thread busy without ever giving it back: what a badly written tool does to everything on its runtime.
pub struct Hog;

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Arguments {
    path: String,
    line: String,
    ms: u64,
    end: String,
}

fn arguments(raw: &RawValue) -> Arguments {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

fn definition(name: &str, description: &str) -> Box<RawValue> {
    let tool = json!({
        "name": name,
        "title": name,
        "description": description,
        "inputSchema": { "type": "object" },
    });
    to_raw_value(&tool).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

impl CustomTool for WriteLine {
    fn name(&self) -> &str {
        "write_line"
    }

    fn class(&self) -> Class {
        Class::Effect
    }

    fn definition(&self) -> Box<RawValue> {
        definition(self.name(), "Appends `line` to the file `path`, `ms` milliseconds before it ends.")
    }

    fn run<'a>(&'a self, raw: &'a RawValue, context: &'a ToolContext<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let Arguments { path, line, ms, .. } = arguments(raw);
            if let Err(denied) = context.call.gate.begin(None, "world", "file", 0).await {
                return ToolResult::text(Outcome::Error, &format!("not written: {denied}"));
            }
            let written = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .and_then(|mut file| writeln!(file, "{line}"));
            tokio::time::sleep(Duration::from_millis(ms)).await;
            match written {
                Ok(()) => ToolResult::text(Outcome::Ok, &format!("wrote {line}")),
                Err(error) => ToolResult::text(Outcome::Error, &format!("{path}: {error}")),
            }
        })
    }
}

impl CustomTool for Hog {
    fn name(&self) -> &str {
        "hog"
    }

    fn class(&self) -> Class {
        Class::Metered
    }

    fn definition(&self) -> Box<RawValue> {
        definition(
            self.name(),
            "Computes for `ms` milliseconds without a pause; `end` may be abort (of the process) or panic.",
        )
    }

    fn run<'a>(&'a self, raw: &'a RawValue, _context: &'a ToolContext<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let Arguments { ms, end, .. } = arguments(raw);
            let until = Instant::now() + Duration::from_millis(ms);
            let mut turns = 0_u64;
            while Instant::now() < until {
                turns = std::hint::black_box(turns.wrapping_add(1));
            }
            match end.as_str() {
                "abort" => std::process::abort(),
                #[expect(clippy::panic, reason = "what a tool must not do, and does")]
                "panic" => panic!("a tool that panics"),
                _ => {}
            }
            ToolResult::text(Outcome::Ok, &format!("{turns} turns"))
        })
    }
}
