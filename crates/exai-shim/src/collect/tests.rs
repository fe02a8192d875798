#![allow(clippy::unwrap_used)]

use super::*;

fn read(params: &str) -> Result<(CallId, Option<Duration>), String> {
    collect_arguments(&RawValue::from_string(params.to_owned()).unwrap())
}

#[test]
fn arguments_of_collect_are_read_as_models_write_them() {
    let id = CallId::from_bytes([0xab; 16]);
    let with = |rest: &str| read(&format!(r#"{{"arguments":{{"call_id":" {id} "{rest}}}}}"#)).unwrap();
    assert_eq!(with(""), (id, None));
    assert_eq!(with(r#","wait_s":null"#), (id, None));
    for wait in ["1.5", r#""1.5""#, r#"" 1.5 ""#] {
        assert_eq!(with(&format!(r#","wait_s":{wait}"#)), (id, Some(Duration::from_millis(1500))), "{wait}");
    }
    assert_eq!(with(r#","wait_s":-1"#), (id, Some(Duration::ZERO)));
}

#[test]
fn what_is_wrong_is_told_in_words_of_the_tool() {
    for params in ["{}", r#"{"arguments":{}}"#, r#"{"arguments":null}"#, r#"{"arguments":{"call_id":null}}"#]
    {
        let sentence = read(params).unwrap_err();
        assert!(
            sentence.contains("needs the argument call_id") && !sentence.contains("line 1"),
            "{sentence}"
        );
    }
    assert!(read(r#"{"arguments":{"call_id":5}}"#).unwrap_err().starts_with("`collect`: "));
    let id = CallId::from_bytes([1; 16]);
    let soon = read(&format!(r#"{{"arguments":{{"call_id":"{id}","wait_s":"soon"}}}}"#));
    assert!(soon.unwrap_err().contains("wait_s is a number"));
}
