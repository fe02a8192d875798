use super::*;

#[test]
fn a_day_or_a_month_is_read_and_written_alike() {
    for (text, when) in [("2026-05-25", "on 2026-05-25"), ("2026-12", "in 2026-12")] {
        let day = Day::try_from(text.to_owned()).unwrap();
        assert_eq!((day.to_string().as_str(), day.when().as_str()), (text, when));
    }
}

#[test]
fn what_is_no_day_is_refused() {
    for text in [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-1",
        "2026-12-",
        "2026-12-32",
        "2026-12-31-1",
        "+026-12",
        "soon",
    ] {
        let error = Day::try_from(text.to_owned()).unwrap_err();
        assert!(error.to_string().contains("2026-12-31"), "{error}");
    }
}
