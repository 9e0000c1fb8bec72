//! What `tracing` hears of connections, on every backend. A program of its own: whoever listens hears all threads.

#![allow(clippy::unwrap_used, reason = "a test's helper fails the test by it")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use websocket_hub::{Backend, Handshake, Proxies, Request, serve};

/// Every span's fields and every event, written out: `span{fields}: event`.
#[derive(Clone, Debug, Default)]
struct Heard {
    spans: HashMap<u64, String>,
    events: Vec<String>,
    closed: usize,
}

static HEARD: Mutex<Option<Heard>> = Mutex::new(None);

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn heard() -> MutexGuard<'static, Option<Heard>> {
    HEARD.lock().unwrap()
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let blank = if self.0.is_empty() { "" } else { " " };
        write!(self.0, "{blank}{field}={value:?}").unwrap();
    }
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("websocket_hub") || metadata.target() == "app"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut fields = Fields(String::new());
        span.record(&mut fields);
        let text = format!("{} {}", span.metadata().name(), fields.0);
        heard().get_or_insert_default().spans.insert(id, text);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        let mut heard = heard();
        let text = heard.as_mut().unwrap().spans.get_mut(&span.into_u64()).unwrap();
        write!(text, " {}", fields.0).unwrap();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let span = ENTERED.with_borrow(|entered| entered.last().copied());
        let mut heard = heard();
        let heard = heard.get_or_insert_default();
        let span = span.map_or("", |id| heard.spans[&id].as_str());
        let text = format!("{span}: {}", fields.0);
        heard.events.push(text);
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        assert_eq!(ENTERED.with_borrow_mut(Vec::pop), Some(span.into_u64()));
    }

    fn try_close(&self, _: Id) -> bool {
        heard().get_or_insert_default().closed += 1;
        true
    }
}

fn connect(address: SocketAddr, start: &str, lines: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let handshake = "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    // At once: what is refused may be closed before its end is there.
    stream.write_all(format!("{start}{handshake}{lines}\r\n").as_bytes()).unwrap();
    stream
}

/// Waits until enough was heard, and gives all events.
fn wait(is_enough: impl Fn(&Heard) -> bool) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let heard = heard().get_or_insert_default().clone();
        if is_enough(&heard) {
            return heard.events;
        }
        assert!(Instant::now() < deadline, "{heard:#?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for so many events.
fn events(count: usize) -> Vec<String> {
    wait(|heard| heard.events.len() >= count)
}

#[test]
fn each_connection_has_a_span_with_what_happens_in_it() {
    tracing::subscriber::set_global_default(Listener).unwrap();
    for backend in Backend::ALL {
        *heard() = None;
        let handshake = Handshake::new().subprotocols(["chat"]);
        let app = move |request: Request| {
            let upgrade = handshake.upgrade(request)?;
            Ok::<_, websocket_hub::Refused>(
                upgrade
                    .on_message(|ws, message| {
                        tracing::info!(target: "app", len = message.len(), "heard");
                        ws.send(message).unwrap();
                    })
                    .start(),
            )
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let address = server.address();
        let peer = |stream: &TcpStream| stream.local_addr().unwrap();

        let mut alice =
            connect(address, "GET /room?token=secret HTTP/1.1\r\n", "Sec-WebSocket-Protocol: chat\r\n");
        // A text of two octets, and the goodbye, masked with zeros.
        alice.write_all(b"\x81\x82\0\0\0\0hi\x88\x85\0\0\0\0\x03\xe8bye").unwrap();
        let mut answer = Vec::new();
        alice.read_to_end(&mut answer).unwrap();
        assert!(answer.ends_with(b"\x81\x02hi\x88\x02\x03\xe8"), "{}", answer.escape_ascii());
        let from = peer(&alice);
        let told = events(3);
        let id = told[0].split("id=").nth(1).unwrap().split(':').next().unwrap().to_owned();
        let span =
            format!("websocket peer={from} client={} path=\"/room\" subprotocol=\"chat\" id={id}", from.ip());
        let expected = [
            format!("{span}: message=opened"),
            format!("{span}: message=heard len=2"),
            format!("{span}: message=closed code=1000 reason=\"bye\" cause=Peer"),
        ];
        assert_eq!(told, expected, "{backend}");
        drop(alice);
        wait(|heard| heard.closed == 1);

        *heard() = None;
        let mut mallory = connect(address, "GET /page HTTP/1.1\r\n", "Origin: https://elsewhere.example\r\n");
        mallory.read_to_end(&mut Vec::new()).unwrap();
        let from = peer(&mallory);
        assert_eq!(events(1), [format!(": message=refused reason=\"origin\" peer={from} path=\"/page\"")]);

        *heard() = None;
        let mut rude = connect(address, "GET / HTTP/1.1\r\n", "");
        // A frame that a client must not send: it is not masked.
        rude.write_all(b"\x81\x02hi").unwrap();
        rude.read_to_end(&mut Vec::new()).unwrap();
        drop(rude);
        let told = events(3);
        assert!(told[1].contains(": message=the peer broke the protocol error="), "{told:#?}");
        assert!(told[2].contains(": message=closed code=1002"), "{told:#?}");
        assert_eq!(server.stop(), 0);

        *heard() = None;
        let serve = serve(|_: Request| websocket_hub::Response::new("page".into())).backend(backend);
        let serve = serve.proxy_protocol(Proxies::trust(["127.0.0.1"]).unwrap());
        let server = serve.bind("127.0.0.1:0").unwrap();
        let mut liar = connect(server.address(), "GET / HTTP/1.1\r\n", "");
        // It may be reset, since nothing of it was read.
        let _ = liar.read_to_end(&mut Vec::new());
        let from = peer(&liar);
        assert_eq!(events(1), [format!(": message=refused reason=\"proxy-protocol\" peer={from}")]);
        assert_eq!(server.stop(), 0);
    }
}
