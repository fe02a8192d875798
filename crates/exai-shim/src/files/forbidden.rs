//! Files that are never read, because they usually hold secrets, and a secret that was sent to a provider is lost.
//!
//! Names are compared without regard to case: on two of three platforms the file system does the same.

use std::ffi::OsStr;
use std::path::{Component, Path};

/// How a name is matched; patterns are lower case.
#[derive(Debug, Clone, Copy)]
enum Name {
    Is(&'static str),
    StartsWith(&'static str),
    EndsWith(&'static str),
}

const KEY: &str = "it is a private key or key store";
const ENV: &str = "it is a file of settings and keys";
const LOGIN: &str = "it holds passwords or tokens";
const HISTORY: &str = "it is a history of commands, which often holds passwords";
const STATE: &str = "Terraform's state holds secrets in the clear";
const KEY_DIR: &str = "its directory holds keys or tokens";
const HOME_DIR: &str = "it lies in a hidden directory of the home, where programs keep logins and keys";
const CONFIGURED: &str = "it holds exai's own keys";

const NAMES: [(Name, &str); 41] = [
    (Name::Is(".env"), ENV),
    (Name::StartsWith(".env."), ENV),
    (Name::EndsWith(".env"), ENV),
    (Name::Is(".envrc"), ENV),
    (Name::EndsWith(".pem"), KEY),
    (Name::EndsWith(".key"), KEY),
    (Name::EndsWith(".p12"), KEY),
    (Name::EndsWith(".pfx"), KEY),
    (Name::EndsWith(".p8"), KEY),
    (Name::EndsWith(".jks"), KEY),
    (Name::EndsWith(".keystore"), KEY),
    (Name::EndsWith(".kdbx"), KEY),
    (Name::EndsWith(".ppk"), KEY),
    (Name::EndsWith(".ovpn"), KEY),
    (Name::StartsWith("id_rsa"), KEY),
    (Name::StartsWith("id_dsa"), KEY),
    (Name::StartsWith("id_ecdsa"), KEY),
    (Name::StartsWith("id_ed25519"), KEY),
    (Name::Is(".netrc"), LOGIN),
    (Name::Is("_netrc"), LOGIN),
    (Name::Is(".pgpass"), LOGIN),
    (Name::Is(".my.cnf"), LOGIN),
    (Name::Is(".npmrc"), LOGIN),
    (Name::Is(".yarnrc.yml"), LOGIN),
    (Name::Is(".pypirc"), LOGIN),
    (Name::Is(".git-credentials"), LOGIN),
    (Name::Is(".htpasswd"), LOGIN),
    (Name::Is(".dockercfg"), LOGIN),
    (Name::Is(".vault-token"), LOGIN),
    (Name::Is("kubeconfig"), LOGIN),
    (Name::Is("credentials"), LOGIN),
    (Name::Is("credentials.json"), LOGIN),
    (Name::Is("credentials.toml"), LOGIN),
    (Name::Is("credentials.yml"), LOGIN),
    (Name::Is("credentials.yaml"), LOGIN),
    (Name::Is("credentials.csv"), LOGIN),
    (Name::StartsWith("client_secret"), LOGIN),
    (Name::EndsWith("_history"), HISTORY),
    (Name::EndsWith(".tfstate"), STATE),
    (Name::EndsWith(".tfstate.backup"), STATE),
    (Name::Is("shadow"), LOGIN),
];

/// Templates that are made to be shared.
const SHARED_TEMPLATES: [&str; 4] = [".example", ".sample", ".template", ".dist"];

/// Directories whose content is secret wherever they stand.
const KEY_DIRS: [&str; 8] =
    [".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".gcloud"];

/// Directories of the home that are not hidden by their name, yet serve the same purpose on their platform.
const HOME_DIRS: &[&str] = if cfg!(windows) {
    &["appdata"]
} else if cfg!(target_os = "macos") {
    &["library"]
} else {
    &[]
};

/// Why a file is never read by its name alone.
pub(super) fn by_name(path: &Path) -> Option<&'static str> {
    let name = lower(path.file_name()?);
    if SHARED_TEMPLATES.iter().any(|ending| name.ends_with(ending)) {
        return None;
    }
    NAMES.iter().find(|(pattern, _)| pattern.matches(&name)).map(|(_, reason)| *reason)
}

/// Why a file is never read by where it really lies. `home` and `secret_files` are real paths, too.
pub(super) fn by_place(
    real: &Path,
    home: Option<&Path>,
    secret_files: &[impl AsRef<Path>],
) -> Option<&'static str> {
    if secret_files.iter().any(|secret| secret.as_ref() == real) {
        return Some(CONFIGURED);
    }
    let directory = real.parent()?;
    if directory.components().any(|part| KEY_DIRS.contains(&lower(part.as_os_str()).as_str())) {
        return Some(KEY_DIR);
    }
    let Component::Normal(below_home) = directory.strip_prefix(home?).ok()?.components().next()? else {
        return None;
    };
    let below_home = lower(below_home);
    (below_home.starts_with('.') || HOME_DIRS.contains(&below_home.as_str())).then_some(HOME_DIR)
}

impl Name {
    fn matches(self, name: &str) -> bool {
        match self {
            Self::Is(pattern) => name == pattern,
            Self::StartsWith(pattern) => name.starts_with(pattern),
            Self::EndsWith(pattern) => name.ends_with(pattern),
        }
    }
}

fn lower(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests;
