//! The server's certificate from a certificate authority that hands it out by itself (ACME, RFC 8555), asked for and renewed
//! while the server runs.
//!
//! The authority looks at the server's own TLS for the answer to its question (TLS-ALPN-01, RFC 8737), so nothing but the
//! port of https has to be reachable. Account and certificate are kept in the data folder.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState, EventOk};
use websocket_hub::TlsConfig;
use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::pki_types::CertificateDer;
use websocket_hub::rustls::pki_types::pem::{self, PemObject};
use websocket_hub::rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::config::Tls;

/// Its folder within the data folder.
const FOLDER: &str = "acme";

/// What is offered by ALPN: what the server speaks, and what the authority asks by.
const PROTOCOLS: [&[u8]; 3] = [b"h2", b"http/1.1", b"acme-tls/1"];

/// Why an authority cannot be asked.
#[derive(Debug)]
pub(crate) enum AcmeError {
    /// The file of certificates that vouch for the authority's server.
    Authority(PathBuf, pem::Error),
    /// No certificate can vouch for it.
    NoAuthority(String),
}

impl fmt::Display for AcmeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AcmeError::Authority(path, error) => {
                write!(f, "{} is no file of certificates in PEM form: {error}", path.display())
            }
            AcmeError::NoAuthority(why) => write!(
                f,
                "no certificate can vouch for the authority's server ({why}): install the package ca-certificates, or \
                 name a file that has some with --acme-ca FILE"
            ),
        }
    }
}

impl std::error::Error for AcmeError {}

/// A certificate that an authority hands out.
pub(super) struct Acme(AcmeState<io::Error>);

impl Acme {
    /// The certificate for these settings, if they name somebody; kept in this data folder.
    pub(super) fn open(settings: &Tls, data: &Path) -> Result<Option<Self>, AcmeError> {
        let names = settings.domains();
        if names.is_empty() {
            return Ok(None);
        }
        let client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for the default versions")
            .with_root_certificates(authorities(settings.acme_ca.0.as_deref())?)
            .with_no_client_auth();
        let config = AcmeConfig::new_with_client_config(names, Arc::new(client))
            .directory(&settings.acme_directory)
            .cache(DirCache::new(data.join(FOLDER)));
        Ok(Some(Acme(config.state())))
    }

    /// TLS that always shows the newest certificate, once there is one.
    pub(super) fn tls(&self) -> TlsConfig {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for the default versions")
            .with_no_client_auth()
            .with_cert_resolver(self.0.resolver());
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        config.into()
    }

    /// Asks for the certificate, renews it, and tells what comes of it. It never ends.
    pub(super) async fn keep_fresh(&mut self) {
        loop {
            let event = poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await;
            match event {
                Some(Ok(EventOk::DeployedNewCert)) => say("a new certificate has come"),
                Some(Ok(EventOk::DeployedCachedCert)) => say("the certificate that was kept is shown"),
                Some(Ok(EventOk::CertCacheStore)) => say("the certificate is kept"),
                Some(Ok(EventOk::AccountCacheStore)) => {}
                Some(Err(error)) => eprintln!("parlor: no certificate from the authority yet: {error}"),
                None => return std::future::pending().await,
            }
        }
    }
}

fn say(sentence: &str) {
    // Whoever started us may have stopped reading.
    let _ = writeln!(io::stdout(), "{sentence}");
}

/// Who may vouch for the authority's own server: those in the file, or those that the system trusts.
fn authorities(file: Option<&Path>) -> Result<RootCertStore, AcmeError> {
    let mut roots = RootCertStore::empty();
    let mut why = "none is there".to_owned();
    match file {
        Some(path) => {
            let failed = |error| AcmeError::Authority(path.to_owned(), error);
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
    if roots.is_empty() { Err(AcmeError::NoAuthority(why)) } else { Ok(roots) }
}
