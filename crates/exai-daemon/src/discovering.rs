//! Asks providers which models they have, for as long as the daemon serves.

use std::sync::Arc;

use exai_settings::{Discovery, Settings};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::toolbox::Toolbox;

/// Starts it on the work runtime, where the settings want it; it ends when `tasks` are dropped.
pub(crate) fn start(tasks: &mut JoinSet<()>, work: &Handle, settings: &Settings, toolbox: Arc<Toolbox>) {
    if settings.models.discovery == Discovery::On {
        tasks.spawn_on(async move { match toolbox.keep_discovering().await {} }, work);
    }
}
