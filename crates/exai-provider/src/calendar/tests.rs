use proptest::prelude::*;

use super::*;

fn moment(year: u64, month: u64, day: u64, hour: u64, minute: u64, second: u64) -> Date {
    Date { year, month, day, hour, minute, second }
}

#[test]
fn known_moments_are_known() {
    for (seconds, moment) in [
        (0, moment(1970, 1, 1, 0, 0, 0)),
        (951_782_400, moment(2000, 2, 29, 0, 0, 0)),
        (1_785_504_699, moment(2026, 7, 31, 13, 31, 39)),
        (1_798_761_599, moment(2026, 12, 31, 23, 59, 59)),
        (4_107_542_400, moment(2100, 3, 1, 0, 0, 0)),
    ] {
        assert_eq!(moment.unix_seconds(), Some(seconds));
        assert_eq!(Date::of_unix_seconds(seconds), moment);
    }
}

#[test]
fn what_is_no_date_has_no_seconds() {
    for wrong in [
        moment(1969, 1, 1, 0, 0, 0),
        moment(2026, 0, 1, 0, 0, 0),
        moment(2026, 13, 1, 0, 0, 0),
        moment(2026, 1, 0, 0, 0, 0),
        moment(2026, 1, 32, 0, 0, 0),
        moment(2026, 1, 1, 24, 0, 0),
        moment(2026, 1, 1, 0, 60, 0),
    ] {
        assert_eq!(wrong.unix_seconds(), None, "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn both_ways_agree(seconds in 0..253_402_300_799_u64) {
        prop_assert_eq!(Date::of_unix_seconds(seconds).unix_seconds(), Some(seconds));
    }
}
