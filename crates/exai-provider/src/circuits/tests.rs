use super::*;
use crate::memory::tests::Notebook;

const WALL: Duration = Duration::from_secs(1_782_907_200);

fn at(second: u64) -> Moment {
    let now = Duration::from_secs(second);
    Moment { now, wall: WALL + now }
}

/// Two endpoints; a model of the first begins with 4 requests at a time, of the second with 1 and then 4.
fn circuits() -> Circuits {
    remembering(&Arc::default())
}

fn remembering(memory: &Arc<Notebook>) -> Circuits {
    let limits = |name: &str, untried| Limits {
        name: name.to_owned(),
        fingerprint: name.to_owned(),
        start: Start { untried, tried: 4 },
        most: 16,
    };
    Circuits::new([limits("glm", 4), limits("kimi", 1)], Jitter::new(1), Arc::clone(memory) as _)
}

fn line(provider: usize, model: &str) -> LineName {
    (provider, Arc::from(model))
}

fn fault(cause: Cause) -> Result<(), Fault> {
    Err(Fault { cause, after: None, until: None })
}

fn call(circuits: &Circuits, line: &LineName, second: u64, end: Result<(), Fault>) {
    circuits.enter(line, at(second), Entry::InTime).map_err(|_| "paused").unwrap().end(end, at(second));
}

fn is_asked(circuits: &Circuits, line: &LineName, second: u64) -> bool {
    circuits.look(line, at(second)).is_ok()
}

#[test]
fn a_used_up_quota_leaves_the_siblings_and_a_dead_key_leaves_none() {
    let circuits = circuits();
    let [deep, fast, other] = [line(0, "deep"), line(0, "fast"), line(1, "deep")];
    call(&circuits, &deep, 0, fault(Cause::Quota));
    assert!(!is_asked(&circuits, &deep, 1) && is_asked(&circuits, &fast, 1));
    call(&circuits, &fast, 1, fault(Cause::AuthDead));
    assert!(!is_asked(&circuits, &deep, 2) && !is_asked(&circuits, &fast, 2));
    assert!(is_asked(&circuits, &other, 2), "and another provider's of the same name is not touched");
}

#[test]
fn a_lost_connection_counts_against_the_endpoint_and_a_fault_against_the_model() {
    let circuits = circuits();
    let [deep, fast] = [line(0, "deep"), line(0, "fast")];
    for model in [&deep, &fast, &deep, &fast, &deep] {
        call(&circuits, model, 0, fault(Cause::Connect));
    }
    assert!(!is_asked(&circuits, &deep, 0) && !is_asked(&circuits, &fast, 0));
    for second in [10, 11] {
        call(&circuits, &fast, second, fault(Cause::Server));
    }
    assert_eq!(circuits.told(0, at(11))[0].state, BreakerState::Closed, "a server that errs was reached");
    assert!(is_asked(&circuits, &deep, 11));
    (0..3).for_each(|_| call(&circuits, &fast, 12, fault(Cause::Server)));
    assert!(is_asked(&circuits, &deep, 12) && !is_asked(&circuits, &fast, 12));
}

#[test]
fn what_ends_without_an_end_tells_nothing_and_leaves_its_turn() {
    let circuits = circuits();
    let deep = line(0, "deep");
    (0..20).for_each(|_| drop(circuits.enter(&deep, at(0), Entry::InTime)));
    assert!(is_asked(&circuits, &deep, 0));
    call(&circuits, &deep, 0, fault(Cause::AuthDead));
    for entry in [Entry::Early, Entry::Early] {
        let tried = circuits.enter(&deep, at(1), entry);
        assert!(tried.is_ok());
        let beside = circuits.enter(&line(0, "fast"), at(1), entry).err();
        assert!(beside.unwrap().is_probed, "one at a time with a key");
    }
    assert_eq!(circuits.look(&deep, at(1)).unwrap_err().wait.as_secs(), 599);
}

#[test]
fn what_a_model_takes_at_a_time_follows_its_answers_and_rate_limits() {
    let circuits = circuits();
    let [glm, kimi] = [line(0, "m"), line(1, "m")];
    assert_eq!((circuits.limit(&glm), circuits.limit(&kimi)), (4, 1));
    let end =
        |line, end| circuits.enter(line, at(0), Entry::InTime).map_err(|_| "paused").unwrap().end(end, at(1));
    let first = circuits.enter(&kimi, at(0), Entry::InTime).map_err(|_| "paused").unwrap();
    assert_eq!((first.progress(), first.progress()), (true, false), "its first text is enough");
    assert_eq!(circuits.limit(&kimi), 4);
    assert!(!first.end(Ok(()), at(1)));
    assert!(end(&glm, fault(Cause::Rate)) && circuits.limit(&glm) == 2);
    assert!(!end(&glm, fault(Cause::Rate)), "it began under the old limit");
    assert!(!end(&glm, fault(Cause::Server)));
    assert_eq!((circuits.limit(&glm), circuits.limit(&kimi), circuits.limit(&line(0, "n"))), (2, 4, 4));
}

#[test]
fn what_is_kept_goes_on_after_a_restart_until_its_end() {
    let memory = Arc::default();
    let before = remembering(&memory);
    let until = Some(at(7200).wall);
    let quota = Err(Fault { cause: Cause::Quota, after: None, until });
    call(&before, &line(0, "a/b"), 0, quota);
    call(&before, &line(1, "spent"), 0, fault(Cause::Quota));
    call(&before, &line(1, "m"), 0, fault(Cause::AuthDead));
    let kept = memory.all();
    let until_ms = at(7200).wall.as_millis();
    let body = format!(r#"{{"cause":"quota","until_ms":{until_ms}}}"#);
    let quota = Remembered { until: at(7200).wall, body };
    assert_eq!(kept[0], ("provider/glm/a/b".to_owned(), quota));
    assert_eq!((kept.len(), kept[1].0.as_str()), (2, "provider/kimi/spent"), "and no dead key");
    let after = circuits();
    after.import(0, Some("a/b"), &kept[0].1.body, at(60));
    after.import(1, Some("spent"), &kept[1].1.body, at(60));
    for body in [
        "{",
        r#"{"cause":"nonsense","until_ms":9999999999999}"#,
        r#"{"cause":"auth_dead","until_ms":9999999999999}"#,
        r#"{"cause":"quota","until_ms":1}"#,
    ] {
        after.import(0, Some("m"), body, at(60));
    }
    let paused = after.look(&line(0, "a/b"), at(60)).unwrap_err();
    assert_eq!((paused.cause, paused.until), (Cause::Quota, at(7200).wall));
    assert!(!is_asked(&after, &line(1, "spent"), 60) && is_asked(&after, &line(0, "m"), 60));
}

#[test]
fn whatever_models_are_named_only_so_many_are_remembered_and_paused_ones_longest() {
    let circuits = circuits();
    call(&circuits, &line(0, "spent"), 0, fault(Cause::Quota));
    let running = circuits.enter(&line(0, "runs"), at(0), Entry::InTime);
    for n in 0..1000 {
        call(&circuits, &line(0, &n.to_string()), 0, Ok(()));
    }
    let told = circuits.told(0, at(0));
    assert_eq!(told.len(), 1 + MODELS_MAX);
    let knows = |model: &str| told.iter().any(|one| one.model.as_deref() == Some(model));
    assert!(knows("spent") && knows("runs") && knows("999") && !knows("0"));
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn who_waits_hears_of_a_first_text_and_of_every_turn() {
    let circuits = circuits();
    let deep = line(0, "deep");
    let turned = circuits.turned();
    call(&circuits, &deep, 0, fault(Cause::Quota));
    turned.await;
    let pass = circuits.enter(&deep, at(1), Entry::Early).map_err(|_| "paused").unwrap();
    let freed = circuits.freed();
    assert!(!pass.progress());
    freed.await;
    assert!(is_asked(&circuits, &deep, 1), "another may try beside it");
    let freed = circuits.freed();
    drop(pass);
    freed.await;
}
