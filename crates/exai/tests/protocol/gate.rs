//! Answers that the provider holds back until the test lets them go: order without time.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};

use exai_sim::process::HANG;
use exai_sim::provider::SimProvider;

/// Holds every answer whose prompt is not let go.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    open: Arc<(Mutex<BTreeSet<String>>, Condvar)>,
}

impl Gate {
    /// Holds all answers of this provider.
    pub(crate) fn hold(provider: &SimProvider) -> Self {
        let gate = Self::default();
        let theirs = gate.clone();
        provider.decide(move |request| {
            theirs.wait(&request.prompt);
            None
        });
        gate
    }

    /// Lets the answers to this prompt go.
    pub(crate) fn let_go(&self, prompt: &str) {
        let (open, changed) = &*self.open;
        open.lock().unwrap().insert(prompt.to_owned());
        changed.notify_all();
    }

    /// A test that has failed must not keep the provider's thread for ever.
    fn wait(&self, prompt: &str) {
        let (open, changed) = &*self.open;
        let held = |open: &mut BTreeSet<String>| !open.contains(prompt);
        drop(changed.wait_timeout_while(open.lock().unwrap(), HANG, held).unwrap());
    }
}
