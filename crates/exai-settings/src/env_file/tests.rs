use proptest::prelude::*;

use super::{BYTES_MAX, Fault, parse};

fn assigned(text: &[u8]) -> Vec<(usize, String, String)> {
    let (assignments, faults) = parse(text);
    assert_eq!(faults, []);
    assignments.into_iter().map(|one| (one.line, one.name, one.raw)).collect()
}

fn faults(text: &[u8]) -> Vec<(Option<usize>, Option<String>)> {
    parse(text).1.into_iter().map(|Fault { line, setting, .. }| (line, setting)).collect()
}

fn row(line: usize, name: &str, raw: &str) -> (usize, String, String) {
    (line, name.to_owned(), raw.to_owned())
}

#[test]
fn lines_of_every_shape() {
    let text = "\u{feff}# first\r\nA=1\r\n\r\n  export B = two\n\texport\tC=\n#D=4\nE==x=y\nexportF=6\n  # last\nG=7";
    let expected = [
        row(2, "A", "1"),
        row(4, "B", " two"),
        row(5, "C", ""),
        row(7, "E", "=x=y"),
        row(8, "exportF", "6"),
        row(10, "G", "7"),
    ];
    assert_eq!(assigned(text.as_bytes()), expected);
    assert_eq!(assigned(b""), []);
}

#[test]
fn a_bad_line_costs_only_itself() {
    let text = b"A=1\nKIMI_API_KEY sk-abc\nB=2\n=3\n1X=4\nMY-NAME=5\nC=\xff\xfe\nsk-0123456789\nD=4\nhunter\nglm-api-kye: x";
    let (assignments, _) = parse(text);
    assert_eq!(assignments.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["A", "B", "D"]);
    let expected = [
        (Some(2), Some("KIMI_API_KEY".to_owned())),
        (Some(4), None),
        (Some(5), None),
        (Some(6), None),
        (Some(7), None),
        (Some(8), None),
        (Some(10), None),
        (Some(11), Some("GLM_API_KEY".to_owned())),
    ];
    assert_eq!(faults(text), expected);
}

#[test]
fn faults_of_the_whole_file() {
    assert_eq!(faults(b"\xff\xfeA\0=\x001\0"), [(None, None)]);
    assert_eq!(faults(&vec![b'#'; BYTES_MAX + 1]), [(None, None)]);
    assert_eq!(faults(&vec![b'#'; BYTES_MAX]), []);
}

proptest! {
    #[test]
    fn what_is_written_is_read(lines in prop::collection::vec(("[A-Za-z_][A-Za-z0-9_]{0,20}", "[^\\s][^\r\n]{0,30}[^\\s]"), 0..20)) {
        let text: String = lines.iter().map(|(name, raw)| format!("{name}={raw}\n")).collect();
        let read: Vec<_> = assigned(text.as_bytes()).into_iter().map(|(_, name, raw)| (name, raw)).collect();
        prop_assert_eq!(read, lines);
    }

    #[test]
    fn nothing_makes_it_panic(bytes in any::<Vec<u8>>()) {
        let _ = parse(&bytes);
    }
}
