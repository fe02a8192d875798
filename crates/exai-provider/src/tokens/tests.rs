use super::*;

#[test]
fn a_text_has_more_tokens_the_longer_and_the_farther_from_ascii_it_is() {
    assert_eq!(["", "a", "seven c", "eight ch"].map(tokens), [0, 1, 2, 3]);
    assert_eq!(["世界", "世界 a", "naïve"].map(tokens), [2, 3, 3]);
    assert_eq!(message_tokens(""), 8);
    assert_eq!([0, 7, 6 * 1000].map(of_bytes), [0, 2, 1715], "2,000 characters of three bytes each");
}

#[test]
fn room_is_what_the_answer_leaves() {
    assert_eq!(room(0, 100), u64::MAX, "the provider judges");
    assert_eq!(room(1000, 0), 750, "a quarter at most");
    assert_eq!(room(1000, 100), 900, "no more than the model gives");
    assert_eq!(room(1_000_000, 0), 1_000_000 - 32_768, "no more than is asked for");
    assert_eq!(room_with_beginning(1000, 0), 938);
}
