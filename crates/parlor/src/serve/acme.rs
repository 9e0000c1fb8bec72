//! The server's certificate from a certificate authority that hands it out by itself (ACME, RFC 8555), asked for and renewed
//! while the server runs.
//!
//! The authority looks at the server's own TLS for the answer to its question (TLS-ALPN-01, RFC 8737), so nothing but the
//! port of https has to be reachable. Account and certificate are kept in the data folder.

use std::future::poll_fn;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, AcmeState, EventOk};
use websocket_hub::TlsConfig;
use websocket_hub::rustls::ServerConfig;
use websocket_hub::rustls::crypto::aws_lc_rs;

use crate::authorities::{self, AuthoritiesError};
use crate::config::Tls;

/// Its folder within the data folder.
const FOLDER: &str = "acme";

/// What is offered by ALPN: what the server speaks, and what the authority asks by.
const PROTOCOLS: [&[u8]; 3] = [b"h2", b"http/1.1", b"acme-tls/1"];

/// A certificate that an authority hands out.
pub(super) struct Acme(AcmeState<io::Error>);

impl Acme {
    /// The certificate for these settings, if they name somebody; kept in this data folder.
    pub(super) fn open(settings: &Tls, data: &Path) -> Result<Option<Self>, AuthoritiesError> {
        let names = settings.domains();
        if names.is_empty() {
            return Ok(None);
        }
        let client = authorities::client(settings.acme_ca.0.as_deref(), "--acme-ca FILE")?;
        let config = AcmeConfig::new_with_client_config(names, client)
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
