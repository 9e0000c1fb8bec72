//! Requests as somebody writes them by hand, and the answers to them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// An answer that has come whole.
#[derive(Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// The lines of the head after the first one, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What came behind the head, as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads what came until the end of a connection.
    ///
    /// # Panics
    ///
    /// When it is no answer.
    pub fn parse(octets: &[u8]) -> Answer {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head ends in: {}", octets.escape_ascii()));
        let head = String::from_utf8_lossy(&octets[..end]);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        Answer {
            status: status.unwrap_or_else(|| panic!("no status in: {head}")),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect(),
            body: octets[end + 4..].to_vec(),
        }
    }

    /// The value of a header, if there is exactly one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values =
            self.headers.iter().filter(|(each, _)| each == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    }

    /// The body as a text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request and reads the answer to its end. `address` may be `127.0.0.1:1`, `http://…` or `ws://…`; the lines are
/// those behind the first one, to which `Host` and `Connection: close` are added if
/// they are not among them.
///
/// # Panics
///
/// When there is no answer.
pub fn ask(address: &str, first: &str, lines: &[&str]) -> Answer {
    ask_with(address, first, lines, b"")
}

/// As [`ask`], with a body, whose length is said.
///
/// # Panics
///
/// When there is no answer.
pub fn ask_with(address: &str, first: &str, lines: &[&str], body: &[u8]) -> Answer {
    let address = address.split("://").last().unwrap_or(address);
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_read_timeout(Some(SOON)).expect("a time that is not zero");
    exchange(stream, &request(address, first, lines, body))
}

/// A request as it is written.
pub fn request(address: &str, first: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let mut request = format!("{first} HTTP/1.1\r\n");
    let says = |name: &str| lines.iter().any(|line| line.to_lowercase().starts_with(name));
    if !says("host:") {
        request += &format!("Host: {address}\r\n");
    }
    if !says("connection:") {
        request += "Connection: close\r\n";
    }
    for line in lines {
        request += &format!("{line}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    request += "\r\n";
    [request.as_bytes(), body].concat()
}

/// Writes octets and reads an answer to its end, over any transport.
///
/// # Panics
///
/// When there is no answer.
pub fn exchange(mut stream: impl Read + Write, octets: &[u8]) -> Answer {
    // A server may answer, and close, before it has read everything.
    let _ = stream.write_all(octets);
    let mut answer = Vec::new();
    // A connection that is torn down behind an answer is no matter.
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert!(!answer.is_empty(), "no answer came: {error}");
    }
    Answer::parse(&answer)
}
