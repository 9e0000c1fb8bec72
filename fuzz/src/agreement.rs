//! Compression that two sides agree to, from arbitrary octets.

use arbitrary::Arbitrary;
use http::Uri;
use websocket_driver::deflate::{Agreed, Deflate};
use websocket_driver::handshake::{Key, client, server};

/// What each side wants.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Agreement {
    client: Settings,
    server: Settings,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Settings {
    window_bits: u8,
    takeover: bool,
    peer_takeover: bool,
    level: u8,
    min_len: u8,
}

impl Agreement {
    /// What the client wants.
    pub fn client(self) -> Deflate {
        self.client.into()
    }

    /// What the server wants.
    pub fn server(self) -> Deflate {
        self.server.into()
    }

    /// What came of it, for the client and for the server.
    pub fn shake_hands(self) -> (Agreed, Agreed) {
        let key = Key::new([7; 16]);
        let asks = client::Options { deflate: Some(self.client()), ..client::Options::default() };
        let agrees = server::Options { deflate: Some(self.server()), ..server::Options::default() };
        let uri = Uri::from_static("ws://example.org/");
        let request = client::request(&uri, &key, &asks).expect("a request");
        let accepted = server::accept(&request, &agrees).expect("a handshake");
        let chosen = client::verify(&accepted.response, &key, &asks).expect("an answer to believe");
        (chosen.deflate.expect("compression"), accepted.deflate.expect("compression"))
    }
}

impl From<Settings> for Deflate {
    fn from(settings: Settings) -> Deflate {
        Deflate {
            window_bits: 9 + settings.window_bits % 7,
            takeover: settings.takeover,
            peer_takeover: settings.peer_takeover,
            level: 1 + settings.level % 9,
            min_len: settings.min_len.into(),
        }
    }
}
