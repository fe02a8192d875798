use std::sync::Arc;

use exai_session::Finished;
use exai_wire::{CallId, Outcome};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Done, End, Ending, Report};
use crate::watchdog::Progress;

const CALL: CallId = CallId::from_bytes([1; 16]);

/// Tells the end of this work.
fn spawn(work: impl Future<Output = Done> + Send + 'static) -> (JoinSet<()>, mpsc::Receiver<Report>) {
    let (report, reports) = mpsc::channel(1);
    let ending = Ending { call_id: CALL, report, progress: Arc::new(Progress::default()), done: None };
    let mut task = JoinSet::new();
    task.spawn(ending.after(work));
    (task, reports)
}

/// The one report that came.
async fn end_of(mut reports: mpsc::Receiver<Report>) -> End {
    let Some(Report::Ended { call_id: CALL, end, .. }) = reports.recv().await else {
        panic!("no end was told")
    };
    assert!(reports.recv().await.is_none(), "it is told once");
    end
}

#[tokio::test]
async fn a_result_is_told() {
    let body = RawValue::NULL.to_owned();
    let finished = Finished { outcome: Outcome::Ok, body, turn: None, spent: None };
    let (_task, reports) = spawn(async { Done { finished, rest: None } });
    assert!(matches!(end_of(reports).await, End::Finished(_)));
}

#[tokio::test]
async fn a_panic_is_told_as_one() {
    let (_task, reports) = spawn(async { panic!("on purpose") });
    let end = end_of(reports).await;
    assert!(matches!(end, End::Panicked), "{end:?}");
}

#[tokio::test]
async fn an_abort_is_told_as_one() {
    let (mut task, reports) = spawn(std::future::pending());
    tokio::task::yield_now().await;
    task.abort_all();
    let end = end_of(reports).await;
    assert!(matches!(end, End::Aborted), "{end:?}");
}

#[tokio::test]
async fn an_abort_before_it_ran_is_told_too() {
    let (mut task, reports) = spawn(async { panic!("it must not run") });
    task.abort_all();
    let end = end_of(reports).await;
    assert!(matches!(end, End::Aborted), "{end:?}");
}

/// What a call has said last is on its way before its end.
#[tokio::test]
async fn what_the_work_holds_is_dropped_before_its_end_is_told() {
    struct Last(mpsc::Sender<&'static str>);
    impl Drop for Last {
        fn drop(&mut self) {
            let _ = self.0.try_send("dropped");
        }
    }
    let (said, mut heard) = mpsc::channel(1);
    let last = Last(said);
    let (mut task, mut reports) = spawn(async move {
        let _last = last;
        std::future::pending().await
    });
    tokio::task::yield_now().await;
    task.abort_all();
    assert!(reports.recv().await.is_some());
    assert_eq!(heard.try_recv(), Ok("dropped"));
}
