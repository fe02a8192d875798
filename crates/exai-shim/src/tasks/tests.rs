#![allow(clippy::unwrap_used)]

use serde_json::value::RawValue;

use super::*;

fn id(n: u16) -> TaskId {
    let mut call = [0; 16];
    call[..2].copy_from_slice(&n.to_be_bytes());
    TaskId { call, created_ms: 1000 }
}

fn completed(bytes: usize) -> Standing {
    let text = format!("\"{}\"", "x".repeat(bytes - 2));
    Standing::Over(TaskState::Completed(RawValue::from_string(text).unwrap()))
}

#[test]
fn what_is_over_stays_as_it_is() {
    let mut tasks = Tasks::default();
    tasks.keep(id(1), Standing::Working, 2000).unwrap();
    assert!(tasks.awaits(call_of(id(1))));
    tasks.advance(id(1), Standing::Over(TaskState::Cancelled), 3000);
    tasks.advance(id(1), completed(10), 4000);
    tasks.keep(id(1), Standing::Working, 5000).unwrap();
    let task = tasks.describe(id(1), String::new(), LIFETIME);
    assert!(matches!(task.state, TaskState::Cancelled));
    assert_eq!(task.updated_ms, 3000);
    assert!(!tasks.awaits(call_of(id(1))));
}

const LIFETIME: Lifetime = Lifetime { untold: Duration::from_secs(7200), told: Duration::from_secs(300) };

#[test]
fn a_task_is_kept_as_long_as_settings_say_from_its_making_or_after_its_end_was_told() {
    let mut tasks = Tasks::default();
    tasks.keep(id(1), completed(10), 2000).unwrap();
    assert_eq!(tasks.describe(id(1), String::new(), LIFETIME).ttl_ms, 7_200_000);
    tasks.told(id(1), 61_000);
    tasks.told(id(1), 99_000);
    assert_eq!(tasks.describe(id(1), String::new(), LIFETIME).ttl_ms, 60_000 + 300_000);
}

#[test]
fn tasks_and_results_are_bounded_and_those_at_work_stay() {
    let mut tasks = Tasks::default();
    let max = u16::try_from(TASKS_MAX).unwrap();
    for n in 0..max {
        tasks.keep(id(n), Standing::Working, 0).unwrap();
    }
    assert_eq!(tasks.keep(id(max), Standing::Working, 0), Err(Full));
    for n in [3, 1] {
        tasks.advance(id(n), completed(40 << 20), 0);
    }
    assert!(tasks.standing(id(3)).is_none(), "more bytes than may be kept: the other result went");
    assert!(matches!(tasks.standing(id(1)), Some(Standing::Over(_))));
    tasks.keep(id(max), Standing::Working, 0).unwrap();
    tasks.keep(id(max + 1), Standing::Working, 0).unwrap();
    assert!(tasks.standing(id(1)).is_none());
    assert_eq!(tasks.known.len(), TASKS_MAX);
}

#[test]
fn questions_are_answered_by_their_task_or_their_time() {
    let mut tasks = Tasks::default();
    let at = Duration::from_secs;
    for (key, of, until) in [(1, 1, 5), (2, 2, 6), (3, 1, 7), (4, 2, 8)] {
        tasks.ask(CallKey(key), id(of), at(until));
    }
    assert_eq!(tasks.take_questions(id(1)), [CallKey(1), CallKey(3)]);
    tasks.forget_question(CallKey(4));
    assert_eq!(tasks.next_due(), Some(at(6)));
    assert!(tasks.take_due(at(5)).is_empty());
    assert_eq!(tasks.take_due(at(6)), [(CallKey(2), id(2))]);
    assert_eq!(tasks.next_due(), None);
}
