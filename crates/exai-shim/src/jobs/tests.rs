#![allow(clippy::unwrap_used)]

use std::future::poll_fn;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

fn in_runtime(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(test);
    runtime.shutdown_background();
}

/// A reader that hangs until the sender is dropped.
fn hanging(jobs: &mut Jobs, key: u64) -> SyncSender<()> {
    let (release, hung): (_, Receiver<()>) = sync_channel(1);
    jobs.read(CallKey(key), move || {
        let _ = hung.recv();
        Done::Unattended
    });
    release
}

#[test]
fn readers_that_hang_keep_no_other_work_waiting() {
    in_runtime(async {
        let mut jobs = Jobs::default();
        let _hung: Vec<_> = (0..10).map(|key| hanging(&mut jobs, key)).collect();
        let (told, done) = sync_channel(1);
        jobs.block(move || {
            told.send(()).unwrap();
            Done::Unattended
        });
        poll_fn(|cx| jobs.poll(cx)).await;
        done.try_recv().unwrap();
    });
}

#[test]
fn what_nobody_waits_for_any_more_is_not_begun() {
    in_runtime(async {
        let mut jobs = Jobs::default();
        let hung: Vec<_> = (0..4).map(|key| hanging(&mut jobs, key)).collect();
        let forgotten = hanging(&mut jobs, 4);
        jobs.forget(CallKey(4));
        assert!(forgotten.send(()).is_err(), "its params are let go of");
        let next = hanging(&mut jobs, 5);
        drop((hung, next));
        for _ in 0..5 {
            poll_fn(|cx| jobs.poll(cx)).await;
        }
        assert!(jobs.readers.running.is_empty());
    });
}
