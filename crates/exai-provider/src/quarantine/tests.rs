use super::*;

const S: Duration = Duration::from_secs(1);

#[test]
fn a_route_is_held_for_an_hour_and_others_are_not() {
    let held = Quarantine::default();
    held.put(0, "a", "unknown model", 5 * S);
    assert_eq!(held.why(0, "a", 65 * S), Some(("unknown model".to_owned(), 60 * S)));
    assert_eq!((held.why(1, "a", 65 * S), held.why(0, "b", 65 * S)), (None, None));
    assert_eq!(held.why(0, "a", 3605 * S), None);
    held.put(0, "a", "", 4000 * S);
    held.lift(0, "a");
    assert_eq!(held.why(0, "a", 4000 * S), None);
}

#[test]
fn the_oldest_makes_room() {
    let held = Quarantine::default();
    for n in 0..=ROUTES_MAX {
        held.put(0, &format!("m{n}"), "", S * u32::try_from(n).unwrap());
    }
    let now = S * 300;
    assert_eq!((held.why(0, "m0", now), held.held().routes.len()), (None, ROUTES_MAX));
    assert!(held.why(0, "m1", now).is_some());
}

#[tokio::test]
async fn news_tell_of_each_provider_once() {
    let held = Quarantine::default();
    held.put(3, "a", "", S);
    held.put(3, "b", "", S);
    held.put(1, "a", "", S);
    assert_eq!(held.news().await, BTreeSet::from([1, 3]));
    let later = tokio::join!(held.news(), async { held.put(2, "a", "", S) }).0;
    assert_eq!(later, BTreeSet::from([2]));
}
