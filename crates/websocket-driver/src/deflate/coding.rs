//! The compression of a connection between two messages.

use super::coders::Settings;
use super::compress::Compressor;
use super::inflate::Inflater;
use super::window::Window;

/// What compression has to remember between two messages (RFC 7692 §7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The window of our messages, in bits: 9 to 15.
    pub window_bits: u8,
    /// How hard to compress, 2 to 9.
    pub level: u8,
    /// Whether our messages may refer to earlier ones.
    pub takeover: bool,
    /// Messages of fewer octets go out as they are.
    pub min_len: usize,
    /// How many octets the peer's messages may refer back: at most 32,768, and 0 if to none.
    pub peer_window: usize,
    /// The end of what the peer's messages said, at most `peer_window` octets.
    pub received: Vec<u8>,
}

/// The part of it that is about our messages.
pub(crate) struct Sent {
    settings: Settings,
    takeover: bool,
    min_len: usize,
}

/// And about the peer's: how far they may refer back, and to what.
pub(crate) struct ReceivedSoFar {
    window: usize,
    octets: Vec<u8>,
}

impl Sent {
    pub(crate) fn with(self, received: ReceivedSoFar) -> Coding {
        let Settings { window_bits, level } = self.settings;
        let (takeover, min_len) = (self.takeover, self.min_len);
        Coding {
            window_bits,
            level,
            takeover,
            min_len,
            peer_window: received.window,
            received: received.octets,
        }
    }
}

impl Compressor {
    /// The past that it may refer to is not among it: messages that refer to nothing are always right.
    pub(crate) fn coding(&self) -> Sent {
        Sent { settings: self.settings, takeover: self.window.is_some(), min_len: self.min_len }
    }
}

impl Inflater {
    /// Between two messages.
    pub(crate) fn coding(&self) -> ReceivedSoFar {
        let window = self.window.as_ref();
        ReceivedSoFar {
            window: window.map_or(0, Window::limit),
            octets: window.map_or_else(Vec::new, |window| window.octets().to_vec()),
        }
    }
}

impl Coding {
    /// The coders that go on with it; `None` if it is out of bounds.
    pub(crate) fn coders(self) -> Option<(Compressor, Inflater)> {
        let is_allowed = (9..=15).contains(&self.window_bits)
            && (2..=9).contains(&self.level)
            && (self.peer_window == 0 || (256..=32_768).contains(&self.peer_window))
            && self.received.len() <= self.peer_window;
        if !is_allowed {
            return None;
        }
        let settings = Settings { window_bits: self.window_bits, level: self.level };
        let compressor = Compressor::new(settings, self.takeover, self.min_len);
        let window = (self.peer_window > 0).then(|| {
            let mut window = Window::new(self.peer_window);
            window.keep(&self.received);
            window
        });
        Some((compressor, Inflater::with_window(window)))
    }
}
