use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::*;

/// A resolver that answers nobody until it is let go.
#[derive(Debug, Default)]
struct Stuck {
    asked: AtomicUsize,
    is_free: Mutex<bool>,
    freed: Condvar,
}

impl Stuck {
    const fn new() -> Self {
        Self { asked: AtomicUsize::new(0), is_free: Mutex::new(false), freed: Condvar::new() }
    }

    fn ask(&self) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut is_free = self.is_free.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_free {
            is_free = self.freed.wait(is_free).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(Vec::new())
    }

    fn free(&self) {
        *self.is_free.lock().unwrap() = true;
        self.freed.notify_all();
    }
}

#[test]
fn f30_a_slow_resolver_takes_four_threads_and_leaves_the_rest_to_other_names() {
    static STUCK: Stuck = Stuck::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let slow = Names::with(|_| STUCK.ask());
        let mut asking = tokio::task::JoinSet::new();
        let handles: Vec<_> =
            (0..50).map(|n| asking.spawn(slow.clone().find(format!("{n}.example")))).collect();
        while STUCK.asked.load(Ordering::SeqCst) < LOOKUPS {
            tokio::task::yield_now().await;
        }
        // Most of them are given up, and their lookups go on all the same.
        handles[..40].iter().for_each(tokio::task::AbortHandle::abort);
        let other = Names::with(|_| Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]));
        for _ in 0..20 {
            let found = tokio::time::timeout(Duration::from_secs(60), other.clone().find("h".to_owned()));
            assert_eq!(found.await.unwrap().unwrap().len(), 1);
        }
        assert_eq!(STUCK.asked.load(Ordering::SeqCst), LOOKUPS);
        STUCK.free();
        let mut found = 0;
        while let Some(one) = asking.join_next().await {
            found += usize::from(one.is_ok());
        }
        assert_eq!(found, 10);
    });
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_an_error() {
    let names = Names::with(|_| Err(io::ErrorKind::NotFound.into()));
    assert_eq!(names.find("h".to_owned()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// As with a limit of a container's processes.
#[tokio::test]
async fn where_no_thread_is_to_be_had_it_is_an_error_and_no_panic() {
    let names = Names { start: |_| Err(io::ErrorKind::WouldBlock.into()), ..Names::with(|_| Ok(Vec::new())) };
    for _ in 0..=LOOKUPS {
        let found = tokio::time::timeout(Duration::from_secs(60), names.clone().find("h".to_owned()));
        assert_eq!(found.await.unwrap().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}

/// Its runtime may have none to give.
#[test]
fn a_lookup_takes_no_thread_of_the_runtime_that_asks() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().max_blocking_threads(1).build().unwrap();
    let (end, ended) = std::sync::mpsc::sync_channel::<()>(1);
    runtime.block_on(async {
        let taken = tokio::task::spawn_blocking(move || ended.recv());
        let names = Names::with(|_| Ok(Vec::new()));
        let found = tokio::time::timeout(Duration::from_secs(20), names.find("h".to_owned())).await;
        drop(end);
        let _ = taken.await.unwrap();
        assert!(found.unwrap().unwrap().is_empty());
    });
}
