//! The provider as a process of its own.

use std::io::{Read as _, Write};
use std::net::SocketAddr;

use super::SimProvider;

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// When to end.
    pub until: Lifetime,
}

/// When a provider process ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Never: it waits for a signal.
    Signal,
    /// At the end of stdin, so that it can't outlive the process that started it.
    Stdin,
}

/// Runs a provider in this process; its first and only line on `out` is its URL, for example `http://127.0.0.1:4711`.
///
/// # Errors
/// The port can't be bound, or `out` is closed.
pub fn serve_blocking(options: ServeOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let provider = SimProvider::start_on(options.listen)?;
    writeln!(out, "http://{}", provider.address())?;
    out.flush()?;
    match options.until {
        Lifetime::Stdin => {
            let mut block = [0; 1024];
            // A read error is an end as well.
            while matches!(std::io::stdin().read(&mut block), Ok(count) if count > 0) {}
            Ok(())
        }
        Lifetime::Signal => loop {
            std::thread::park();
        },
    }
}
