//! What a host sees while something happens to the container.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exai_sim::host::{Answer, Host, Pending, Progress};
use exai_sim::process::pace;
use exai_sim::provider::answer_to;
use serde_json::{Value, json};

use crate::world::PATIENCE;

/// Between two calls of somebody who watches.
const LOOK: Duration = Duration::from_millis(50);

/// Asks a model, with a progress token: such a call is held to its deadline.
pub(crate) fn chat(host: &Host, prompt: &str) -> Pending {
    host.call("chat", json!({"prompt": prompt}), Progress::Wanted).unwrap()
}

/// The answer, which is the only one and the whole of what the simulated model says to this prompt in so many pieces.
pub(crate) fn whole(host: &Host, pending: &Pending, prompt: &str, chunks: u64) -> Answer {
    let answer = host.wait(pending, PATIENCE).unwrap();
    assert!(!answer.is_tool_error(), "{}", answer.line);
    let text = answer.text().unwrap();
    assert!(text.contains(&answer_to(prompt, chunks)), "{text}");
    // The piece after the last would be a part of another stream.
    assert!(!text.contains(&format!("part {}", chunks + 1)), "{text}");
    host.transcript().check_answered_once(pending).unwrap();
    answer
}

/// Has something happen while this host makes one call after the other that only a daemon can answer, and one more when it
/// is over. All are answered. What it was, from its beginning to its end, and the longest that a call took: the outage.
pub(crate) fn watched<T: Send>(host: &Host, happening: impl FnOnce() -> T + Send) -> (T, Duration) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let happens = scope.spawn(|| {
            // A panic here must not leave the other side watching.
            let happened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(happening));
            over.store(true, Ordering::SeqCst);
            happened
        });
        let mut longest = Duration::ZERO;
        loop {
            let was_over = over.load(Ordering::SeqCst);
            let pending = host.call("listmodels", Value::Null, Progress::Wanted).unwrap();
            let answer = host.wait(&pending, PATIENCE).unwrap();
            assert!(!answer.is_tool_error() && answer.line.contains("glm-5.3"), "{}", answer.line);
            longest = longest.max(answer.after);
            if was_over {
                break;
            }
            pace(LOOK);
        }
        let happened = happens.join().unwrap().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (happened, longest)
    })
}
