use serde_json::value::RawValue;

use super::{Entry, FilesArgument};

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn paths(json: &str) -> Option<Vec<String>> {
    let params = raw(json);
    let found = FilesArgument::find(&params, "files").unwrap()?;
    Some(found.entries.iter().map(Entry::shown).collect())
}

#[test]
fn only_the_argument_is_replaced() {
    let json = r#"{ "z":1.0000000000000000000001,"_meta":{"files":["/no"]},
        "arguments" : {"big":123456789012345678901234567890, "f\u0069les" :  [ "/a" ] ,"x":"\u00e9"}, "name":"chat"}"#;
    let params = raw(json);
    let found = FilesArgument::find(&params, "files").unwrap().unwrap();
    let replaced = found.replaced_by(&["!"]).unwrap();
    assert_eq!(replaced.get(), json.replace(r#"[ "/a" ]"#, r#"["!"]"#));
}

#[test]
fn equal_text_elsewhere_is_not_mistaken_for_the_argument() {
    let json = r#"{"arguments":{"copy":["/a"],"files":["/a"],"more":["/a"]}}"#;
    let params = raw(json);
    let replaced = FilesArgument::find(&params, "files").unwrap().unwrap().replaced_by(&[0]).unwrap();
    assert_eq!(replaced.get(), r#"{"arguments":{"copy":["/a"],"files":[0],"more":["/a"]}}"#);
}

#[test]
fn paths_come_in_every_form_that_hosts_send() {
    for json in [r#"{"arguments":{"files":["/a","/b"]}}"#, r#"{"arguments":{"files":"[\"/a\", \"/b\"]"}}"#] {
        assert_eq!(paths(json).unwrap(), ["/a", "/b"], "{json}");
    }
    assert_eq!(paths(r#"{"arguments":{"files":"/a"}}"#).unwrap(), ["/a"]);
    assert!(paths(r#"{"arguments":{"files":" "}}"#).unwrap().is_empty());
    assert!(paths(r#"{"arguments":{"files":[]}}"#).unwrap().is_empty());
}

#[test]
fn calls_without_files_are_left_alone() {
    for json in [
        "{}",
        "[]",
        "7",
        r#"{"arguments":[]}"#,
        r#"{"arguments":{"x":1}}"#,
        r#"{"arguments":{"files":null}}"#,
    ] {
        assert_eq!(paths(json), None, "{json}");
    }
}

#[test]
fn a_value_of_another_type_is_refused() {
    for value in ["7", "true", r#"{"path":"/a"}"#] {
        let params = raw(&format!(r#"{{"arguments":{{"files":{value}}}}}"#));
        let sentence = FilesArgument::find(&params, "files").unwrap_err().to_string();
        assert!(sentence.contains("array of absolute paths") && sentence.contains(value), "{sentence}");
    }
}
