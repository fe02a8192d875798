use super::*;

/// 2026-08-27, 10:00 UTC, which is 18:00 in Beijing.
const WALL: Duration = Duration::from_secs(1_787_824_800);

fn until(sentence: &str) -> Option<String> {
    reset_time(sentence, 8, WALL).map(|until| told(until, 8))
}

#[test]
fn both_languages_are_read() {
    for sentence in [
        "Usage limit reached for 5 hour. Your limit will reset at 2026-08-27 21:31:39",
        "Usage limit reached for 5 hour. Your limit will reset at 2026-08-27 21:31:39.",
        "已达到 5 小时的使用上限。您的限额将在 2026-08-27 21:31:39 重置。",
        "您的限额将在2026-08-27 21:31重置。",
        "It RESETS AT 2026/08/27T21:31",
    ] {
        assert_eq!(until(sentence).as_deref(), Some("21:31 UTC+8 on 2026-08-27"), "{sentence}");
    }
}

#[test]
fn the_zone_counts() {
    let moment = |hours_east| reset_time("reset at 2026-08-27 21:31:39", hours_east, WALL);
    assert_eq!(moment(8), Some(Duration::from_secs(1_787_837_499)));
    assert_eq!(moment(0).map(|until| told(until, 0)).as_deref(), Some("21:31 UTC on 2026-08-27"));
    let midnight = reset_time("reset at 2026-08-28 02:00:00", 8, WALL);
    assert_eq!(midnight.map(|until| told(until, 0)).as_deref(), Some("18:00 UTC on 2026-08-27"));
}

#[test]
fn what_has_passed_or_is_absurd_is_no_reset_time() {
    for sentence in [
        "reset at 2026-08-27 17:59:59",
        "reset at 2026-08-27 18:00:00",
        "reset at 2026-09-30 18:00:00",
        "reset at 9999-01-01 00:00:00",
        "reset at 2026-13-01 00:00:00",
        "reset at 2026-08-28",
        "reset at noon",
        "reset at",
        "2026-08-27 21:31:39",
        "",
    ] {
        assert_eq!(until(sentence), None, "{sentence}");
    }
    assert!(until("reset at 2026-09-28 17:59:00").is_some());
}
