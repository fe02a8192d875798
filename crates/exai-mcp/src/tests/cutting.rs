//! Results that a line can't hold.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::world::{World, modern, tool_call};
use crate::cut;
use crate::{Answer, CUT_META_KEY, LINE_OUT_BYTES_MAX};

const MIB: usize = 1 << 20;

fn answered(result: &Value) -> (usize, Value) {
    let mut world = World::unchecked();
    let key = world.call(&modern(tool_call(&json!("id")))).key;
    world.answer(key, result);
    let line = world.texts().remove(0);
    assert!(line.len() < LINE_OUT_BYTES_MAX);
    (line.len(), serde_json::from_str::<Value>(&line).unwrap())
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[test]
fn what_fits_is_untouched() {
    let whole = "x".repeat(LINE_OUT_BYTES_MAX - 1000);
    let (_, answer) = answered(&json!({"content": [text(&whole)]}));
    assert_eq!(answer["result"]["content"][0]["text"].as_str().unwrap().len(), whole.len());
    assert!(answer["result"]["_meta"][CUT_META_KEY].is_null());
}

#[test]
fn a_long_text_keeps_head_and_tail_and_says_so() {
    let long = format!("HEAD{}TAIL", "ä".repeat(5 * MIB));
    let result = json!({"content": [text(&long), text("model: m")], "isError": true, "_meta": {"dev.exai/route": 1},
        "structuredContent": {"text": long}});
    let (bytes, answer) = answered(&result);
    assert!(bytes > LINE_OUT_BYTES_MAX - MIB, "cut to {bytes}");
    let result = &answer["result"];
    let cut = result["content"][0]["text"].as_str().unwrap();
    assert!(cut.starts_with("HEAD") && cut.ends_with("TAIL") && cut.contains("bytes left out here"));
    assert_eq!((&result["content"][1]["text"], &result["isError"]), (&json!("model: m"), &json!(true)));
    assert_eq!((&result["_meta"]["dev.exai/route"], result.get("structuredContent")), (&json!(1), None));
    assert!(result["_meta"][CUT_META_KEY]["left_out"].as_u64().unwrap() > 0);
}

#[test]
fn a_cut_falls_between_characters_and_escapes_at_any_length() {
    const BUDGET: usize = 20 << 10;
    for unit in ["x", "ä", "€", "𝄞", "\\u0001", "\\\"", "\\n", "\\ud834\\udd1e", "\\uD834\\uDD1E"] {
        for lead in 0..unit.len() {
            let inner = format!("{}{}", "x".repeat(lead), unit.repeat(40_000 / unit.len()));
            let whole = format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"{inner}\"}}]}}");
            let short = cut::shorten(&RawValue::from_string(whole).unwrap(), BUDGET).unwrap();
            let value: Value = serde_json::from_str(short.get()).unwrap();
            let kept = value["content"][0]["text"].as_str().unwrap();
            assert!(
                short.get().len() <= BUDGET && short.get().len() > BUDGET * 3 / 4,
                "{unit} {}",
                short.get().len()
            );
            assert!(kept.contains("bytes left out here"));
        }
    }
}

#[test]
fn parts_that_can_not_be_cut_are_left_out_and_counted() {
    let image = json!({"type": "image", "data": "A".repeat(9 * MIB), "mimeType": "image/png"});
    let (_, answer) = answered(&json!({"content": [image, text("after"), image]}));
    let content = answer["result"]["content"].as_array().unwrap();
    assert_eq!((content.len(), &content[0]["text"]), (2, &json!("after")));
    assert!(content[1]["text"].as_str().unwrap().contains("2 more parts"));
}

#[test]
fn a_crowd_of_small_parts_is_cut_too() {
    let (_, answer) = answered(&json!({"content": vec![text(&"x".repeat(100)); 100_000]}));
    assert!(answer["result"]["content"].as_array().unwrap().len() > 40_000);
}

#[test]
fn fields_without_measure_do_not_break_the_line() {
    let huge = "x".repeat(9 * MIB);
    let (_, answer) = answered(&json!({"content": [text("kept")], "_meta": {"k": huge}, "other": huge}));
    assert_eq!(answer["result"]["content"][0]["text"], "kept");
    let (_, answer) = answered(&json!({"resultType": "task", "other": huge}));
    assert_eq!(answer["error"]["code"], -32603);
}

#[test]
fn a_long_error_is_shortened() {
    let mut world = World::unchecked();
    let key = world.call(&tool_call(&json!(1))).key;
    let data = Some(super::world::raw(&json!("d".repeat(9 * MIB))));
    world.engine.answer(world.now, key, Answer::Error { code: 1, message: "m".repeat(9 * MIB), data });
    assert_eq!(world.only()["error"]["message"].as_str().unwrap().len(), 4096);
}
