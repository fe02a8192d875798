//! stdin and stdout, the MCP engine, the session, the socket: the process that lives as long as its host.
//!
//! One thread runs one loop over one closed [`event::Event`]; a thread each reads stdin and writes stdout, because
//! that is ten times quicker than the runtime's own, and because a blocked one must not stop the loop.
//!
//! Invariants: the shim ends only when its host does (end of stdin, closed stdout, SIGTERM, SIGINT, SIGHUP) or after
//! the outage that `EXAI_SHIM_EXIT_AFTER` allows; nothing but the writer thread touches fd 1; nothing here waits for
//! the daemon, the disk, the log, stderr or the host's reading, and all that waits is bounded. One exception: before
//! the first line is read, the kept tool definitions are waited for, 250 ms at most.

mod alarm;
mod answer;
pub mod ask;
mod autostart;
mod calls;
mod catalogue;
mod clock;
mod collect;
mod counted;
mod dial;
mod digest;
pub mod endpoint;
mod ends;
mod event;
pub mod files;
mod hangup;
mod host_profile;
mod jobs;
mod links;
mod local;
mod locating;
mod log;
mod mending;
mod nearest;
mod news;
mod nowait;
mod options;
mod params;
mod random;
mod reading;
mod requests;
mod rounds;
mod seal;
mod seal_key;
mod setup;
mod shim;
mod signal;
mod skew;
mod socket;
mod starter;
pub mod state_room;
mod stderr;
mod stdin;
mod stdout;
mod task_requests;
mod tasks;
mod throttles;
mod tls;

pub use nearest::nearest;
pub use options::{Catalogue, Reload, ShimOptions};

use std::process::ExitCode;
use std::time::Duration;

use crate::hangup::Hangup;
use crate::nowait::NoWait;
use crate::shim::{Shim, Streams};
use crate::signal::Signals;

/// Exit code where the operating system gives no thread or no event queue: EX_OSERR of sysexits.
const EXIT_NO_RESOURCES: u8 = 71;

/// How long the log's last lines are waited for; 100 ms in all are promised for the end.
const LAST_LINES: Duration = Duration::from_millis(20);

/// Runs the shim until its host ends. Blocks; builds its own runtime on the calling thread. Return its code from
/// `main`: a thread blocked in reading stdin stays behind and goes with the process.
pub fn run(options: ShimOptions) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => return no_resources(&error),
    };
    let code = runtime.block_on(serve(options));
    // A name that is being resolved and a file that is being read are not waited for.
    runtime.shutdown_background();
    code
}

async fn serve(options: ShimOptions) -> ExitCode {
    let state = &options.loaded.settings.state;
    let log = log::install(state.dir.as_deref(), state.log_level);
    let streams = Streams {
        stdin: Box::new(std::io::stdin()),
        stdout: Box::new(std::io::stdout()),
        nowait: NoWait::of_stdio(),
        hangup: Hangup::of_stdio(),
        signals: Signals::listen(),
    };
    let mut shim = match Shim::new(options, streams) {
        Ok(shim) => shim,
        Err(error) => return no_resources(&error),
    };
    let code = shim.run().await;
    if let Some(log) = log {
        log.settle(LAST_LINES);
    }
    ExitCode::from(code)
}

fn no_resources(error: &std::io::Error) -> ExitCode {
    stderr::line(&format!("exai: the operating system refuses what a shim needs: {error}"));
    ExitCode::from(EXIT_NO_RESOURCES)
}
