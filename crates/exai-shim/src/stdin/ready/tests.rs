#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::poll_fn;
use std::io::{Read, Write as _};

use super::super::Stdin;
use super::*;

/// A source that must not be read.
struct Unread;

impl Read for Unread {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        panic!("the thread reads")
    }
}

async fn next(stdin: &mut Stdin) -> Option<Input> {
    poll_fn(|cx| stdin.poll(cx)).await
}

async fn poll_once<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

fn lines(text: &str) -> Option<Input> {
    Some(Input::Lines(text.as_bytes().to_vec()))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
}

#[test]
fn lines_come_as_they_are_written_before_the_start_and_after_and_then_the_end() {
    block_on(async {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"one\ntw").unwrap();
        let mut stdin = Stdin::start(Unread, Some(NoWait::of(reader))).unwrap();
        assert_eq!(next(&mut stdin).await, lines("one\n"));
        let mut waiting = Box::pin(next(&mut stdin));
        assert!(poll_once(&mut waiting).await.is_pending(), "half a line waits");
        writer.write_all(b"o\nthree\n").unwrap();
        assert_eq!(waiting.await, lines("two\nthree\n"));
        writer.write_all(b"rest").unwrap();
        drop(writer);
        assert_eq!(next(&mut stdin).await, lines("rest"));
        assert_eq!(next(&mut stdin).await, None);
        assert_eq!(next(&mut stdin).await, None);
    });
}

/// The end is told with the last bytes, once.
#[test]
fn the_end_is_seen_that_came_together_with_the_last_line() {
    block_on(async {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut stdin = Stdin::start(Unread, Some(NoWait::of(reader))).unwrap();
        let mut waiting = Box::pin(next(&mut stdin));
        assert!(poll_once(&mut waiting).await.is_pending());
        writer.write_all(b"last\n").unwrap();
        drop(writer);
        assert_eq!(waiting.await, lines("last\n"));
        assert_eq!(next(&mut stdin).await, None);
    });
}

#[test]
fn a_line_that_is_longer_than_a_pipe_comes_whole() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let line = "x".repeat(3 << 20) + "\n";
    let sent = line.clone();
    let writing = std::thread::spawn(move || writer.write_all(sent.as_bytes()).unwrap());
    block_on(async {
        let mut stdin = Stdin::start(Unread, Some(NoWait::of(reader))).unwrap();
        assert_eq!(next(&mut stdin).await, lines(&line));
        assert_eq!(next(&mut stdin).await, None);
    });
    writing.join().unwrap();
}

#[test]
fn a_socket_is_read_like_a_pipe() {
    block_on(async {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut stdin = Stdin::start(Unread, Some(NoWait::of(ours))).unwrap();
        theirs.write_all(b"one\n").unwrap();
        assert_eq!(next(&mut stdin).await, lines("one\n"));
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(next(&mut stdin).await, None);
    });
}

#[test]
fn a_file_is_left_to_the_thread_whole() {
    block_on(async {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\n").unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let nowait = NoWait::of(file.try_clone().unwrap());
        let mut stdin = Stdin::start(file, Some(nowait)).unwrap();
        assert!(matches!(stdin, Stdin::Thread(_)));
        assert_eq!(next(&mut stdin).await, lines("one\n"));
        assert_eq!(next(&mut stdin).await, None);
    });
}
