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
    (Stdout::start(Slow { writes, go }, None).unwrap(), seen, allow)
}

/// Pushes what the thread is to write.
fn push(stdout: &mut Stdout, output: Output) {
    stdout.push(output);
    assert!(stdout.hand_over().is_empty(), "not written yet");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_waits_goes_out_in_one_write_and_is_told_only_then() {
    let (mut stdout, seen, allow) = slow();
    push(&mut stdout, output("one", 1));
    assert_eq!(seen.recv().unwrap(), b"one\n");
    stdout.push(output("two", 2));
    assert!(stdout.hand_over().is_empty());
    push(&mut stdout, output("three", 3));
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
    push(&mut stdout, output(&"x".repeat(CONGESTED_BYTES + 1), 1));
    assert!(stdout.is_congested() && !stdout.is_full());
    push(&mut stdout, output(&"x".repeat(FULL_BYTES), 2));
    assert!(stdout.is_full());
    allow.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
    assert_eq!(block_on(poll_fn(|cx| stdout.poll(cx))), Written::Closed("broken pipe".to_owned()));
}

#[cfg(target_os = "linux")]
mod at_once {
    use std::io::{PipeReader, Read as _};

    use super::*;

    /// Both lead to one pipe.
    fn piped() -> (Stdout, PipeReader) {
        let (reader, writer) = std::io::pipe().unwrap();
        let nowait = NoWait::of(writer.try_clone().unwrap());
        (Stdout::start(writer, Some(nowait)).unwrap(), reader)
    }

    fn read(reader: &mut PipeReader, bytes: usize) -> String {
        let mut text = vec![0; bytes];
        reader.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn short_lines_are_written_when_they_are_handed_over_and_told_at_once() {
        let (mut stdout, mut reader) = piped();
        stdout.push(output("one", 1));
        stdout.push(output("two", 2));
        assert_eq!(stdout.hand_over(), [CallKey(1), CallKey(2)]);
        assert!(stdout.is_empty(), "the thread has nothing to do");
        assert_eq!(read(&mut reader, 8), "one\ntwo\n");
        assert!(stdout.hand_over().is_empty(), "once");
    }

    #[test]
    fn behind_a_long_line_short_ones_wait_for_the_thread() {
        let (mut stdout, mut reader) = piped();
        let long = "x".repeat(1 << 20);
        push(&mut stdout, output(&long, 1));
        push(&mut stdout, output("short", 2));
        assert_eq!(read(&mut reader, long.len() + 1), long + "\n");
        assert_eq!(read(&mut reader, 6), "short\n");
    }

    #[test]
    fn nobody_waits_for_a_host_that_does_not_read_and_nothing_is_lost() {
        let (mut stdout, mut reader) = piped();
        let line = "y".repeat(1000);
        let mut at_once = 0;
        while !stdout.is_congested() {
            stdout.push(output(&line, 7));
            at_once += stdout.hand_over().len();
            assert!(at_once < 1000, "a pipe has no such room");
        }
        assert!(at_once > 10, "the pipe took some");
        push(&mut stdout, output("last", 8));
        let mut text = String::new();
        while !text.ends_with("last\n") {
            text.push_str(&read(&mut reader, 1));
        }
        assert!(text.lines().rev().skip(1).all(|read| read == line), "in order, whole");
    }

    #[test]
    fn a_host_that_has_gone_is_told_of() {
        let (mut stdout, reader) = piped();
        drop(reader);
        push(&mut stdout, output("one", 1));
        assert!(matches!(block_on(poll_fn(|cx| stdout.poll(cx))), Written::Closed(_)));
    }

    #[test]
    fn a_file_is_written_by_the_thread() {
        let mut file = tempfile::tempfile().unwrap();
        let nowait = NoWait::of(file.try_clone().unwrap());
        let mut stdout = Stdout::start(file.try_clone().unwrap(), Some(nowait)).unwrap();
        let mut told = 0;
        for n in 0..3 {
            stdout.push(output("line", n));
            told += stdout.hand_over().len();
        }
        while told < 3 {
            let Written::Calls(calls) = block_on(poll_fn(|cx| stdout.poll(cx))) else { panic!("closed") };
            told += calls.len();
        }
        let mut text = String::new();
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "line\nline\nline\n");
    }
}
