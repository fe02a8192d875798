#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::TcpStream;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// The test authority's certificate, valid for a century, as all of them are.
pub(crate) fn authority() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/test/ca.pem")
}

/// The daemon's side of TLS, with a certificate of the test authority for 127.0.0.1 and localhost.
pub(crate) fn serve(stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("test/daemon.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("test/daemon.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream)
}

#[test]
fn a_file_that_is_missing_or_holds_no_certificate_is_told_with_the_setting() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roots.pem");
    let trust = Trust::new(Some(path.clone()));
    let error = trust.config().unwrap_err();
    assert!(error.contains("EXAI_WS_CA") && error.contains("roots.pem"), "{error}");
    std::fs::write(&path, "no PEM at all").unwrap();
    assert!(trust.config().unwrap_err().contains("no certificate"));
    std::fs::copy(authority(), &path).unwrap();
    trust.config().expect("what was mended is read anew");
}
