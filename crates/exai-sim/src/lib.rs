//! The test world: simulated providers and hosts, the demo, the benchmark.
