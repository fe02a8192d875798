use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;

const CALL: CallId = CallId::from_bytes([1; 16]);

struct World {
    witness: Arc<Witness>,
    notes: mpsc::Receiver<(CallId, String)>,
    texts: mpsc::Receiver<Piece>,
    forwarding: JoinSet<Infallible>,
}

impl World {
    fn new() -> Self {
        let (note, notes) = mpsc::channel(8);
        let (text, texts) = mpsc::channel(8);
        let witness = Arc::new(Witness::new(CALL, note, text));
        let theirs = Arc::clone(&witness);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(async move { theirs.forward().await });
        Self { witness, notes, texts, forwarding }
    }

    /// What is passed on within this time.
    async fn noted(&mut self, within: Duration) -> Vec<String> {
        tokio::time::sleep(within).await;
        std::iter::from_fn(|| self.notes.try_recv().ok()).map(|(_, text)| text).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_note_waits_for_a_newer_one_and_later_ones_keep_their_distance() {
    let mut world = World::new();
    world.witness.note("one".to_owned());
    assert!(world.noted(Duration::from_millis(150)).await.is_empty());
    world.witness.note("two".to_owned());
    assert_eq!(world.noted(Duration::from_millis(60)).await, ["two"], "the newest alone");
    world.witness.note("three".to_owned());
    world.witness.note("four".to_owned());
    assert!(world.noted(Duration::from_millis(900)).await.is_empty());
    assert_eq!(world.noted(Duration::from_millis(100)).await, ["four"]);
    assert!(world.noted(Duration::from_secs(5)).await.is_empty(), "each once");
    world.witness.note("five".to_owned());
    assert_eq!(world.noted(Duration::from_millis(10)).await, ["five"], "nothing was told for long");
}

/// What is gathered is passed on half a second later, and before that it is whoever asks for it.
#[tokio::test(start_paused = true)]
async fn text_is_passed_on_in_time_and_taken_once() {
    let mut world = World::new();
    world.witness.partial(1, 0, "some ");
    world.witness.partial(1, 5, "text");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(world.texts.try_recv().is_err());
    tokio::time::sleep(Duration::from_millis(110)).await;
    assert_eq!(world.texts.try_recv().unwrap().text, "some text");
    world.witness.partial(1, 9, " and more");
    let rest = world.witness.take_text().unwrap();
    assert_eq!((rest.call_id, rest.attempt, rest.offset, rest.text.as_str()), (CALL, 1, 9, " and more"));
    world.forwarding.abort_all();
    while world.forwarding.join_next().await.is_some() {}
    drop(world.witness);
    assert!(world.texts.recv().await.is_none(), "it was taken");
}

#[tokio::test(start_paused = true)]
async fn what_was_gathered_by_a_call_that_is_broken_off_goes_out_with_it() {
    let mut world = World::new();
    world.witness.partial(2, 0, "cut");
    world.forwarding.abort_all();
    while world.forwarding.join_next().await.is_some() {}
    drop(world.witness);
    assert_eq!(world.texts.recv().await.unwrap().text, "cut");
}
