//! Certificates and keys from files, and what is said of those that cannot be used.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine, prelude::BASE64_STANDARD};
use websocket_hub::{Request, Response, TlsConfig, TlsError};

use crate::peer::{Peer, request};
use crate::transport::{Transport, certificate, over};

/// A folder that disappears with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("websocket-hub-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is in a folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

#[test]
fn a_chain_and_a_key_from_files_serve() {
    over(Transport::Tls, || {
        let folder = Folder::new();
        let chain = folder.write("chain.pem", pem("CERTIFICATE", certificate().cert.der()));
        let key = folder.write("key.pem", pem("PRIVATE KEY", certificate().signing_key.serialized_der()));
        let app = |_: Request| Response::new("page".into());
        let serve = websocket_hub::serve(app).tls(TlsConfig::from_pem_files(chain, key).unwrap());
        let server = serve.bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        assert_eq!(peer.response().1, "page");
    });
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = Folder::new();
    let chain = folder.write("chain.pem", pem("CERTIFICATE", certificate().cert.der()));
    let key = folder.write("key.pem", pem("PRIVATE KEY", certificate().signing_key.serialized_der()));
    let other = rcgen::KeyPair::generate().unwrap();
    let other = folder.write("other.pem", pem("PRIVATE KEY", other.serialized_der()));
    let nothing = folder.write("nothing.pem", "nothing\n");
    let broken = folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    let nowhere = folder.0.join("nowhere.pem");
    let error = |chain, key| TlsConfig::from_pem_files(chain, key).unwrap_err();
    for (error, says) in [
        (error(&nowhere, &key), "nowhere.pem cannot be read: No such file"),
        (error(&chain, &nowhere), "nowhere.pem cannot be read: No such file"),
        (error(&nothing, &key), "nothing.pem has no certificate"),
        (error(&key, &chain), "key.pem has no certificate"),
        (error(&chain, &chain), "chain.pem has no private key"),
        (error(&chain, &nothing), "nothing.pem has no private key"),
        (error(&broken, &key), "broken.pem is not in PEM form"),
        (error(&chain, &other), "the certificate and the key cannot be used"),
    ] {
        assert!(error.to_string().contains(says), "{error} says not: {says}");
    }
    assert!(matches!(error(&chain, &other), TlsError::Unfit(_)));
}
