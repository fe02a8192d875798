use std::sync::{Arc, Mutex};
use std::time::Duration;

use exai_journal::{ConversationHead, KeptTurn, Turns, TurnsError};
use exai_wire::ConversationKey;

use super::Forgetting;

/// Writes down what it is told to forget.
#[derive(Default)]
struct Told(Mutex<Vec<u64>>);

impl Turns for Told {
    fn load(&self, _: ConversationKey) -> Result<Vec<KeptTurn>, TurnsError> {
        Ok(Vec::new())
    }

    fn list(&self) -> Result<Vec<ConversationHead>, TurnsError> {
        Ok(Vec::new())
    }

    fn delete(&self, _: ConversationKey) -> Result<bool, TurnsError> {
        Ok(false)
    }

    fn forget_before(&self, at_ms: u64) {
        self.0.lock().unwrap().push(at_ms);
    }
}

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

#[test]
fn what_is_too_old_goes_at_the_start_and_once_an_hour() {
    let told = Arc::new(Told::default());
    let mut forgetting = Forgetting::new(told.clone(), Some(minutes(1)));
    for minute in 0..=130 {
        forgetting.tick(minutes(minute), 1_000_000 + minute * 60_000);
    }
    assert_eq!(*told.0.lock().unwrap(), [940_000, 940_000 + 3_600_000, 940_000 + 7_200_000]);
}

#[test]
fn what_is_kept_for_ever_is() {
    let told = Arc::new(Told::default());
    Forgetting::new(told.clone(), None).tick(minutes(0), 1_000_000);
    assert!(told.0.lock().unwrap().is_empty());
}
