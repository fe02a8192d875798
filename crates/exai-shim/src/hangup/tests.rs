#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::poll_fn;
use std::os::unix::net::UnixStream;

use super::*;

fn next(hangup: &mut Hangup) -> Gone {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(poll_fn(|cx| hangup.poll(cx)))
}

#[test]
fn each_end_that_goes_away_is_told() {
    let (host_writes, stdin) = UnixStream::pair().unwrap();
    let (stdout, host_reads) = UnixStream::pair().unwrap();
    let mut hangup = unix::watch(stdin, stdout);
    drop(host_reads);
    assert_eq!(next(&mut hangup), Gone::Reader);
    drop(host_writes);
    assert_eq!(next(&mut hangup), Gone::Writer);
}

#[test]
fn unread_lines_are_no_hangup() {
    let (host_writes, stdin) = UnixStream::pair().unwrap();
    let (stdout, host_reads) = UnixStream::pair().unwrap();
    let mut hangup = unix::watch(stdin, stdout);
    std::io::Write::write_all(&mut &host_writes, b"{}\n").unwrap();
    drop(host_reads);
    // Were the waiting line a hangup, it would be told first or instead.
    assert_eq!(next(&mut hangup), Gone::Reader);
    drop(host_writes);
    assert_eq!(next(&mut hangup), Gone::Writer);
}

#[test]
fn a_socket_whose_other_side_only_ends_its_writing_is_told_as_gone() {
    let (host_writes, stdin) = UnixStream::pair().unwrap();
    let (stdout, host_reads) = UnixStream::pair().unwrap();
    let mut hangup = unix::watch(stdin, stdout);
    std::io::Write::write_all(&mut &host_writes, b"{}\n").unwrap();
    // Its reading side stays open, as that of a host with one socket for both directions.
    host_writes.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(next(&mut hangup), Gone::Writer);
    drop(host_reads);
    assert_eq!(next(&mut hangup), Gone::Reader);
}

#[test]
fn a_socket_on_which_the_host_writes_nothing_is_still_read_by_it() {
    let (stdout, host_reads) = UnixStream::pair().unwrap();
    let (host_writes, stdin) = UnixStream::pair().unwrap();
    let mut hangup = unix::watch(stdin, stdout);
    host_reads.shutdown(std::net::Shutdown::Write).unwrap();
    // Were the half-closed stdout a hangup, it would be told first.
    drop(host_writes);
    assert_eq!(next(&mut hangup), Gone::Writer);
    drop(host_reads);
    assert_eq!(next(&mut hangup), Gone::Reader);
}
