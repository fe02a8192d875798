//! The binary.

use std::process::ExitCode;

use exai_names::Resolver;

/// Whether glibc is a part of this file. It would load modules to resolve a name, and where such a file is used there
/// are none. (musl, which is a part of its programs as a rule, needs none.) Only here is it known: a static program is
/// static by its last link alone, and the libraries in it are the same as in any other.
const CARRIES_GLIBC: bool = cfg!(all(target_env = "gnu", target_feature = "crt-static"));

fn main() -> ExitCode {
    if CARRIES_GLIBC {
        exai_names::choose(Resolver::Own);
    }
    exai::run(exai::Extras::default())
}
