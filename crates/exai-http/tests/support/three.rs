//! The gate of a call that nothing came before.

use std::sync::atomic::{AtomicU32, Ordering};

use exai_provider::{BoxFuture, Denied, Gate};

/// Grants three attempts.
#[derive(Default)]
pub(crate) struct Three(AtomicU32);

impl Gate for Three {
    fn begin<'a>(
        &'a self,
        unused: Option<u32>,
        _: &'a str,
        _: &'a str,
        _: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        let n = unused.unwrap_or_else(|| self.0.fetch_add(1, Ordering::SeqCst) + 1);
        Box::pin(std::future::ready(if n <= 3 { Ok(n) } else { Err(Denied::Exhausted) }))
    }
}
