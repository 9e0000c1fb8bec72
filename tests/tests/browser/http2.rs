//! Chromium's own WebSockets as streams of one HTTP/2 connection (RFC 8441), within TLS.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlor_tests::browser::{Browser, Tab};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use websocket_hub::driver::deflate::Deflate;
use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::{ServerConfig, pki_types::PrivateKeyDer};
use websocket_hub::{Handshake, Refused, Request, Response, Server, TlsConfig, WebSocket, serve};

const SOON: Duration = Duration::from_secs(10);

const PAGE: &str = "<!doctype html><link rel=icon href=data:,><title>x</title><script>
    // Resolves with what the socket says until it has said `count` things or is closed.
    const talk = (path, sends, count) => new Promise((resolve, reject) => {
        const heard = [];
        const ws = new WebSocket(`wss://${location.host}${path}`, ['chat.v1']);
        ws.onopen = () => sends.forEach((message) => ws.send(message));
        ws.onmessage = (event) => { if (heard.push(event.data) === count) ws.close(3000, 'enough'); };
        ws.onclose = ({ code, wasClean }) => resolve(
            { heard, code, wasClean, extensions: ws.extensions, protocol: ws.protocol });
    });
    // A promise of the end of a socket, once it is open.
    const stay = () => new Promise((opened) => {
        const ws = new WebSocket(`wss://${location.host}/`);
        const closed = new Promise((resolve) => {
            ws.onclose = ({ code, wasClean }) => resolve({ code, wasClean });
        });
        ws.onmessage = () => opened({ closed });
    });
</script>";

/// What the app saw of each WebSocket: the request, and where it came from.
type Seen = Arc<Mutex<Vec<Value>>>;

fn tls() -> TlsConfig {
    let made = generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]);
    let CertifiedKey { cert, signing_key } = made.expect("a certificate can be made");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("the key is PKCS #8");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key);
    config.expect("the key is the certificate's").into()
}

/// A page, and beside it WebSockets that send everything back.
fn start(seen: &Seen) -> Server {
    let seen = seen.clone();
    let handshake = Handshake::new().subprotocols(["chat.v1"]).deflate(Deflate::default());
    let app = move |request: Request| -> Result<Response, Refused> {
        if request.method() == "GET" {
            let mut page = Response::new(PAGE.into());
            page.headers_mut().insert("content-type", "text/html".parse().expect("it is ASCII"));
            return Ok(page);
        }
        let mut saw = json!({
            "method": request.method().as_str(),
            "version": format!("{:?}", request.version()),
            "path": request.uri().path(),
            "key": request.headers().contains_key("sec-websocket-key"),
        });
        let (seen, upgrade) = (seen.clone(), handshake.upgrade(request)?);
        let opened = move |ws: &mut WebSocket| {
            saw["port"] = ws.peer_addr().map(|address| address.port()).into();
            seen.lock().expect("nobody panics").push(saw.take());
            _ = ws.send("welcome");
        };
        Ok(upgrade.on_open(opened).on_message(|ws, message| _ = ws.send(message)).start())
    };
    serve(app).tls(tls()).bind("127.0.0.1:0").expect("the system has a free port")
}

async fn open(server: &Server) -> (Browser, Tab) {
    let browser = Browser::start_with(&["--ignore-certificate-errors"]).await;
    let tab = browser.tab(&format!("https://{}/", server.address())).await;
    (browser, tab)
}

#[tokio::test]
async fn chromium_opens_its_websockets_on_the_connection_of_the_page() {
    let seen = Seen::default();
    let server = start(&seen);
    let (_browser, tab) = open(&server).await;
    let navigation = "performance.getEntriesByType('navigation')[0].nextHopProtocol";
    assert_eq!(tab.evaluate(navigation).await, "h2");
    let long = "x".repeat(300_000);
    let both = format!("Promise.all([talk('/one', ['hello', 'grüße 👋'], 3), talk('/two', ['{long}'], 2)])");
    let told = tab.evaluate(&both).await;
    assert_eq!(told[0]["heard"], json!(["welcome", "hello", "grüße 👋"]));
    assert_eq!(told[1]["heard"], json!(["welcome", long]));
    for told in [&told[0], &told[1]] {
        assert_eq!((&told["code"], &told["wasClean"]), (&json!(3000), &json!(true)), "{told}");
        assert_eq!(told["protocol"], "chat.v1");
        let extensions = told["extensions"].as_str().unwrap_or_default();
        assert!(extensions.starts_with("permessage-deflate"), "{told}");
    }
    let seen = seen.lock().expect("nobody panics").clone();
    assert_eq!(seen.len(), 2, "{seen:?}");
    for saw in &seen {
        assert_eq!((&saw["method"], &saw["version"]), (&json!("CONNECT"), &json!("HTTP/2.0")), "{saw}");
        assert_eq!((&saw["key"], &saw["port"]), (&json!(false), &seen[0]["port"]), "{seen:?}");
    }
    let complaints = tab.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_to_chromium_on_every_stream() {
    let server = start(&Seen::default());
    let (_browser, tab) = open(&server).await;
    tab.evaluate(
        "Promise.all([stay(), stay()]).then((two) => { window.ends = two.map((one) => one.closed); })",
    )
    .await;
    let stopping = tokio::task::spawn_blocking(move || server.stop_within(SOON));
    let ends = tab.evaluate("Promise.all(window.ends)").await;
    let goodbye = json!({ "code": 1012, "wasClean": true });
    assert_eq!(ends, json!([goodbye, goodbye]));
    assert_eq!(stopping.await.expect("it does not panic"), 0);
}
