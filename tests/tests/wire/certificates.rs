//! Certificates of tests, and clients that believe them.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use parlor_tests::http1::{Answer, exchange, request};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::pki_types::pem::PemObject;
use websocket_hub::rustls::pki_types::{CertificateDer, ServerName};
use websocket_hub::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::server::SOON;

/// A certificate for this machine that vouches for itself, and its key.
pub(crate) struct Certificate(CertifiedKey<KeyPair>);

/// The flags that name the files of [`Certificate::write`].
pub(crate) const FLAGS: [&str; 4] = ["--tls-cert", "chain.pem", "--tls-key", "key.pem"];

impl Certificate {
    pub(crate) fn new() -> Certificate {
        Certificate(generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap())
    }

    /// Writes `chain.pem` and `key.pem`, each complete at once.
    pub(crate) fn write(&self, folder: &Path) {
        write(folder, "key.pem", &self.key());
        write(folder, "chain.pem", &pem("CERTIFICATE", self.der()));
    }

    /// The key's file.
    pub(crate) fn key(&self) -> String {
        pem("PRIVATE KEY", self.0.signing_key.serialized_der())
    }

    fn der(&self) -> &CertificateDer<'static> {
        self.0.cert.der()
    }

    /// A client that believes this certificate alone.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        client(self.der().clone())
    }

    /// Whether a server shows this certificate.
    pub(crate) fn is_shown_by(&self, address: &str) -> bool {
        let mut stream = self.connect(address);
        stream.conn.complete_io(&mut stream.sock).is_ok()
    }

    /// Asks for a path by https.
    pub(crate) fn ask(&self, address: &str, first: &str) -> Answer {
        exchange(self.connect(address), &request(address, first, &[], b""))
    }

    fn connect(&self, address: &str) -> StreamOwned<ClientConnection, TcpStream> {
        connect(self.client(), address, "localhost")
    }
}

/// The certificate of somebody who vouches for others.
pub(crate) struct Authority(CertificateDer<'static>);

impl Authority {
    pub(crate) fn parse(pem: &str) -> Authority {
        Authority(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
    }

    /// Whether a server shows a certificate for this name that it vouches for.
    pub(crate) fn vouches_for(&self, address: &str, name: &'static str) -> bool {
        let mut stream = connect(client(self.0.clone()), address, name);
        stream.conn.complete_io(&mut stream.sock).is_ok()
    }
}

fn client(root: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(config.unwrap().with_root_certificates(roots).with_no_client_auth())
}

fn connect(
    client: Arc<ClientConfig>,
    address: &str,
    name: &'static str,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from(name).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    StreamOwned::new(ClientConnection::new(client, name).unwrap(), stream)
}

/// Puts a file in its place at once, for its owner alone.
pub(crate) fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let (path, fresh) = (folder.join(name), folder.join("fresh"));
    fs::write(&fresh, content).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&fresh, &path).unwrap();
    path
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}
