//! Sides that agreed to compress, by whatever handshake led there, and what they make of hand-made messages.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use std::time::Instant;

use http::{HeaderValue, Request, Response, Uri};
use websocket_driver::deflate::{Agreed, Deflate};
use websocket_driver::handshake::{Key, client, server};
use websocket_driver::{Config, Connection, Event, Input, Message, ProtocolError};

use crate::wire;

/// The bit that marks a compressed message, in a frame's first octet.
pub const RSV1: u8 = 0x40;

/// The header that carries offers and answers.
pub const EXTENSIONS: &str = "sec-websocket-extensions";

/// Windows of 15 bits and context takeover, everywhere.
pub const FULL: Deflate =
    Deflate { window_bits: 15, takeover: true, peer_takeover: true, level: 6, min_len: 0 };

/// A whole opening handshake: the request, and what each side holds to be agreed.
#[derive(Debug)]
pub struct Handshake {
    pub request: Request<()>,
    pub response: Response<()>,
    pub client: Option<Agreed>,
    pub server: Option<Agreed>,
}

/// Both sides shake hands with these settings.
pub fn shake_hands(client: Deflate, server: Deflate) -> Handshake {
    let (key, asks) = (Key::new([7; 16]), asks(client));
    let request = client::request(&Uri::from_static("ws://example.org/"), &key, &asks).expect("a request");
    let accepted = server::accept(&request, &agrees_to(server)).expect("a handshake");
    let chosen = client::verify(&accepted.response, &key, &asks).expect("an answer to believe");
    Handshake { request, response: accepted.response, client: chosen.deflate, server: accepted.deflate }
}

/// What a server agrees to when a client of somebody else's makes this offer.
pub fn server_agrees(offer: &str, server: Deflate) -> Option<Agreed> {
    let mut request = shake_hands(FULL, FULL).request;
    request.headers_mut().insert(EXTENSIONS, HeaderValue::from_str(offer).expect("a header"));
    server::accept(&request, &agrees_to(server)).expect("a handshake").deflate
}

/// What a client believes when a server of somebody else's gives this answer.
pub fn client_agrees(answer: &str, client: Deflate) -> Option<Agreed> {
    let mut response = shake_hands(FULL, FULL).response;
    response.headers_mut().insert(EXTENSIONS, HeaderValue::from_str(answer).expect("a header"));
    client::verify(&response, &Key::new([7; 16]), &asks(client)).ok()?.deflate
}

fn asks(deflate: Deflate) -> client::Options {
    client::Options { deflate: Some(deflate), ..client::Options::default() }
}

fn agrees_to(deflate: Deflate) -> server::Options {
    server::Options { deflate: Some(deflate), ..server::Options::default() }
}

/// A server whose client offered this; both directions as wide as the offer allows.
pub fn server(offer: &str) -> Connection {
    server_with(offer, Config::default())
}

pub fn server_with(offer: &str, config: Config) -> Connection {
    let agreed = server_agrees(offer, FULL);
    assert!(agreed.is_some(), "{offer} is no offer");
    Connection::server(config.into(), Instant::now()).with_deflate(agreed)
}

/// A client whose server answered this.
pub fn client(answer: &str) -> Connection {
    let agreed = client_agrees(answer, FULL);
    assert!(agreed.is_some(), "{answer} is no answer");
    Connection::client(Config::default().into(), || [1, 2, 3, 4], Instant::now()).with_deflate(agreed)
}

/// What a connection tells about these octets, which are delivered in pieces of at most `most`.
pub fn in_pieces(connection: &mut Connection, octets: &[u8], most: usize) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    for piece in octets.to_vec().chunks_mut(most) {
        let mut input = Input::new(piece);
        while let Some(event) = connection.receive(&mut input, Instant::now()) {
            events.push(event.into_owned());
        }
    }
    events
}

/// The same, delivered at once.
pub fn events(connection: &mut Connection, octets: &[u8]) -> Vec<Event<'static>> {
    in_pieces(connection, octets, usize::MAX)
}

/// A server reads one compressed message of a client.
pub fn read(server: &mut Connection, first: u8, payload: &[u8]) -> Vec<Event<'static>> {
    events(server, &wire::frame(true, first | RSV1, payload))
}

/// That a server reads this compressed message as `expected`.
#[track_caller]
pub fn expect_read(server: &mut Connection, payload: &[u8], expected: &[u8]) {
    let told = read(server, wire::BINARY, payload);
    assert_eq!(told, [Event::Message(Message::binary(expected))], "{payload:02x?}");
}

/// That a server refuses this compressed message with an error, and says why with a close code.
#[track_caller]
pub fn expect_refused(server: &mut Connection, octets: &[u8], error: &ProtocolError) {
    let told = events(server, octets);
    assert_eq!(told.first(), Some(&Event::Error(error.clone())), "{octets:.40?}");
    assert!(matches!(told[1..], [Event::Closed(_)]), "{told:?}");
    let frames = wire::frames(&wire::transmitted(server).0);
    let closes = frames.last().expect("a close frame").close();
    assert_eq!(closes, (error.close_code().get(), &*error.to_string()));
}
