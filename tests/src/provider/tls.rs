//! A certificate that nobody vouches for but itself, and what is spoken under it.

use std::net::TcpStream;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::pki_types::PrivateKeyDer;
use websocket_hub::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How to speak TLS.
pub(super) struct Tls {
    /// In PEM form.
    pub(super) certificate: String,
    config: Arc<ServerConfig>,
}

impl Tls {
    pub(super) fn new() -> Tls {
        let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
        let CertifiedKey { cert, signing_key } = made;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("it is a key");
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("certificate and key belong together");
        let octets = STANDARD.encode(cert.der());
        let certificate = format!("-----BEGIN CERTIFICATE-----\n{octets}\n-----END CERTIFICATE-----\n");
        Tls { certificate, config: Arc::new(config) }
    }

    /// What is said over a connection.
    pub(super) fn over(&self, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).expect("the settings are in order");
        StreamOwned::new(connection, stream)
    }
}
