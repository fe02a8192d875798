use super::*;

#[test]
fn amounts_are_read_and_written_exactly() {
    let cases = [
        ("5", 5 * ONE, "5"),
        ("0.5", ONE / 2, "0.5"),
        ("012.50", 12 * ONE + ONE / 2, "12.5"),
        ("100000", 100_000 * ONE, "100000"),
        ("0.000000001", 1, "0.000000001"),
        ("0", 0, "0"),
    ];
    for (text, amount, shown) in cases {
        assert_eq!(parse(text), Some(amount), "{text}");
        assert_eq!(write(amount), shown);
    }
}

#[test]
fn what_is_no_amount_is_none() {
    for text in [
        "",
        ".5",
        "5.",
        "-1",
        "+1",
        "1e3",
        "1,5",
        "$5",
        "5 USD",
        "1.0000000001",
        "99999999999999999999",
        "5.+1",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}
