//! Peers that speak in bytes: what no decent client would send, and all that comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpSocket;
use websocket_hub::Server;
use websocket_hub::driver::retry_after_of;

use crate::session::{Session, Socket};
use crate::stream::Stream;
use crate::transport::Transport;
use crate::waiting::{PATIENCE, block_on};

/// Octets of any masking key: hostile clients need no good ones.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The lines of a good handshake behind its first.
pub(crate) const GOOD: [&str; 5] = [
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// A good handshake to `/name`.
pub(crate) fn handshake(name: &str) -> String {
    request(&format!("GET /{name} HTTP/1.1"), &GOOD)
}

pub(crate) fn request(first: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{first}\r\n{lines}\r\n")
}

/// A frame as a client sends it, whatever its first octet.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(octet, key)| octet ^ key));
    frame
}

/// The header of a frame that announces `length`, in its shortest form, and is masked.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let mut header = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..126), _) => header.push(0x80 | short),
        (_, Ok(middle)) => {
            header.push(0x80 | 126);
            header.extend(middle.to_be_bytes());
        }
        _ => {
            header.push(0x80 | 127);
            header.extend(length.to_be_bytes());
        }
    }
    header.extend(KEY);
    header
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

pub(crate) fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(0x88, &[&code.to_be_bytes(), reason].concat())
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Head {
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap();
        let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let field = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let status = status.unwrap_or_else(|| panic!("no status: {first:?}"));
        Head { status, fields: lines.filter(|line| !line.is_empty()).map(field).collect() }
    }

    /// The values of a field, in lower case.
    pub(crate) fn get(&self, name: &str) -> String {
        let values = self.fields.iter().filter(|(field, _)| field == name);
        values.map(|(_, value)| value.to_ascii_lowercase()).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn says_close(&self) -> bool {
        self.get("connection").split(", ").any(|name| name == "close")
    }
}

/// A frame as a server sends it.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn close(code: u16, reason: &str) -> Frame {
        Frame { first: 0x88, payload: [&code.to_be_bytes(), reason.as_bytes()].concat() }
    }
}

#[derive(Debug)]
pub(crate) struct Peer {
    stream: Stream,
    unread: Vec<u8>,
}

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Peer {
        Peer::of(TcpStream::connect(address).unwrap())
    }

    /// A peer whose kernel takes little on its behalf while it does not read.
    pub(crate) fn connect_small(address: SocketAddr) -> Peer {
        let stream = block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(16 * 1024)?;
            socket.connect(address).await?.into_std()
        });
        let stream = stream.unwrap();
        stream.set_nonblocking(false).unwrap();
        Peer::of(stream)
    }

    pub(crate) fn of(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).unwrap();
        Peer::over(stream)
    }

    /// A peer by a Unix socket, which the same system calls serve.
    pub(crate) fn connect_unix(path: &Path) -> Peer {
        Peer::over(OwnedFd::from(UnixStream::connect(path).unwrap()).into())
    }

    fn over(stream: TcpStream) -> Peer {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Peer { stream: Stream::of(stream), unread: Vec::new() }
    }

    /// A peer on one stream of an HTTP/2 connection.
    pub(crate) fn on(socket: Socket) -> Peer {
        Peer { stream: Stream::Http2(socket), unread: Vec::new() }
    }

    /// A peer whose handshake is done.
    pub(crate) fn open(server: &Server, name: &str) -> Peer {
        if Transport::current().is_http2() {
            return Peer::on(Session::connect(server.address()).open(name));
        }
        Peer::connect(server.address()).shake_hands(name)
    }

    pub(crate) fn open_small(server: &Server, name: &str) -> Peer {
        if Transport::current().is_http2() {
            // It takes 64 KiB by itself.
            return Peer::open(server, name);
        }
        Peer::connect_small(server.address()).shake_hands(name)
    }

    pub(crate) fn shake_hands(mut self, name: &str) -> Peer {
        self.write(handshake(name));
        assert_eq!(self.head().status, 101);
        self
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self.stream.flush().unwrap();
    }

    /// Writes to somebody who may have left.
    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Whether the other end still takes what is written.
    pub(crate) fn stream_takes(&mut self) -> bool {
        self.try_write([0])
    }

    /// What is under it, and under TLS.
    pub(crate) fn stream(&self) -> &TcpStream {
        self.stream.tcp()
    }

    /// Ends the writing direction.
    pub(crate) fn finish(&mut self) {
        self.stream.finish();
    }

    /// Goes away with a reset instead of an end.
    pub(crate) fn reset(self) {
        self.stream.reset();
    }

    /// Whether something has come, or the end, within `time`.
    pub(crate) fn hears_within(&mut self, time: Duration) -> bool {
        self.stream().set_read_timeout(Some(time)).unwrap();
        let mut bytes = [0; 1024];
        let read = self.stream.read(&mut bytes);
        self.stream().set_read_timeout(Some(PATIENCE)).unwrap();
        self.unread.extend_from_slice(&bytes[..*read.as_ref().unwrap_or(&0)]);
        !self.unread.is_empty()
            || !matches!(read, Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }

    /// Reads more; false at the end, however that comes.
    fn fill(&mut self) -> bool {
        let mut bytes = [0; 64 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(len) => {
                self.unread.extend_from_slice(&bytes[..len]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!(
                    "nothing came and the end neither, after {:?}",
                    self.unread.escape_ascii().to_string()
                );
            }
            Err(_) => false,
        }
    }

    fn take(&mut self, len: usize) -> Option<Vec<u8>> {
        while self.unread.len() < len {
            if !self.fill() {
                return None;
            }
        }
        Some(self.unread.drain(..len).collect())
    }

    /// The next octets, so many of them.
    pub(crate) fn octets(&mut self, len: usize) -> Vec<u8> {
        self.take(len).expect("so many")
    }

    /// The head of the next response.
    pub(crate) fn head(&mut self) -> Head {
        loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = self.take(end + 4).unwrap();
                return Head::parse(std::str::from_utf8(&head).unwrap());
            }
            assert!(self.fill(), "no head: {:?}", self.unread.escape_ascii().to_string());
        }
    }

    /// The next response, whose length is announced.
    pub(crate) fn response(&mut self) -> (Head, String) {
        let head = self.head();
        let length = head.get("content-length").parse().unwrap_or(0);
        let body = self.take(length).expect("a whole body");
        (head, String::from_utf8(body).unwrap())
    }

    /// The next frame; `None` at the end.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let start = self.take(2)?;
        assert_eq!(start[1] & 0x80, 0, "a server does not mask");
        let length = match start[1] {
            126 => u64::from(u16::from_be_bytes(self.take(2)?.try_into().unwrap())),
            127 => u64::from_be_bytes(self.take(8)?.try_into().unwrap()),
            short => u64::from(short),
        };
        let payload = self.take(usize::try_from(length).unwrap())?;
        Some(Frame { first: start[0], payload })
    }

    /// The text of the next frame.
    pub(crate) fn text(&mut self) -> String {
        let frame = self.frame().expect("a text");
        assert_eq!(frame.first, 0x81, "{frame:?}");
        String::from_utf8(frame.payload).unwrap()
    }

    /// The close frame, behind whatever comes before it.
    pub(crate) fn close_frame(&mut self) -> Frame {
        let mut frames = std::iter::from_fn(|| self.frame());
        frames.find(|frame| frame.first == 0x88).expect("a close frame before the end")
    }

    /// The code in the close frame.
    pub(crate) fn close_code(&mut self) -> u16 {
        let frame = self.close_frame();
        u16::from_be_bytes(*frame.payload.first_chunk().expect("a code"))
    }

    /// The goodbye of a server that stops: when to come back.
    pub(crate) fn goodbye(&mut self) -> Duration {
        let frame = self.close_frame();
        let (code, reason) = frame.payload.split_first_chunk::<2>().expect("a code");
        let reason = std::str::from_utf8(reason).unwrap();
        assert_eq!(u16::from_be_bytes(*code), 1012, "{reason}");
        assert!(reason.starts_with("the server restarts; "), "{reason}");
        retry_after_of(reason).expect(reason)
    }

    /// Whether the stream ends now, as it should: not with a reset, nor without TLS's goodbye.
    pub(crate) fn ends(&mut self) -> bool {
        assert_eq!(self.unread, b"");
        matches!(self.stream.read(&mut [0]), Ok(0))
    }

    /// Everything until the end of the stream, be it a reset.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.unread)
    }
}
