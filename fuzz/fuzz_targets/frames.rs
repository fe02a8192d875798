//! Frames between shim and daemon: whatever text comes, decoding ends; what was understood is understood again after
//! encoding, with every field that it had.

#![no_main]

use std::fmt::Debug;

use exai_wire::{DaemonFrame, FrameError, ShimFrame};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// Fields that pass as they are.
const RAW: [&str; 7] = ["params", "trace", "result", "error", "body", "tools", "data"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    check(text, ShimFrame::decode, ShimFrame::encode);
    check(text, DaemonFrame::decode, DaemonFrame::encode);
});

fn check<F: Debug>(text: &str, decode: fn(&str) -> Result<Option<F>, FrameError>, encode: fn(&F) -> String) {
    let Ok(Some(frame)) = decode(text) else { return };
    let written = encode(&frame);
    let again = decode(&written).expect("what was encoded can be decoded").expect("and is of a known type");
    assert_eq!(encode(&again), written, "of {text}");
    assert_eq!(format!("{again:?}"), format!("{frame:?}"), "of {text}");
    // Values have no numbers beyond f64 and no lone surrogates; raw fields do.
    let (Ok(Value::Object(asked)), Ok(Value::Object(kept))) =
        (serde_json::from_str(text), serde_json::from_str(&written))
    else {
        return;
    };
    same(&asked, &kept);
}

/// What `kept` says is what `asked` said, or its default.
fn same(asked: &Map<String, Value>, kept: &Map<String, Value>) {
    for (name, kept) in kept {
        match (asked.get(name), kept) {
            (Some(asked), kept) if RAW.contains(&name.as_str()) => assert_eq!(asked, kept, "{name}"),
            // Ids are written in lower case, codes of later releases as one.
            (Some(Value::String(asked)), Value::String(kept)) => {
                assert!(kept == "other" || asked.eq_ignore_ascii_case(kept), "{name}: {asked} became {kept}");
            }
            (Some(asked @ (Value::Number(_) | Value::Bool(_))), kept) => assert_eq!(asked, kept, "{name}"),
            (Some(Value::Object(asked)), Value::Object(kept)) => same(asked, kept),
            (Some(Value::Array(asked)), Value::Array(kept)) => assert_eq!(asked.len(), kept.len(), "{name}"),
            // Absent fields have defaults; serde takes structs as arrays and unit variants as objects too.
            _ => {}
        }
    }
}
