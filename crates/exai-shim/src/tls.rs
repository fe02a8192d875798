//! TLS for `wss://`, built when it is first dialled: reading the root certificates would double the start-up.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};

/// Whose signature under a daemon's certificate counts: the bundled public roots, so that an image without CA
/// certificates works the same, and those of a file (`EXAI_WS_CA`).
#[derive(Debug, Default)]
pub(crate) struct Trust {
    further: Option<PathBuf>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// The bundled roots, and those of this PEM file.
    pub(crate) fn new(further: Option<PathBuf>) -> Self {
        Self { further, config: OnceLock::new() }
    }

    /// The file that [`Self::config`] will read, if it will.
    pub(crate) fn unread(&self) -> Option<&Path> {
        self.further.as_deref().filter(|_| self.config.get().is_none())
    }

    /// The same for every connection once it could be made. Reads the file: blocks as long as the disk does.
    ///
    /// # Errors
    /// A sentence: the file can't be read, or holds no certificates.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.build()?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    fn build(&self) -> Result<ClientConfig, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        if let Some(path) = &self.further {
            add(&mut roots, path).map_err(|why| format!("EXAI_WS_CA: {}: {why}", path.display()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
        added += 1;
    }
    if added == 0 { Err("it holds no certificate in PEM form".to_owned()) } else { Ok(()) }
}

/// What to tell of an error that TLS raised; `None`: another layer did.
pub(crate) fn sentence(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let hint = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "; if a private authority signed it, name a PEM file with that authority's certificate in EXAI_WS_CA"
        }
        _ => "",
    };
    Some(format!("TLS: {error}{hint}"))
}

#[cfg(test)]
pub(crate) mod tests;
