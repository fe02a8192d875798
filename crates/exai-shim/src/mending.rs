//! Wrong settings that are put right while the shim runs: hosts rarely start a server again, so they are read anew when a
//! call comes, by a job, because the disk may hang.

use std::time::Duration;

use exai_mcp::{CallKey, IncomingCall};
use exai_settings::Loaded;

use crate::answer;
use crate::event::Done;
use crate::options::Reload;
use crate::setup;
use crate::shim::{self, Shim};

/// From one read to the next; calls in between are answered with what the last one found.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a read is waited for.
const LIMIT: Duration = Duration::from_secs(2);

/// See the module. At most one read runs, however long it hangs.
#[derive(Debug, Default)]
pub(crate) struct Mending {
    /// Calls that wait for it, no more than can be open.
    waiting: Vec<IncomingCall>,
    /// When the read that runs was begun.
    began: Option<Duration>,
    /// When the last one ended.
    ended: Option<Duration>,
}

impl Mending {
    /// When the read that runs is not waited for any more.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.began.filter(|_| !self.waiting.is_empty()).map(|began| began + LIMIT)
    }

    /// The call was cancelled.
    pub(crate) fn forget(&mut self, key: CallKey) {
        self.waiting.retain(|call| call.key != key);
    }

    /// Whether waiting is worth while.
    fn is_due(&self, now: Duration) -> bool {
        match (self.began, self.ended) {
            (Some(began), _) => now < began + LIMIT,
            (None, ended) => ended.is_none_or(|ended| now >= ended + AGAIN),
        }
    }
}

/// All that is wrong, if some of it stops a shim. What only the daemon reads, the daemon tells.
pub(crate) fn problems(loaded: &Loaded) -> Vec<String> {
    let errors = loaded.errors.iter().filter(|_| loaded.stops_shim());
    errors.map(ToString::to_string).collect()
}

impl Shim {
    /// A call has come while the settings are wrong, as far as is known.
    pub(crate) fn mend(&mut self, now: Duration, call: IncomingCall) {
        let Some(Reload(load)) = self.options.reload.clone().filter(|_| self.mending.is_due(now)) else {
            return self.engine.answer(now, call.key, answer::settings(&self.problems));
        };
        self.mending.waiting.push(call);
        if self.mending.began.is_none() {
            self.mending.began = Some(now);
            self.jobs.block(move || Done::Settings(Box::new(load())));
        }
    }

    /// The settings were read again.
    pub(crate) fn on_settings(&mut self, now: Duration, loaded: Loaded) {
        self.mending.began = None;
        self.mending.ended = Some(now);
        self.problems = problems(&loaded);
        if self.problems.is_empty() {
            tracing::info!("the settings are right now");
            self.options.loaded = loaded;
            self.take_settings();
        }
        for call in std::mem::take(&mut self.mending.waiting) {
            if self.problems.is_empty() {
                self.on_call(now, call);
            } else {
                self.engine.answer(now, call.key, answer::settings(&self.problems));
            }
        }
    }

    /// What follows from them. Nothing was dialled and no call was given to the session with the wrong ones.
    fn take_settings(&mut self) {
        let settings = &self.options.loaded.settings;
        self.target = setup::target(settings);
        self.address = self.target.describe();
        self.start_hint = setup::start_hint(settings);
        self.state_dir.clone_from(&settings.state.dir);
        self.starter = setup::starter(&self.options, self.clock);
        self.file_rules = setup::file_rules(&self.options).into();
        self.session = shim::session(&self.options, &self.target);
        if let Some(host) = self.host.clone() {
            self.session.set_host(host);
        }
    }

    /// Answers those who have waited too long for the disk.
    pub(crate) fn end_mending(&mut self, now: Duration) {
        if self.mending.poll_timeout().is_none_or(|until| now < until) {
            return;
        }
        for call in std::mem::take(&mut self.mending.waiting) {
            self.engine.answer(now, call.key, answer::settings(&self.problems));
        }
    }
}
