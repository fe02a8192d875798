#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;

fn cut(reads: &[&[u8]]) -> Vec<Input> {
    let mut lines = Lines::default();
    let mut inputs: Vec<Input> = reads.iter().flat_map(|read| lines.take(read)).flatten().collect();
    inputs.extend(lines.end().into_iter().flatten());
    inputs
}

#[test]
fn whole_lines_pass_together_and_halves_wait() {
    assert_eq!(
        cut(&[b"{\"a\":1}\n{\"b\":", b"2}", b"\n", b"{}"]),
        [
            Input::Lines(b"{\"a\":1}\n".to_vec()),
            Input::Lines(b"{\"b\":2}\n".to_vec()),
            Input::Lines(b"{}".to_vec())
        ]
    );
}

#[test]
fn a_line_of_the_limit_passes_and_one_byte_more_is_skipped_to_its_end() {
    let mut line = vec![b'x'; LINE_BYTES_MAX];
    line.push(b'\n');
    let reads: Vec<&[u8]> = line.chunks(READ_BYTES).collect();
    let inputs = cut(&reads);
    assert!(matches!(inputs.as_slice(), [Input::Lines(lines)] if lines.len() == LINE_BYTES_MAX + 1));

    line.insert(0, b'y');
    line.extend_from_slice(b"{}\n");
    let reads: Vec<&[u8]> = line.chunks(READ_BYTES).collect();
    let inputs = cut(&reads);
    let [Input::Overlong { head, bytes }, Input::Lines(lines)] = inputs.as_slice() else {
        panic!("an over-long line and a line")
    };
    assert_eq!((head.len(), *bytes), (HEAD_BYTES, LINE_BYTES_MAX as u64 + 1));
    assert_eq!(head[0], b'y');
    assert_eq!(lines, b"{}\n");
}

#[test]
fn the_length_of_an_overlong_line_does_not_count_its_end() {
    let mut lines = Lines::default();
    let chunk = vec![b'z'; READ_BYTES];
    for _ in 0..(LINE_BYTES_MAX / READ_BYTES) + 4 {
        assert_eq!(lines.take(&chunk), [None, None]);
    }
    let [Some(Input::Overlong { bytes, .. }), None] = lines.take(b"zz\n") else { panic!("it ends") };
    assert_eq!(bytes, (LINE_BYTES_MAX + 4 * READ_BYTES + 2) as u64);
}

#[test]
fn the_end_of_input_in_the_middle_of_an_overlong_line_still_tells_of_it() {
    let line = vec![b'x'; LINE_BYTES_MAX + 1];
    let inputs = cut(&[&line]);
    assert!(
        matches!(inputs.as_slice(), [Input::Overlong { bytes, .. }] if *bytes == LINE_BYTES_MAX as u64 + 1)
    );
}
