//! The tools of this program, for people at a terminal: what there is, and what a call takes.

use std::fmt::Write as _;

use exai_shim::nearest;
use serde_json::{Map, Value};

/// One tool.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// Its name.
    pub(crate) name: String,
    about: String,
    arguments: Map<String, Value>,
    required: Vec<String>,
}

/// All tools of this release.
pub(crate) fn tools() -> Vec<Tool> {
    let all: Vec<Value> = serde_json::from_str(exai_tools::catalogue_json().get()).unwrap_or_default();
    all.iter().map(Tool::of).collect()
}

/// The tools, a line each.
pub(crate) fn list(tools: &[Tool]) -> String {
    let mut text = String::from("Tools (`exai tools TOOL` shows what one takes):\n");
    for tool in tools {
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {:<11} {}", tool.name, first_sentence(&tool.about));
    }
    text
}

/// The tool of that name.
///
/// # Errors
/// A sentence, with all names.
pub(crate) fn find<'a>(tools: &'a [Tool], name: &str) -> Result<&'a Tool, String> {
    tools.iter().find(|tool| tool.name == name).ok_or_else(|| {
        let near = meant(name, tools.iter().map(|tool| tool.name.as_str()));
        format!("there is no tool `{name}`{near}\n{}", list(tools).trim_end())
    })
}

impl Tool {
    fn of(tool: &Value) -> Self {
        let text =
            |pointer: &str| tool.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let required = tool.pointer("/inputSchema/required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let properties = tool.pointer("/inputSchema/properties").and_then(Value::as_object);
        Self {
            name: text("/name"),
            about: text("/description"),
            required: names.map(str::to_owned).collect(),
            arguments: properties.cloned().unwrap_or_default(),
        }
    }

    /// What it does and what it takes.
    pub(crate) fn page(&self) -> String {
        let mut text = format!("{}: {}\n", self.name, self.about);
        if self.arguments.is_empty() {
            text.push_str("\nIt takes no arguments.\n");
            return text;
        }
        text.push_str("\nArguments (key=text, key:=json, key=@path):\n");
        for (name, schema) in &self.arguments {
            let field = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
            let needed = if self.required.contains(name) { ", required" } else { "" };
            let _ = writeln!(text, "  {name} ({}{needed})", field("type"));
            let _ = writeln!(text, "      {}", field("description"));
            if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
                let words: Vec<String> = choices.iter().map(Value::to_string).collect();
                let _ = writeln!(text, "      one of {}", words.join(", "));
            }
        }
        text
    }

    /// Everything that is wrong with the names of these arguments, in one sentence; `None`: nothing.
    pub(crate) fn complaint(&self, given: &Map<String, Value>) -> Option<String> {
        let known = || self.arguments.keys().map(String::as_str);
        let unknown = given.keys().filter(|name| !self.arguments.contains_key(*name));
        let mut wrong: Vec<String> =
            unknown.map(|name| format!("`{name}` is unknown{}", meant(name, known()))).collect();
        let missing = self.required.iter().filter(|name| !given.contains_key(*name));
        wrong.extend(missing.map(|name| format!("`{name}` is missing")));
        (!wrong.is_empty()).then(|| {
            let takes: Vec<&str> = known().collect();
            let takes = if takes.is_empty() { "nothing".to_owned() } else { takes.join(", ") };
            format!("{}; {} takes {takes} (`exai tools {}`)", wrong.join("; "), self.name, self.name)
        })
    }
}

fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end()
}
