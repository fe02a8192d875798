//! The gate of a call.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::*;

/// Grants three attempts to a call, less those made before; up to three that were cut do not count.
pub(super) struct CountingGate<'a> {
    pub(super) made: AtomicU32,
    /// The number of the last one, once it was said that it cost nothing.
    pub(super) unused: Mutex<Option<u32>>,
    pub(super) most: u32,
    pub(super) granted: &'a Mutex<Vec<(u32, String)>>,
}

impl Gate for CountingGate<'_> {
    fn begin<'a>(
        &'a self,
        unused: Option<u32>,
        provider: &'a str,
        model: &'a str,
        continues: u64,
    ) -> BoxFuture<'a, Result<u32, Denied>> {
        assert_eq!(unused, self.unused.lock().unwrap().take(), "what cost nothing was told when it failed");
        let n = unused.unwrap_or_else(|| self.made.fetch_add(1, Ordering::SeqCst) + 1);
        if n > self.most {
            return Box::pin(std::future::ready(Err(Denied::Exhausted)));
        }
        let from = if continues == 0 { String::new() } else { format!(" from {continues}") };
        self.granted.lock().unwrap().push((n, format!("{provider}/{model}{from}")));
        Box::pin(std::future::ready(Ok(n)))
    }

    fn cost_nothing(&self) {
        let told = self.unused.lock().unwrap().replace(self.made.load(Ordering::SeqCst));
        assert_eq!(told, None, "told once");
    }
}
