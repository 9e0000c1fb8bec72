//! TLS between a socket and what is spoken on it: rustls, which does no I/O.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use rustls::{ServerConfig, ServerConnection};

use super::speech::Speech;
use crate::fanout::{Fanout, MAX_PIECES, Plan};

/// How much that is encrypted may wait for the socket, in octets. A piece of output more than that can be there.
const MAX_WAITING: usize = 64 * 1024;

/// Octets that are decrypted at a time: what a record holds.
const RECORD_LEN: usize = 16 * 1024;

thread_local! {
    static PLAINTEXT: std::cell::RefCell<Box<[u8]>> =
        std::cell::RefCell::new(vec![0; RECORD_LEN].into_boxed_slice());
}

pub(super) struct Tls {
    connection: ServerConnection,
    /// Encrypted and not written yet, from `begin` on.
    output: Vec<u8>,
    begin: usize,
    /// Octets that rustls has decrypted and nobody has taken.
    plaintext: usize,
    said_goodbye: bool,
    has_failed: bool,
}

impl Tls {
    pub(super) fn new(config: &Arc<ServerConfig>) -> std::io::Result<Tls> {
        let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
        let (output, begin, plaintext) = (Vec::new(), 0, 0);
        Ok(Tls { connection, output, begin, plaintext, said_goodbye: false, has_failed: false })
    }

    /// Decrypts as much as is wanted, and says how many of the octets were taken.
    pub(super) fn receive(&mut self, octets: &[u8], speech: &mut Speech, now: Instant) -> usize {
        let mut taken = 0;
        loop {
            self.pass_on(speech, now);
            if taken == octets.len() || !speech.wants_input() || self.has_failed {
                break;
            }
            // Reading from a slice does not fail; rustls takes nothing while it holds too much plaintext.
            taken += self.connection.read_tls(&mut &octets[taken..]).unwrap_or(0);
            match self.connection.process_new_packets() {
                Ok(state) => self.plaintext = state.plaintext_bytes_to_read(),
                Err(_) => {
                    self.has_failed = true;
                    speech.lost(now);
                }
            }
        }
        self.collect();
        if self.has_failed { octets.len() } else { taken }
    }

    fn pass_on(&mut self, speech: &mut Speech, now: Instant) {
        PLAINTEXT.with_borrow_mut(|plaintext| {
            while speech.wants_input() {
                match self.connection.reader().read(plaintext) {
                    Ok(0) => speech.end_of_input(now),
                    Ok(len) => {
                        self.plaintext = self.plaintext.saturating_sub(len);
                        speech.receive(&mut plaintext[..len], now);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                    Err(_) => speech.end_of_input(now),
                }
            }
        });
    }

    /// Whether there is something to [`receive`](Tls::receive) without another octet.
    pub(super) fn holds_plaintext(&self) -> bool {
        self.plaintext > 0
    }

    /// Encrypts what is to be said, until enough waits for the socket. False if there is more.
    pub(super) fn fill(
        &mut self,
        speech: &mut Speech,
        plan: &mut Plan,
        fanout: &mut Fanout,
        now: Instant,
    ) -> bool {
        while speech.plan(plan, fanout) {
            let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
            let count = speech.pieces(plan, fanout, &mut pieces);
            let has_room = self.output.len() - self.begin < MAX_WAITING;
            let pieces = if has_room { &pieces[..count] } else { &[] };
            // Before the end of the handshake rustls keeps a little, and then takes no more.
            let len = self.connection.writer().write_vectored(pieces).unwrap_or(0);
            if len == 0 {
                return false;
            }
            speech.written(plan, len, fanout, now);
            self.collect();
        }
        true
    }

    fn collect(&mut self) {
        while self.connection.wants_write() {
            // Writing to a vector does not fail.
            let _ = self.connection.write_tls(&mut self.output);
        }
    }

    /// What waits for the socket.
    pub(super) fn output(&self) -> &[u8] {
        &self.output[self.begin..]
    }

    pub(super) fn written(&mut self, len: usize) {
        self.begin += len;
        if self.is_flushed() {
            (self.output, self.begin) = (Vec::new(), 0);
        } else if self.begin > MAX_WAITING {
            self.output.drain(..self.begin);
            self.begin = 0;
        }
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.begin == self.output.len()
    }

    /// Says goodbye, once.
    pub(super) fn close(&mut self) {
        if !std::mem::replace(&mut self.said_goodbye, true) {
            self.connection.send_close_notify();
            self.collect();
        }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// The peer broke TLS; an alert that says so may wait to be written.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }
}
