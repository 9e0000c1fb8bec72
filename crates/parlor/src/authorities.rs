//! Who may vouch for a server that is asked by https: certificates of a file, or those that the system trusts.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::pki_types::CertificateDer;
use websocket_hub::rustls::pki_types::pem::{self, PemObject};
use websocket_hub::rustls::{ClientConfig, RootCertStore};

/// Why nobody can be asked by https.
#[derive(Debug)]
pub(crate) enum AuthoritiesError {
    /// The file is none of certificates.
    File(PathBuf, pem::Error),
    /// There is no certificate that can vouch for anybody. Which setting names a file.
    None(String, &'static str),
}

impl fmt::Display for AuthoritiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthoritiesError::File(path, error) => {
                write!(f, "{} is no file of certificates in PEM form: {error}", path.display())
            }
            AuthoritiesError::None(why, setting) => write!(
                f,
                "no certificate can vouch for who is asked by https ({why}): install the package ca-certificates, or \
                 name a file that has some with {setting}"
            ),
        }
    }
}

impl std::error::Error for AuthoritiesError {}

/// How to ask by https, if those in the file that a setting names vouch for who answers, or without one those that the
/// system trusts.
pub(crate) fn client(
    file: Option<&Path>,
    setting: &'static str,
) -> Result<Arc<ClientConfig>, AuthoritiesError> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the default versions")
        .with_root_certificates(roots(file, setting)?)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn roots(file: Option<&Path>, setting: &'static str) -> Result<RootCertStore, AuthoritiesError> {
    let mut roots = RootCertStore::empty();
    let mut why = "none is there".to_owned();
    match file {
        Some(path) => {
            let failed = |error| AuthoritiesError::File(path.to_owned(), error);
            let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
            let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(failed)?;
            roots.add_parsable_certificates(certificates);
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if let Some(error) = found.errors.first() {
                why = error.to_string();
            }
        }
    }
    if roots.is_empty() { Err(AuthoritiesError::None(why, setting)) } else { Ok(roots) }
}
