//! Disks as small as a test wants them: tmpfs, mounted where nobody else sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the directory in the process that has it mounted.
const MOUNTED: &str = "EXAI_TEST_MOUNT";

/// Runs the test of this name again, in a process of its own in which a directory is a disk of so many MiB; in that
/// process, gives the directory. `None`: it was run, or there is no way to run it here.
pub(crate) fn small_disk(test: &str, mib: u32) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the harness takes no arguments for its tests")]
    if let Some(mounted) = std::env::var_os(MOUNTED) {
        return Some(mounted.into());
    }
    let dir = tempfile::tempdir().unwrap();
    if !can_mount(dir.path()) {
        eprintln!("{test} is not run: no user namespaces with mounts here");
        return None;
    }
    let script = format!(
        "mount -t tmpfs -o size={mib}m exai \"${MOUNTED}\" && exec \"$0\" --exact {test} --nocapture"
    );
    let exe = std::env::current_exe().unwrap();
    let output = own_mounts(&script).arg(exe).env(MOUNTED, dir.path()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && text[0].contains("1 passed"), "{}\n{}", text[0], text[1]);
    None
}

/// Makes the disk read-only, in the process that has it.
pub(crate) fn make_read_only(dir: &Path) {
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(dir).status().unwrap().success());
}

fn can_mount(dir: &Path) -> bool {
    let mut command = own_mounts("mount -t tmpfs exai \"$0\"");
    command.arg(dir).output().is_ok_and(|output| output.status.success())
}

fn own_mounts(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command
}
