use exai_session::Finished;
use exai_wire::CallId;

use super::{Calls, End};

/// A set with one task that does this.
async fn end_of(
    task: impl Future<Output = Finished> + Send + 'static,
    abort: Option<CallId>,
) -> (CallId, End) {
    let call_id = CallId::from_bytes([1; 16]);
    let mut calls = Calls::default();
    calls.watch(call_id, task);
    if let Some(call_id) = abort {
        calls.abort(call_id);
    }
    let joined = calls.tasks.join_next_with_id().await.unwrap();
    let ended = calls.ended(joined).unwrap();
    assert!(calls.handles.is_empty() && calls.by_task.is_empty(), "nothing is left of it");
    ended
}

#[tokio::test]
async fn a_panic_is_told_as_one() {
    let (call_id, end) = end_of(async { panic!("on purpose") }, None).await;
    assert_eq!(call_id, CallId::from_bytes([1; 16]));
    assert!(matches!(end, End::Panicked), "{end:?}");
}

#[tokio::test]
async fn an_abort_is_told_as_one() {
    let (_, end) = end_of(std::future::pending(), Some(CallId::from_bytes([1; 16]))).await;
    assert!(matches!(end, End::Aborted), "{end:?}");
}
