//! What the machine takes away from whoever computes: others' processes, and the host of a virtual machine. It is in every
//! figure, and most of what its high percentiles tell on a shared machine.

use std::time::{Duration, Instant};

use super::bed::Bed;
use super::table::{Row, Verdict, shown};

const LENGTH: Duration = Duration::from_secs(4);

/// As long as the tasks of one question together.
const GAP: Duration = Duration::from_micros(500);

/// On each core a thread that does nothing but read the clock; how often it stands still.
pub(super) fn of_the_machine(_: &Bed) -> anyhow::Result<Vec<Row>> {
    let cores = std::thread::available_parallelism()?.get();
    let gaps: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(read_the_clock)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    let each_second = gaps.len() as f64 / LENGTH.as_secs_f64();
    let longest = gaps.into_iter().max().unwrap_or_default();
    Ok(vec![Row {
        figure: "what this machine takes: times a second that one of its cores stands still for over 0.5 ms / longest",
        target: "–",
        measured: format!("{each_second:.1} a second / {}", shown(longest)),
        floor: "–".to_owned(),
        ratio: None,
        verdict: Verdict::NoTarget,
    }])
}

fn read_the_clock() -> Vec<Duration> {
    let (begun, mut gaps) = (Instant::now(), Vec::new());
    let mut last = begun;
    while last.duration_since(begun) < LENGTH {
        let now = Instant::now();
        gaps.extend(Some(now.duration_since(last)).filter(|gap| *gap > GAP));
        last = now;
    }
    gaps
}
