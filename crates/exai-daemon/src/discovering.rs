//! Asks providers which models they have, for as long as the daemon serves: nobody would use what it hears in a drain.

use std::sync::Arc;

use exai_settings::{Discovery, Settings};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::toolbox::Toolbox;

/// Starts it on the work runtime, where the settings want it; it ends with the beginning of a drain, or when `tasks` are
/// dropped.
pub(crate) fn start(tasks: &mut JoinSet<()>, work: &Handle, settings: &Settings, toolbox: Arc<Toolbox>) {
    if settings.models.discovery == Discovery::On {
        let discovers = async move {
            tokio::select! {
                biased;
                () = toolbox.draining() => {}
                never = toolbox.keep_discovering() => match never {},
            }
        };
        tasks.spawn_on(discovers, work);
    }
}
