//! What a call asks for: its params say how long it takes.

use std::time::Duration;

use exai_session::CallClass;
use exai_wire::Class;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The tools of this world.
#[derive(Debug)]
pub(crate) struct Tools;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) pieces: u32,
    gap: u64,
}

impl Script {
    pub(crate) fn read(params: &RawValue) -> Self {
        let unknown = Self { name: String::new(), pieces: 0, gap: 0 };
        serde_json::from_str(params.get()).unwrap_or(unknown)
    }

    pub(crate) fn gap(&self) -> Duration {
        Duration::from_millis(self.gap)
    }

    pub(crate) fn params(class: Class, question: u64, pieces: u64, gap: u64) -> String {
        let name = match class {
            Class::Metered => "chat",
            Class::Effect => "write",
            Class::Pure => "look",
        };
        format!(r#"{{"name":"{name}","q":{question},"pieces":{pieces},"gap":{gap}}}"#)
    }
}

impl CallClass for Tools {
    fn class(&self, method: &str, params: &RawValue) -> Result<Class, String> {
        if method != "tools/call" {
            return Err(format!("unknown method {method}"));
        }
        Ok(match Script::read(params).name.as_str() {
            "chat" => Class::Metered,
            "write" => Class::Effect,
            _ => Class::Pure,
        })
    }

    fn tool(&self, params: &RawValue) -> String {
        Script::read(params).name
    }
}
