//! TLS for `wss:` by rustls, with the aws-lc-rs provider, always chosen by name.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::transport::Transport;

/// The one protocol that is offered: the opening handshake is HTTP/1.1.
const ALPN: &[u8] = b"http/1.1";

/// Why TLS did not come about.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The host cannot stand in a certificate.
    Host,
    /// The system has no root certificates; what was wrong with those that it should have.
    Roots(String),
    /// The TLS handshake failed, for example because of the server's certificate.
    Handshake(Box<rustls::Error>),
    /// The transport failed during the TLS handshake.
    Io(io::Error),
}

impl TlsError {
    /// Whether it is about who the server is, or who we are to it, and so will fail again.
    pub(crate) fn is_about_certificates(&self) -> bool {
        use rustls::AlertDescription as Alert;
        match self {
            TlsError::Host | TlsError::Roots(_) => true,
            TlsError::Io(_) => false,
            TlsError::Handshake(error) => matches!(
                **error,
                rustls::Error::InvalidCertificate(_)
                    | rustls::Error::InvalidCertRevocationList(_)
                    | rustls::Error::NoCertificatesPresented
                    | rustls::Error::AlertReceived(
                        Alert::BadCertificate
                            | Alert::UnsupportedCertificate
                            | Alert::CertificateRevoked
                            | Alert::CertificateExpired
                            | Alert::CertificateUnknown
                            | Alert::UnknownCA
                            | Alert::CertificateRequired
                            | Alert::AccessDenied
                    )
            ),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Host => write!(f, "no certificate can name this host"),
            TlsError::Roots(errors) if errors.is_empty() => {
                write!(f, "the system has no root certificates: install ca-certificates or set SSL_CERT_FILE")
            }
            TlsError::Roots(errors) => {
                write!(f, "the system's root certificates cannot be read: {errors}")
            }
            TlsError::Handshake(error) => error.fmt(f),
            TlsError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            TlsError::Handshake(error) => Some(error),
            TlsError::Io(error) => Some(error),
            TlsError::Host | TlsError::Roots(_) => None,
        }
    }
}

/// A configuration of the user's, made to offer what can be spoken.
pub(crate) fn with_alpn(config: &Arc<ClientConfig>) -> Arc<ClientConfig> {
    let mut config = config.clone();
    if config.alpn_protocols != [ALPN] {
        Arc::make_mut(&mut config).alpn_protocols = vec![ALPN.to_vec()];
    }
    config
}

/// The configuration with the system's roots, made once in a process.
async fn system_config() -> Result<Arc<ClientConfig>, TlsError> {
    static CONFIG: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();
    // Reading some hundred certificates from the disk takes tens of milliseconds.
    let load = async || {
        let loaded = tokio::task::spawn_blocking(load_system_config).await;
        loaded.map_err(|error| TlsError::Io(io::Error::other(error)))?
    };
    CONFIG.get_or_try_init(load).await.cloned()
}

fn load_system_config() -> Result<Arc<ClientConfig>, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A root that rustls cannot read is one that nothing is trusted by; the others still hold.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(TlsError::Roots(errors.join("; ")));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Handshake(Box::new(error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

/// Opens TLS over `transport` with the server `host`.
pub(crate) async fn open(
    transport: Transport,
    host: &str,
    config: Option<&Arc<ClientConfig>>,
) -> Result<Transport, TlsError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Host)?;
    let config = match config {
        Some(config) => config.clone(),
        None => system_config().await?,
    };
    transport.wrap(|stream| TlsConnector::from(config).connect(name, stream)).await.map_err(failure)
}

/// rustls hides its errors in those of the stream.
fn failure(error: io::Error) -> TlsError {
    match error.downcast::<rustls::Error>() {
        Ok(error) => TlsError::Handshake(Box::new(error)),
        Err(error) => TlsError::Io(error),
    }
}
