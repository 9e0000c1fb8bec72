//! TLS against a rustls server with certificates made for the test.

use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use websocket_client::rustls::crypto::aws_lc_rs;
use websocket_client::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use websocket_client::rustls::{ClientConfig, RootCertStore, ServerConfig};
use websocket_client::{ConnectError, Connector, TlsError, rustls};

use crate::cut::{Slow, cut};
use crate::server::{echo, serve, soon};

/// A server's certificate and its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Identity {
    pub(crate) fn of(host: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        Identity { certificate: made.cert.der().clone(), key: made.signing_key.serialize_der() }
    }

    /// A client that trusts this server and nobody else. It offers the wrong protocols, which must not matter.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    fn server(&self) -> ServerConfig {
        let key = PrivatePkcs8KeyDer::from(self.key.clone()).into();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.server()))
    }
}

/// As [`serve`], with TLS.
pub(crate) async fn serve_tls<F>(
    identity: &Identity,
    handle: impl Fn(usize, TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let acceptor = identity.acceptor();
    serve(move |number, stream| {
        let (acceptor, handle) = (acceptor.clone(), handle.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                handle(number, stream).await;
            }
        }
    })
    .await
}

fn wss(server: &str) -> String {
    format!("wss://localhost:{}/", server.rsplit_once(':').unwrap().1)
}

#[tokio::test]
async fn an_encrypted_connection_is_a_connection() {
    let identity = Identity::of("localhost");
    let server = serve_tls(&identity, |_, stream| async {
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(stream.get_ref().1.server_name(), Some("localhost"));
        echo(stream).await;
    })
    .await;
    let connector = Connector::new().tls(identity.client()).subprotocols(["chat.v2", "chat.v1"]);
    let mut ws = soon(connector.connect(&wss(&server))).await.unwrap();
    assert_eq!(ws.subprotocol(), Some("chat.v1"));
    assert_eq!(ws.peer_addr().unwrap().to_string(), server);
    for len in [0, 1, 100, 70_000, 900_000] {
        let message = vec![7; len];
        ws.send(message.clone()).await.unwrap();
        assert_eq!(soon(ws.recv()).await.unwrap().as_bytes(), message);
    }
    let closed = soon(ws.close(websocket_client::CloseCode::NORMAL, "bye")).await.unwrap();
    assert!(closed.is_clean());
}

#[tokio::test]
async fn who_cannot_prove_to_be_the_server_is_not_talked_to() {
    let server = serve_tls(&Identity::of("localhost"), |_, stream| echo(stream)).await;
    let other = Connector::new().tls(Identity::of("localhost").client());
    let error = soon(other.connect(&wss(&server))).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(is_certificate_error(&error), "{error:?}");

    // The right one, but for another name.
    let identity = Identity::of("elsewhere.test");
    let server = serve_tls(&identity, |_, stream| echo(stream)).await;
    let error = soon(Connector::new().tls(identity.client()).connect(&wss(&server))).await.unwrap_err();
    assert!(error.is_permanent());
    assert!(is_certificate_error(&error), "{error:?}");

    // By the system's roots, of which a bare machine has none.
    let error = soon(websocket_client::connect(&wss(&server))).await.unwrap_err();
    let bare = matches!(&error, ConnectError::Tls { error: TlsError::Roots(_), .. });
    assert!(error.is_permanent());
    assert!(bare || is_certificate_error(&error), "{error:?}");
}

fn is_certificate_error(error: &ConnectError) -> bool {
    let ConnectError::Tls { error: TlsError::Handshake(error), .. } = error else { return false };
    matches!(**error, rustls::Error::InvalidCertificate(_))
}

#[tokio::test]
async fn a_server_without_tls_sees_no_plaintext() {
    let (seen, first) = tokio::sync::oneshot::channel();
    let seen = std::sync::Mutex::new(Some(seen));
    let server = serve(move |_, mut stream| {
        let seen = seen.lock().unwrap().take().unwrap();
        async move {
            let mut bytes = vec![0; 1024];
            let len = stream.read(&mut bytes).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
            seen.send(bytes[..len].to_vec()).unwrap();
        }
    })
    .await;
    let error = soon(Connector::new().tls(Identity::of("localhost").client()).connect(&wss(&server))).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert!(!error.is_permanent(), "a server in the middle of a change may heal");
    let first = soon(first).await.unwrap();
    assert_eq!(first[0], 22, "the first octet is that of a TLS handshake");
    assert!(!first.windows(3).any(|part| part == b"GET"));
}

#[tokio::test]
async fn tls_over_a_stream_of_ones_own_cut_here_and_there() {
    let identity = Identity::of("localhost");
    let acceptor = identity.acceptor();
    let connector = Connector::new().tls(identity.client());
    for polls in [0, 1, 2, 3, 50, 333, 1000, 1777, 2500, 3333, 5000, usize::MAX] {
        let (here, there) = tokio::io::duplex(1 << 16);
        let acceptor = acceptor.clone();
        let serving = tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(there).await {
                echo(stream).await;
            }
        });
        let opened = soon(cut(connector.over(Slow::new(here), "wss://localhost/"), polls)).await;
        if let Some(ws) = opened {
            let mut ws = ws.unwrap();
            // Cut at every poll, in both directions.
            cut(ws.send("hello"), 1).await;
            let mut received = None;
            while received.is_none() {
                received = cut(ws.recv(), 1).await;
                tokio::task::yield_now().await;
            }
            assert_eq!(received.unwrap().unwrap().as_text(), Some("hello"));
        } else {
            assert!(polls < usize::MAX);
        }
        // Nothing keeps the stream open.
        soon(serving).await.unwrap();
    }
}
