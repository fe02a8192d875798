use std::sync::{Arc, Mutex};
use std::time::Duration;

use exai_journal::{ConversationHead, KeptTurn, Turns, TurnsError};
use exai_wire::ConversationKey;

use super::Forgetting;

/// One conversation, whose last turn was then; writes down what it is told to forget.
struct Told {
    last_ms: u64,
    forgotten: Mutex<Vec<u64>>,
}

fn told(last_ms: u64) -> Arc<Told> {
    Arc::new(Told { last_ms, forgotten: Mutex::default() })
}

impl Turns for Told {
    fn load(&self, _: ConversationKey) -> Result<Vec<KeptTurn>, TurnsError> {
        Ok(Vec::new())
    }

    fn list(&self) -> Result<Vec<ConversationHead>, TurnsError> {
        let key = ConversationKey::from_bytes([1; 16]);
        Ok(vec![ConversationHead { key, turns: 1, bytes: 1, began_ms: self.last_ms, last_ms: self.last_ms }])
    }

    fn delete(&self, _: ConversationKey) -> Result<bool, TurnsError> {
        Ok(false)
    }

    fn forget_before(&self, at_ms: u64) {
        self.forgotten.lock().unwrap().push(at_ms);
    }
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// What is forgotten in two hours and ten minutes, looked at once a minute.
fn forgotten(told: &Arc<Told>, keep: Option<Duration>) -> Vec<u64> {
    let mut forgetting = Forgetting::new(told.clone(), keep);
    for minute in 0..=130 {
        if let Some(round) = forgetting.due(minutes(minute), 1_000_000 + minute * 60_000) {
            round.run();
        }
    }
    told.forgotten.lock().unwrap().clone()
}

#[test]
fn what_is_too_old_goes_at_the_start_and_once_an_hour() {
    let keep = Some(minutes(1));
    assert_eq!(forgotten(&told(0), keep), [940_000, 940_000 + 3_600_000, 940_000 + 7_200_000]);
}

#[test]
fn nothing_is_written_where_nothing_is_too_old() {
    assert_eq!(forgotten(&told(940_000), Some(minutes(1))), [940_000 + 3_600_000, 940_000 + 7_200_000]);
    assert!(forgotten(&told(0), None).is_empty(), "kept for ever");
}
