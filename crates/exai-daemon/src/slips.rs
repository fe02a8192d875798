//! Models in the settings that can't be asked, in the log.

use std::sync::Arc;
use std::time::Duration;

use exai_settings::{Discovery, Settings};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::toolbox::Toolbox;

/// A provider's own list, which is asked for at first, may know a name that the catalogue does not; it has come by then, or will
/// not soon.
const LISTS_COME: Duration = Duration::from_secs(15);

/// Tells of them once, when it is sure.
pub(crate) fn tell(tasks: &mut JoinSet<()>, work: &Handle, settings: &Settings, toolbox: Arc<Toolbox>) {
    let after = match settings.models.discovery {
        Discovery::On => LISTS_COME,
        Discovery::Off => Duration::ZERO,
    };
    let tells = async move {
        tokio::time::sleep(after).await;
        for slip in toolbox.slips() {
            tracing::warn!(slip, "a model in the settings can't be asked");
        }
    };
    tasks.spawn_on(tells, work);
}
