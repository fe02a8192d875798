use super::*;

#[test]
fn the_shape_stays_and_what_is_said_does_not() {
    let piece = br#"{"id":"a1","choices":[{"delta":{"content":"My key is sk-Secret_9 \u00e9"#;
    assert_eq!(sample(piece), r#"{"id":"x0","choices":[{"delta":{"content":"xx xxx xx xx-xxxxxx_0 \x00x0"#);
    assert_eq!(sample("<html>Überlastet 世界 7\n\u{200b}".as_bytes()), "<html>xxxxxxxxxx xx 0..");
}

#[test]
fn any_bytes_give_a_short_line() {
    assert_eq!(sample(b""), "");
    assert_eq!(sample(&[0xff, 0, b'a', 0xc3]), "..x.");
    assert_eq!(sample(&vec![b'y'; 5 << 20]), "x".repeat(BYTES));
}
