//! Lines of a host into the MCP engine: whatever comes, every line out is JSON on one line below its bound, every request
//! with a readable id is answered once, nothing is said of what was cancelled, and progress rises.
//!
//! An input is a script, a line a step. One that begins with `!` is what the driver does (see `driver.rs`); any other is
//! the host's, byte for byte.

#![no_main]

mod driver;
mod host;

use libfuzzer_sys::fuzz_target;

use self::driver::Driver;

fuzz_target!(|script: &[u8]| {
    let mut driver = Driver::new();
    for step in script.split(|&byte| byte == b'\n') {
        match step.strip_prefix(b"!") {
            Some(deed) => driver.deed(deed),
            None => driver.line(step),
        }
    }
    driver.end();
});
