//! A certificate and its key in files that are read again while the server runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::tls::{TlsConfig, TlsError, read_pair};

/// A certificate chain and its private key in PEM files, which can be read [again](CertificateFiles::reload) at any time:
/// `serve(app).tls(&files)`. Connections that are there go on as they are; those that come are shown the newest.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    chain: PathBuf,
    key: PathBuf,
    newest: Arc<Newest>,
}

impl CertificateFiles {
    /// Reads the files, as [`TlsConfig::from_pem_files`] does.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or has nothing of its kind in it, or when the two do not fit together.
    pub fn open(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (chain, key) = (chain.as_ref().to_owned(), key.as_ref().to_owned());
        let newest = Arc::new(Newest(RwLock::new(read(&chain, &key)?)));
        Ok(CertificateFiles { chain, key, newest })
    }

    /// Reads the files again. After an error, what was there stays in use.
    ///
    /// # Errors
    ///
    /// As [`open`](CertificateFiles::open).
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.chain, &self.key)?;
        *self.newest.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

fn read(chain: &Path, key: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let (chain, key) = read_pair(chain, key)?;
    let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    certified.map(Arc::new).map_err(TlsError::Unfit)
}

/// TLS 1.3 and 1.2, with the cryptography of aws-lc-rs.
impl From<&CertificateFiles> for TlsConfig {
    fn from(files: &CertificateFiles) -> Self {
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for the default versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&files.newest) as Arc<dyn ResolvesServerCert>)
            .into()
    }
}

#[derive(Debug)]
struct Newest(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Newest {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
