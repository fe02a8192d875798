//! The whole in virtual time: the real logic of shims and daemons, between hosts, a network, disks and providers that do
//! their worst. A seed decides everything that happens, so that what was found once can be seen again.
//!
//! [`run`] lets one seed's world live through its faults and a quiet end, then asks every checker whether what was promised
//! was kept.

mod agenda;
mod bug;
mod checker;
mod climate;
mod coverage;
mod daemon_process;
mod deed;
mod dice;
mod disk;
mod executor;
mod history;
mod host;
mod names;
mod network;
mod oracle;
mod provider;
mod script;
mod shim_process;
mod trace;
mod world;

pub use bug::Seeded;
pub use coverage::Coverage;
pub use history::{Invariant, Violation};
pub use trace::Trace;

/// What came of a seed.
#[derive(Debug)]
pub struct Report {
    /// Promises that were broken, in order.
    pub violations: Vec<Violation>,
    /// What the world has been through.
    pub coverage: Coverage,
    /// Everything that happened, if it was wanted.
    pub trace: Trace,
}

/// Lives through one seed; `traced`: keeps everything that happens as text.
pub fn run(seed: u64, bug: Option<Seeded>, traced: bool) -> Report {
    let mut world = world::World::new(seed, bug, traced);
    world.live();
    let violations = checker::check(&world.history);
    Report { violations, coverage: world.coverage, trace: world.trace }
}
