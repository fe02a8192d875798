//! Outages, as real processes: a simulated provider and host around the real `exai`, on free ports, in directories of
//! their own. Asserted are order, content and generous bounds; the figures are the benchmark's.
//!
//! A predecessor of this system was measured in the situations on the left. What happens here stands on the right, and
//! the named test sees to it.
//!
//! | situation | then | here |
//! |---|---|---|
//! | daemon killed while idle, restarted, next call | works | works (`restarts::a_kill_while_idle_…`) |
//! | killed while idle, call while it is down | answered 2.5 s late, no progress | progress meanwhile, answered once it is ready (`restarts::a_call_made_while_the_daemon_is_away_…`) |
//! | killed in the middle of an answer | paid twice, not told | whole answer, both requests told, progress (`restarts::a_kill_in_the_middle_…`) |
//! | `tools/list` while it is down | after 8 s | at once, the same list (`absent::the_tools_are_listed_at_once_…`) |
//! | shim started without a daemon | list blocks | listed at once, first call held (`absent::a_shim_that_starts_before_its_daemon_…`) |
//! | down for 40 s with a call pending | answered 23 s late | answered once it is ready (`restarts::a_daemon_that_is_away_for_40_s_…`) |
//! | daemon frozen, call issued | no answer in 150 s | progress, or a sentence after `EXAI_HOLD`; another daemon takes over (`frozen::a_frozen_daemon_…`), or it thaws and goes on (`frozen::a_daemon_stopped_for_12_s_…`) |
//! | 4 calls at once on one shim | 3 errors | 4 and 64 answers, run at once (`hosts::calls_of_one_shim_…`) |
//! | 4 shims, a call each | one after the other | at once (`hosts::calls_of_four_shims_…`) |
//! | provider silent for 12 s and 25 s | health file as old, no progress | 60 s: file below 3 s, `busy`, progress, others answered (`health::a_stall_of_60_s_…`) |
//! | asynchronous tool beyond 8 s | cancelled, session lost | answered, session goes on (`streams::a_provider_that_thinks_for_12_s_…`) |
//! | stream stalls after a chunk | daemon frozen for 31 min, 61 requests | cut, fallback, 2 requests, nobody else notices (`streams::a_stalled_stream_…`, `streams::a_hung_stream_…`) |
//! | healthy stream beyond its timeout | cut, answered by another model in silence | goes on to its end (`streams::a_healthy_slow_stream_…`) |
//! | provider that takes one request, second call, then again | refused, then taken for a duplicate | waits, and is asked again (`streams::a_full_provider_…`) |
//! | failing tool called twice | the second time a success | a failure both times (`streams::a_tool_that_fails_twice_…`) |
//! | wrong token; no `hello` | closed, the shim hangs; closed after 15 s | told at once what to set, the shim stays; closed, nobody else notices (`door`) |
//! | shim starts the daemon | script not found | exactly one daemon, also after a kill (`local::shims_that_start_the_daemon_at_once_…`) |
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests and what they call")]

mod absent;
mod door;
mod frozen;
mod health;
mod hosts;
mod leaving;
mod local;
mod remembered;
mod restarts;
mod streams;
mod world;
