//! Opening handshakes of the load, as octets: the same request every time, and the answer checked.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The key and its answer are those of RFC 6455 §1.3, so that a floor may answer with constant octets.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How many handshakes are under way at a time.
const UNDER_WAY: usize = 64;

/// What a server that works answers within, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Connects and asks.
pub fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    ask(&mut stream)?;
    Ok(stream)
}

pub fn ask(stream: &mut impl Write) -> io::Result<()> {
    stream.write_all(REQUEST)
}

/// Reads the answer. Nothing may follow it: nobody has said anything yet.
pub fn finish(stream: &mut impl Read) -> io::Result<()> {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut buffer)?;
        if read == 0 || answer.len() > 4096 {
            return Err(refused(&answer));
        }
        answer.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8_lossy(&answer);
    let accepts = text
        .lines()
        .filter_map(|line| line.split_once(": "))
        .any(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept") && value == ACCEPT);
    if text.starts_with("HTTP/1.1 101 ") && accepts { Ok(()) } else { Err(refused(&answer)) }
}

fn refused(answer: &[u8]) -> io::Error {
    let first = String::from_utf8_lossy(answer.split(|octet| *octet == b'\r').next().unwrap_or_default());
    io::Error::new(io::ErrorKind::ConnectionRefused, format!("the handshake was answered with '{first}'"))
}

/// Opens this many connections.
pub fn connect(address: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(count);
    let mut under_way = VecDeque::with_capacity(UNDER_WAY);
    for _ in 0..count {
        if under_way.len() == UNDER_WAY {
            streams.push(next(&mut under_way)?);
        }
        under_way.push_back(begin(address)?);
    }
    while !under_way.is_empty() {
        streams.push(next(&mut under_way)?);
    }
    Ok(streams)
}

fn next(under_way: &mut VecDeque<TcpStream>) -> io::Result<TcpStream> {
    let mut stream = under_way.pop_front().expect("one is under way");
    finish(&mut stream)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_answer_opens() {
        let answer = |status: &str, accept: &str| {
            format!("HTTP/1.1 {status} X\r\nUpgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n")
        };
        assert!(finish(&mut answer("101", ACCEPT).as_bytes()).is_ok());
        for (status, accept) in [("101", "AAAA"), ("200", ACCEPT)] {
            assert!(finish(&mut answer(status, accept).as_bytes()).is_err(), "{status} {accept}");
        }
        assert!(finish(&mut &b"HTTP/1.1 101"[..]).is_err());
    }
}
