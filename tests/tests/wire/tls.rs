//! TLS by files: what it agrees to, and how the certificate is changed while people talk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::http1::ask;
use parlor_tests::process::Folder;
use websocket_client::{Connector, WebSocket};

use crate::certificates::{Certificate, FLAGS, write};
use crate::client_hello::{Reply, offer};
use crate::server::{SOON, Server, refusal};

/// The suites of TLS 1.2 with ephemeral keys and authenticated encryption that go with an ECDSA certificate.
const STRONG: [u16; 3] = [0xc02b, 0xc02c, 0xcca9];

fn start(name: &str, certificate: &Certificate, arguments: &[&str]) -> Server {
    let folder = Folder::new(name);
    certificate.write(folder.path());
    Server::start_in(folder, &[&FLAGS, arguments].concat())
}

#[test]
fn only_tls_1_2_and_1_3_are_spoken_with_strong_suites_alone() {
    for backend in ["tokio", "threads", "uring"] {
        let server = start("suites", &Certificate::new(), &["--backend", backend]);
        let every: Vec<u16> = (0..=u16::MAX).collect();
        // Their reason: protocol_version.
        for version in [0x0300, 0x0301, 0x0302] {
            for suites in every.chunks(4096) {
                assert_eq!(offer(&server.address, version, suites), Reply::Alert(70), "{version:#x}");
            }
        }
        for (version, strong) in [(0x0303, &STRONG[..]), (0x0304, &[0x1301, 0x1302, 0x1303])] {
            for suite in strong {
                assert_eq!(offer(&server.address, version, &[*suite]), Reply::Suite(*suite), "{version:#x}");
            }
            let weak: Vec<u16> = every.iter().copied().filter(|suite| !strong.contains(suite)).collect();
            for suites in weak.chunks(4096) {
                let reply = offer(&server.address, version, suites);
                assert!(matches!(reply, Reply::Alert(_)), "{reply:?} to {version:#x}, {:#x} to …", suites[0]);
            }
        }
    }
}

#[test]
fn who_came_by_https_stays_with_it() {
    let certificate = Certificate::new();
    let server = start("stays", &certificate, &["--hsts", "300", "--http-redirect", "127.0.0.1:0"]);
    let answer = certificate.ask(&server.address, "GET /");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=300"));
    assert!(answer.header("set-cookie").unwrap().contains("; Secure"), "{answer:?}");

    let plain = server.other_address("sending on to https from http://127.0.0.1:");
    let sent_on = ask(&plain, "GET /room/1?a=b", &["Host: localhost"]);
    assert_eq!(sent_on.status, 308);
    let port = server.address.rsplit_once(':').unwrap().1;
    assert_eq!(sent_on.header("location"), Some(format!("https://localhost:{port}/room/1?a=b").as_str()));
}

#[test]
fn a_redirect_to_a_name_that_is_not_ours_is_not_made() {
    let arguments = ["--http-redirect", "127.0.0.1:0", "--allowed-hosts", "chat.example.org"];
    let server = start("redirect", &Certificate::new(), &arguments);
    let plain = server.other_address("sending on to https from http://127.0.0.1:");
    assert_eq!(ask(&plain, "GET /", &["Host: evil.example"]).status, 421);
    let sent_on = ask(&plain, "GET /", &["Host: chat.example.org"]);
    assert!(sent_on.header("location").unwrap().starts_with("https://chat.example.org:"), "{sent_on:?}");
}

async fn connect(server: &Server, certificate: &Certificate) -> WebSocket {
    let connector = Connector::new().subprotocols(["parlor.v1"]).tls(certificate.client());
    let mut ws = connector.connect(&format!("wss://{}", server.address)).await.unwrap();
    assert!(ws.recv().await.unwrap().as_text().unwrap().contains("welcome"));
    ws
}

/// Whether the server still talks on this connection.
async fn talks(ws: &mut WebSocket) -> bool {
    if ws.send(r#"{"id":1,"type":"nonsense"}"#).await.is_err() {
        return false;
    }
    loop {
        match ws.recv().await {
            Some(line) if line.as_text().is_some_and(|line| line.contains("\"error\"")) => return true,
            Some(_) => {}
            None => return false,
        }
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_and_nobody_is_disconnected() {
    let [first, second] = [Certificate::new(), Certificate::new()];
    let server = start("reload", &first, &[]);
    let mut early = connect(&server, &first).await;
    assert!(!second.is_shown_by(&server.address));

    second.write(server.folder.path());
    server.process.signal("HUP");
    wait_until_shown(&second, &server);
    assert!(!first.is_shown_by(&server.address));
    assert!(talks(&mut early).await, "the early one was disconnected");
    let mut late = connect(&server, &second).await;

    write(server.folder.path(), "chain.pem", "nothing\n");
    server.process.signal("HUP");
    server.wait_until_told("the certificate stays as it was: chain.pem has no certificate");
    assert!(second.is_shown_by(&server.address), "what was there stays");
    assert!(talks(&mut early).await && talks(&mut late).await);
}

#[test]
fn a_file_that_changes_is_noticed_without_a_word() {
    let [first, second] = [Certificate::new(), Certificate::new()];
    let server = start("changes", &first, &[]);
    assert!(first.is_shown_by(&server.address));
    second.write(server.folder.path());
    wait_until_shown(&second, &server);
}

fn wait_until_shown(certificate: &Certificate, server: &Server) {
    let deadline = Instant::now() + SOON;
    while !certificate.is_shown_by(&server.address) {
        assert!(Instant::now() < deadline, "it is not shown; {}", server.told());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_key_that_everybody_can_read_is_refused() {
    let folder = Folder::new("open-key");
    Certificate::new().write(folder.path());
    let key = folder.path().join("key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = refusal(&folder, &FLAGS);
    assert!(error.contains("everybody on this machine may use the key key.pem (mode 644)"), "{error}");
    assert!(error.contains("chmod o-rwx"), "{error}");
}

#[test]
fn half_of_the_settings_is_told_what_the_other_half_is() {
    let folder = Folder::new("half");
    Certificate::new().write(folder.path());
    for (arguments, sentence) in [
        (&FLAGS[..2], "--tls-key FILE is missing"),
        (&FLAGS[2..], "--tls-cert FILE is missing"),
        (&["--http-redirect", "127.0.0.1:0"], "--http-redirect needs --tls-cert"),
        (&["--tls-cert", "chain.pem", "--tls-key", "nowhere.pem"], "nowhere.pem cannot be read"),
        (&["--tls-cert", "chain.pem", "--tls-key", "key.pem", "--tls-domain", "example.org"], "not both"),
        (&["--tls-domain", "example.org", "--acme-ca", "key.pem"], "--acme-ca FILE"),
        (
            &["--tls-domain", "example.org", "--acme-ca", "nowhere.pem"],
            "nowhere.pem is no file of certificates",
        ),
        (&["--tls-cert", "key.pem", "--tls-key", "key.pem"], "key.pem has no certificate"),
    ] {
        let error = refusal(&folder, arguments);
        assert!(error.contains(sentence), "{arguments:?}: {error}");
    }
}
