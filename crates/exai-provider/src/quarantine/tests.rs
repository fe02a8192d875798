use super::*;
use crate::memory::tests::Notebook;

const WALL: Duration = Duration::from_secs(1_782_907_200);

fn at(second: u64) -> Moment {
    let now = Duration::from_secs(second);
    Moment { now, wall: WALL + now }
}

/// Four accounts, with what this memory holds of them.
fn of(memory: &Arc<Notebook>, at: Moment) -> Quarantine {
    let fingerprints = ["a0", "b0", "c0", "d0"].map(str::to_owned).to_vec();
    let recalled = Recalled::of(&**memory, at.wall);
    Quarantine::new(fingerprints, Arc::clone(memory) as _, &recalled, at)
}

fn nothing() -> Quarantine {
    of(&Arc::default(), at(0))
}

#[test]
fn a_route_is_held_for_an_hour_and_others_are_not() {
    let held = nothing();
    held.put(0, "a", "unknown model", at(5));
    let minute = Duration::from_secs(60);
    assert_eq!(held.why(0, "a", at(65)), Some(("unknown model".to_owned(), minute)));
    assert_eq!((held.why(1, "a", at(65)), held.why(0, "b", at(65))), (None, None));
    assert_eq!(
        (held.held_at(0, at(65)), held.held_at(1, at(65))),
        (vec![("a".to_owned(), at(3605))], vec![])
    );
    assert_eq!((held.held_at(0, at(3605)), held.why(0, "a", at(3605))), (vec![], None));
    held.put(0, "a", "", at(4000));
    assert_eq!((held.lift(0, "a"), held.lift(0, "a"), held.lift(1, "a")), (true, false, false));
    assert_eq!(held.why(0, "a", at(4000)), None);
}

#[test]
fn the_oldest_makes_room() {
    let memory = Arc::default();
    let held = of(&memory, at(0));
    for n in 0..=ROUTES_MAX {
        held.put(0, &format!("m{n}"), "", at(n as u64));
    }
    assert_eq!((held.why(0, "m0", at(300)), held.held().routes.len()), (None, ROUTES_MAX));
    assert!(held.why(0, "m1", at(300)).is_some());
    assert_eq!(memory.all().len(), ROUTES_MAX, "and is remembered no more");
}

#[tokio::test]
async fn news_tell_of_each_provider_once() {
    let held = nothing();
    held.put(3, "a", "", at(1));
    held.put(3, "b", "", at(1));
    held.put(1, "a", "", at(1));
    assert_eq!(held.news().await, BTreeSet::from([1, 3]));
    let later = tokio::join!(held.news(), async { held.put(2, "a", "", at(1)) }).0;
    assert_eq!(later, BTreeSet::from([2]));
}

#[test]
fn a_restart_goes_on_with_the_rest_of_the_hour_and_another_account_does_not() {
    let memory = Arc::default();
    let before = of(&memory, at(0));
    before.put(1, "org/m", &"é".repeat(9999), at(10));
    before.put(1, "back", "", at(20));
    before.lift(1, "back");
    assert!(memory.all().iter().all(|(name, what)| name == "gone/b0/org/m" && what.body.len() <= 1024));
    // The new daemon's clock begins at 0 again.
    let restarted = Moment { now: Duration::ZERO, wall: at(70).wall };
    let after = of(&memory, restarted);
    assert_eq!(after.held_at(0, restarted), []);
    let (why, age) = after.why(1, "org/m", restarted).unwrap();
    assert_eq!((why.chars().count(), age.as_secs()), (WHY_CHARS_MAX, 60));
    assert_eq!(after.left(1, "back", restarted), None);
    assert!(after.held().new.is_empty(), "nothing that lists need to be asked for at once");
    assert_eq!(of(&memory, at(3610)).held_at(1, at(3610)), [], "over");
    let set_back = Moment { now: Duration::ZERO, wall: WALL - Duration::from_secs(86_400) };
    assert_eq!(of(&memory, set_back).left(1, "org/m", set_back), Some(HELD_FOR));
}
