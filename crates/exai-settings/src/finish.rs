//! Values that follow from other values, and values that contradict each other.

use std::path::Path;
use std::time::Duration;

use crate::dirs::Dirs;
use crate::duration;
use crate::given;
use crate::kind::{is_absolute, join_paths};
use crate::load::Loader;
use crate::problem::Problem;
use crate::provider::{ChosenBy, Provider};
use crate::settings::{Address, Settings};
use crate::sources::Sources;

pub(crate) fn finish(settings: &mut Settings, loader: &mut Loader, sources: &Sources<'_>) {
    files(settings, loader);
    file_roots(settings, loader, sources);
    let named = ["EXAI_WS_URL", "EXAI_WS_HOST", "EXAI_WS_PORT"];
    if named.iter().any(|name| loader.given.candidate(name).is_some()) {
        settings.connection.address = Address::Configured;
    }
    hold(settings, loader);
    let call = settings.calls.timeout;
    for provider in &mut settings.providers {
        if loader.is_chosen(&provider.variable("STREAM_TIMEOUT")) {
            provider.stream_timeout.chosen_by = ChosenBy::User;
        }
        if loader.is_chosen(&provider.variable("MAX_CONCURRENCY")) {
            provider.concurrency_chosen_by = ChosenBy::User;
        }
        clocks(provider, call, loader);
    }
}

fn files(settings: &mut Settings, loader: &mut Loader) {
    let state = &mut settings.state;
    state.env_file = loader.given.file.as_ref().map(|file| file.path.clone());
    state.users_env_file = given::users_file(&loader.given.environment, loader.given.base.platform);
    if !loader.is_chosen("ENV_FILE") {
        loader.show("ENV_FILE", state.env_file.as_deref().map(shown));
    }
    if state.dir.is_none() {
        let platform = loader.given.base.platform;
        state.dir = Dirs { environment: &loader.given.environment, platform }.state();
        loader.show("EXAI_STATE_DIR", state.dir.as_deref().map(shown));
    }
    let platform = loader.given.base.platform;
    for (name, file) in [("EXAI_HEALTH_FILE", &mut state.health_file), ("EXAI_LOG_FILE", &mut state.log_file)]
    {
        *file = match (file.take(), &state.dir) {
            (Some(path), _) if is_absolute(&path.to_string_lossy(), platform) => Some(path),
            (Some(path), Some(dir)) => Some(dir.join(path)),
            _ => None,
        };
        loader.show(name, file.as_deref().map(shown));
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The default roots. A file system's root is left out: a host that starts there means no project.
fn file_roots(settings: &mut Settings, loader: &mut Loader, sources: &Sources<'_>) {
    if !settings.shim.file_roots.is_empty() {
        return;
    }
    let project = sources.working_dir.as_ref().filter(|dir| dir.parent().is_some());
    let home = loader.given.base.home.as_ref().filter(|home| Some(*home) != project);
    settings.shim.file_roots = project.into_iter().chain(home).cloned().collect();
    let roots = &settings.shim.file_roots;
    let text = (!roots.is_empty()).then(|| join_paths(roots, sources.platform));
    loader.show("EXAI_FILE_ROOTS", text);
}

fn hold(settings: &mut Settings, loader: &mut Loader) {
    let calls = &mut settings.calls;
    if calls.hold <= calls.timeout {
        return;
    }
    calls.hold = calls.timeout;
    let limit = duration::write(calls.timeout);
    if loader.is_chosen("EXAI_HOLD") {
        too_long("EXAI_HOLD", &limit, loader);
    }
    loader.show("EXAI_HOLD", Some(limit));
}

/// A clock that can't strike is a misunderstanding worth a word.
fn clocks(provider: &Provider, call: Duration, loader: &mut Loader) {
    let clocks = [
        ("STREAM_TIMEOUT", Some(provider.stream_timeout.after)),
        ("CONNECT_TIMEOUT", Some(provider.connect_timeout)),
        ("FIRST_EVENT_TIMEOUT", provider.first_event_timeout),
        ("IDLE_TIMEOUT", provider.idle_timeout),
    ];
    for (suffix, clock) in clocks {
        let name = provider.variable(suffix);
        if clock.is_some_and(|clock| clock > call) && loader.is_chosen(&name) {
            too_long(&name, &duration::write(call), loader);
        }
    }
}

fn too_long(name: &str, limit: &str, loader: &mut Loader) {
    let Some(row) = loader.row(name) else { return };
    let message = format!(
        "a call ends after EXAI_CALL_TIMEOUT ({limit}) at the latest; make this shorter, or that longer"
    );
    let problem = Problem::of(row.origin.clone(), name, message).showing(row.value.as_deref());
    loader.report.warnings.push(problem);
}
