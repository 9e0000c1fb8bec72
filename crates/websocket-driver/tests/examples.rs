//! The examples run, and a client made of the crate's own parts can talk to each of them.

#![allow(clippy::duplicate_mod, reason = "what the examples have in common comes with each")]

#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/blocking.rs"]
mod blocking;
#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/event_loop.rs"]
mod event_loop;
#[allow(dead_code, reason = "its main is not called")]
#[path = "../examples/tokio.rs"]
mod on_tokio;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use websocket_driver::deflate::Deflate;
use websocket_driver::handshake::{Key, client, http1};
use websocket_driver::{Cause, CloseCode, Closed, Config, Connection, Event, Input, Message, Transmit};

/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that has opened its connection.
struct Client {
    stream: TcpStream,
    connection: Connection,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Client {
        let mut stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let key = Key::new([7; 16]);
        let options = client::Options { deflate: Some(Deflate::default()), ..client::Options::default() };
        let uri = format!("ws://{address}/").parse().expect("an address");
        let request = client::request(&uri, &key, &options).expect("a request");
        stream.write_all(&http1::write_request(&request)).expect("a request that is taken");
        let mut head = Vec::new();
        let (response, len) = loop {
            if let Some(parsed) = http1::parse_response(&head).expect("a response") {
                break parsed;
            }
            let mut octet = [0];
            stream.read_exact(&mut octet).expect("more of the response");
            head.extend_from_slice(&octet);
        };
        assert_eq!(len, head.len());
        let chosen = client::verify(&response, &key, &options).expect("an answer to believe");
        assert!(chosen.deflate.is_some());
        let config = Config { max_message: 1 << 24, max_frame: 1 << 24, ..Config::default() };
        let connection = Connection::client(config.into(), || [1, 2, 3, 4], Instant::now());
        Client { stream, connection: connection.with_deflate(chosen.deflate), buffer: vec![0; 1 << 16] }
    }

    fn write(&mut self) {
        while let Some(transmit) = self.connection.poll_transmit() {
            let Transmit::Bytes(bytes) = transmit else { panic!("a client leaves the end to the server") };
            self.stream.write_all(&bytes).expect("bytes that are taken");
        }
    }

    /// Goes on until the next event that is no ping or pong.
    fn next(&mut self) -> Event<'static> {
        loop {
            self.write();
            let len = self.stream.read(&mut self.buffer).expect("an answer in time");
            if len == 0 {
                self.connection.end_of_input();
                return self.connection.poll_event().expect("the end");
            }
            let mut input = Input::new(&mut self.buffer[..len]);
            let mut found = None;
            while let Some(event) = self.connection.receive(&mut input, Instant::now()) {
                if !matches!(event, Event::Ping(_) | Event::Pong(_)) {
                    assert!(found.is_none(), "one question, one answer");
                    found = Some(event.into_owned());
                }
            }
            if let Some(found) = found {
                return found;
            }
        }
    }

    fn asks(&mut self, message: Message<'static>) {
        self.connection.ping(b"there?").expect("it is open");
        self.connection.send(message.clone()).expect("it is open");
        assert_eq!(self.next(), Event::Message(message));
    }

    fn closes(mut self) {
        self.connection.close(CloseCode::NORMAL, "bye", Instant::now()).expect("a code that may be sent");
        let closed = Closed { code: CloseCode::NORMAL, reason: String::new(), cause: Cause::Local };
        assert_eq!(self.next(), Event::Closed(closed));
        self.write();
        // The server ends the transport first.
        assert_eq!(self.stream.read(&mut self.buffer).expect("an end in time"), 0);
        self.connection.end_of_input();
        assert!(self.connection.is_finished());
    }
}

fn is_an_echo_server(listener: &TcpListener, start: impl FnOnce(TcpListener) + Send + 'static) {
    let address = listener.local_addr().expect("an address");
    let listener = listener.try_clone().expect("a listener");
    thread::spawn(move || start(listener));

    let mut clients: Vec<Client> = (0..20).map(|_| Client::connect(address)).collect();
    for client in &mut clients {
        client.asks(Message::text("short"));
        client.asks(Message::text("long and the same ".repeat(10_000)));
        client.asks(Message::binary((0..=255).cycle().take(300_000).collect::<Vec<u8>>()));
    }
    // One that breaks the protocol does not trouble the others.
    let mut broken = clients.pop().expect("there are many");
    broken.stream.write_all(b"\x83\x80\0\0\0\0").expect("it is taken");
    let Event::Closed(closed) = broken.next() else { panic!("the end") };
    assert_eq!(closed.code, CloseCode::PROTOCOL_ERROR);
    // Nor does one that goes without a word, or one that is no WebSocket.
    drop(clients.pop());
    let mut stranger = TcpStream::connect(address).expect("the server accepts");
    stranger.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stranger.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").expect("it is taken");
    let mut answer = String::new();
    stranger.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    for client in clients {
        client.closes();
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

#[test]
fn blocking_is_an_echo_server() {
    is_an_echo_server(&listener(), |listener| _ = blocking::serve(&listener));
}

#[test]
fn event_loop_is_an_echo_server() {
    is_an_echo_server(&listener(), |listener| _ = event_loop::serve(&listener));
}

#[test]
fn tokio_is_an_echo_server() {
    is_an_echo_server(&listener(), |listener| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            listener.set_nonblocking(true).expect("a listener that does not block");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            _ = on_tokio::serve(listener).await;
        });
    });
}
