//! exai in its container, for real: the image of Dockerfile.prebuilt and the set-up of compose.yaml in an engine, its shims
//! outside with their hosts, as on a user's machine.
//!
//! It needs an engine on this machine (the one of `DOCKER_HOST`, else the usual one), a `docker-compose`, and in `target/image`
//! what Dockerfile.prebuilt takes; `.ci/run` sees to all three. Where one is missing these tests are reported as ignored,
//! with the reason, and as failed if `EXAI_DOCKER_TESTS` is `required`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test runner and its tests"
)]

mod engine;
mod harness;
mod image;
mod outages;
mod view;
mod world;

use std::process::ExitCode;

use engine::Engine;
use harness::{Outfit, Trial};

const TRIALS: [Trial; 8] = [
    Trial { name: "image::it_holds_one_program_and_is_small", run: image::it_holds_one_program_and_is_small },
    Trial {
        name: "image::logs_of_somebody_else_are_told_and_the_daemon_works_on",
        run: image::logs_of_somebody_else_are_told_and_the_daemon_works_on,
    },
    Trial { name: "outages::restart", run: outages::restart },
    Trial { name: "outages::kill", run: outages::kill },
    Trial { name: "outages::pause_for_15_s", run: outages::pause_for_15_s },
    Trial { name: "outages::down_and_up_with_the_volume", run: outages::down_and_up_with_the_volume },
    Trial { name: "outages::down_and_up_without_the_volume", run: outages::down_and_up_without_the_volume },
    Trial { name: "outages::an_end_and_the_restart_policy", run: outages::an_end_and_the_restart_policy },
];

fn main() -> ExitCode {
    harness::run(&TRIALS, || {
        #[expect(clippy::disallowed_methods, reason = "tests have no `main` that could pass it in")]
        let wanted = std::env::var("EXAI_DOCKER_TESTS").unwrap_or_default();
        match Engine::find() {
            Ok(engine) => Outfit::There(engine),
            Err(why) if wanted == "required" => Outfit::Missed(why),
            Err(why) => Outfit::Missing(why),
        }
    })
}
