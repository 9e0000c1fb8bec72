//! TLS for a server, by rustls: its certificate, its key, and the HTTP versions that it offers.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// HTTP/2 in ALPN.
pub(crate) const H2: &[u8] = b"h2";

/// TLS for a server: `serve(app).tls(TlsConfig::from_pem_files("chain.pem", "key.pem")?)`.
///
/// Clients that speak HTTP/2 are offered it. What a rustls configuration of your own says of ALPN is kept, so
/// one that names `http/1.1` alone has no HTTP/2.
#[derive(Clone, Debug)]
pub struct TlsConfig(Arc<ServerConfig>);

impl TlsConfig {
    /// A certificate chain, the server's own certificate first, and its private key (PKCS #8, PKCS #1 or SEC1),
    /// from files in PEM form. TLS 1.3 and 1.2, with the cryptography of aws-lc-rs.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or has nothing of its kind in it, or when the two do not fit together.
    pub fn from_pem_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (chain, key) = read_pair(chain.as_ref(), key.as_ref())?;
        Ok(ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(TlsError::Unfit)?
            .into())
    }

    pub(crate) fn into_inner(self) -> Arc<ServerConfig> {
        self.0
    }
}

impl From<Arc<ServerConfig>> for TlsConfig {
    fn from(mut config: Arc<ServerConfig>) -> Self {
        if config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        }
        TlsConfig(config)
    }
}

impl From<ServerConfig> for TlsConfig {
    fn from(config: ServerConfig) -> Self {
        Arc::new(config).into()
    }
}

/// A chain, which is not empty, and a key.
pub(crate) fn read_pair(
    chain_path: &Path,
    key_path: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let (chain_pem, key_pem) = (read(chain_path)?, read(key_path)?);
    let malformed = |path: &Path| {
        let path = path.to_owned();
        move |error| TlsError::Malformed(path, error)
    };
    let chain = CertificateDer::pem_slice_iter(&chain_pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(malformed(chain_path))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(chain_path.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(key_path.to_owned()),
        error => malformed(key_path)(error),
    })?;
    Ok((chain, key))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Unreadable(path.to_owned(), error))
}

/// Why a certificate and a key make no TLS configuration.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file is not in PEM form.
    Malformed(PathBuf, pem::Error),
    /// The file has no certificate.
    NoCertificate(PathBuf),
    /// The file has no private key.
    NoKey(PathBuf),
    /// rustls cannot use them, for example because the key is another certificate's.
    Unfit(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Unreadable(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            TlsError::Malformed(path, error) => write!(f, "{} is not in PEM form: {error}", path.display()),
            TlsError::NoCertificate(path) => write!(
                f,
                "{} has no certificate: a line '-----BEGIN CERTIFICATE-----' is looked for",
                path.display()
            ),
            TlsError::NoKey(path) => write!(
                f,
                "{} has no private key: a line such as '-----BEGIN PRIVATE KEY-----' is looked for, and a key \
                 must not be encrypted",
                path.display()
            ),
            TlsError::Unfit(error) => write!(f, "the certificate and the key cannot be used: {error}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TlsError::Unreadable(_, error) => Some(error),
            TlsError::Malformed(_, error) => Some(error),
            TlsError::Unfit(error) => Some(error),
            TlsError::NoCertificate(_) | TlsError::NoKey(_) => None,
        }
    }
}
