//! Clients for whom there is no thread: they are told so, and to come again.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The answer. In seconds, when a place may be free: long enough that a crowd does not come back at once.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 53\r\n\r\n\
    The server has all the connections that it can have.\n";

/// How long a client's request is waited for, since a socket that is closed with something unread is reset and the
/// answer lost.
const LINGER: Duration = Duration::from_secs(1);

/// How many are waited for at a time.
const MOST_LINGERING: usize = 64;

#[derive(Debug, Default)]
pub(super) struct TurnedAway(VecDeque<(Instant, TcpStream)>);

impl TurnedAway {
    /// Tells a client, if it speaks without TLS, and lets it go soon.
    pub(super) fn tell(&mut self, mut client: TcpStream, speaks_tls: bool) {
        // One that has left already needs no answer.
        let told = client.set_nonblocking(true).is_ok() && (speaks_tls || client.write_all(FULL).is_ok());
        if told && client.shutdown(Shutdown::Write).is_ok() {
            if self.0.len() == MOST_LINGERING {
                self.0.pop_front();
            }
            self.0.push_back((Instant::now() + LINGER, client));
        }
    }

    /// Lets go of those who had their time, and says when the next has.
    pub(super) fn let_go(&mut self) -> Option<Instant> {
        while let Some((until, client)) = self.0.front_mut() {
            if *until > Instant::now() {
                return Some(*until);
            }
            // Requests are small; whoever sends more than this is reset.
            let _ = client.read(&mut [0; 16 * 1024]);
            self.0.pop_front();
        }
        None
    }
}
