#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::poll_fn;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;

/// A sink that tells of each write and waits to be let go on.
struct Slow {
    writes: SyncSender<Vec<u8>>,
    go: Receiver<std::io::Result<()>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writes.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
        self.go.recv().map_err(|_| ErrorKind::BrokenPipe)??;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn output(line: &str, key: u64) -> Output {
    Output { line: line.as_bytes().to_vec(), answers: vec![CallKey(key)] }
}

fn slow() -> (Stdout, Receiver<Vec<u8>>, SyncSender<std::io::Result<()>>) {
    let (writes, seen) = sync_channel(16);
    let (allow, go) = sync_channel(16);
    (Stdout::start(Slow { writes, go }).unwrap(), seen, allow)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_waits_goes_out_in_one_write_and_is_told_only_then() {
    let (mut stdout, seen, allow) = slow();
    stdout.push(output("one", 1));
    assert_eq!(seen.recv().unwrap(), b"one\n");
    stdout.push(output("two", 2));
    stdout.push(output("three", 3));
    assert!(!stdout.is_empty());
    allow.send(Ok(())).unwrap();
    assert_eq!(block_on(poll_fn(|cx| stdout.poll(cx))), Written::Calls(vec![CallKey(1)]));
    assert_eq!(seen.recv().unwrap(), b"two\nthree\n");
    allow.send(Ok(())).unwrap();
    assert_eq!(block_on(poll_fn(|cx| stdout.poll(cx))), Written::Calls(vec![CallKey(2), CallKey(3)]));
    assert!(stdout.is_empty());
}

#[test]
fn a_host_that_does_not_read_fills_the_queue_and_one_that_closes_ends_it() {
    let (mut stdout, _seen, allow) = slow();
    stdout.push(output(&"x".repeat(CONGESTED_BYTES + 1), 1));
    assert!(stdout.is_congested() && !stdout.is_full());
    stdout.push(output(&"x".repeat(FULL_BYTES), 2));
    assert!(stdout.is_full());
    allow.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
    assert_eq!(block_on(poll_fn(|cx| stdout.poll(cx))), Written::Closed("broken pipe".to_owned()));
}
