//! What the connections of a behaviour are made of. Each thread has one at a time, and most behaviours do not know it.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use websocket_hub::{App, Serve};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Transport {
    Tcp,
    Tls,
    /// `Peer::open` opens a stream of HTTP/2, without TLS; all else is as with `Tcp`.
    Http2,
    /// The same within TLS.
    Http2Tls,
}

thread_local! {
    static CURRENT: Cell<Transport> = const { Cell::new(Transport::Tcp) };
}

impl Transport {
    pub(crate) fn current() -> Transport {
        CURRENT.get()
    }

    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Transport::Tls | Transport::Http2Tls)
    }

    pub(crate) fn is_http2(self) -> bool {
        matches!(self, Transport::Http2 | Transport::Http2Tls)
    }
}

/// Runs a behaviour over a transport. A test that fails ends its thread, so nothing has to be put back.
pub(crate) fn over(transport: Transport, behaviour: impl FnOnce()) {
    println!("over {transport:?}");
    CURRENT.set(transport);
    behaviour();
    CURRENT.set(Transport::Tcp);
}

/// `websocket_hub::serve`, over the transport of this thread.
pub(crate) fn serve<Kind: 'static>(app: impl App<Kind>) -> Serve {
    let serve = websocket_hub::serve(app);
    if Transport::current().is_tls() { serve.tls(server_config()) } else { serve }
}

/// A certificate of `localhost` and `127.0.0.1` that is its own authority.
pub(crate) fn certificate() -> &'static CertifiedKey<KeyPair> {
    static CERTIFICATE: OnceLock<CertifiedKey<KeyPair>> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap()
    })
}

pub(crate) fn server_config() -> ServerConfig {
    let CertifiedKey { cert, signing_key } = certificate();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap()
}

/// A client that trusts the certificate and offers these protocols.
pub(crate) fn client_config(alpn: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate().cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}
