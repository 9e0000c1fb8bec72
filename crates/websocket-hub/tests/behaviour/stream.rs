//! Streams that block, of whatever kind: what a peer reads and writes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::session::Socket;
use crate::transport::{Transport, client_config};
use crate::waiting::block_on;

#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// One stream of many.
    Http2(Socket),
}

impl Stream {
    /// What the transport of this thread makes of a connection, for HTTP/1.1.
    pub(crate) fn of(tcp: TcpStream) -> Stream {
        if !Transport::current().is_tls() {
            return Stream::Tcp(tcp);
        }
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(client_config(&["http/1.1"]), name).unwrap();
        let mut stream = StreamOwned::new(connection, tcp);
        // A server that hangs up meanwhile is noticed by whoever reads.
        while stream.conn.is_handshaking() && stream.conn.complete_io(&mut stream.sock).is_ok() {}
        Stream::Tls(Box::new(stream))
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Tcp(tcp) => tcp,
            Stream::Tls(tls) => &tls.sock,
            Stream::Http2(_) => panic!("it has no TCP of its own"),
        }
    }

    /// Ends the writing direction.
    pub(crate) fn finish(&mut self) {
        match self {
            Stream::Tcp(_) => {}
            Stream::Tls(tls) => {
                tls.conn.send_close_notify();
                tls.flush().unwrap();
            }
            Stream::Http2(socket) => return socket.finish(),
        }
        self.tcp().shutdown(Shutdown::Write).unwrap();
    }

    /// Goes away with a reset instead of an end.
    pub(crate) fn reset(self) {
        let tcp = match self {
            Stream::Tcp(tcp) => tcp,
            Stream::Tls(tls) => tls.sock,
            Stream::Http2(socket) => return socket.reset(),
        };
        block_on(async {
            tcp.set_nonblocking(true).unwrap();
            tokio::net::TcpStream::from_std(tcp).unwrap().set_zero_linger().unwrap();
        });
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(tcp) => tcp.read(buf),
            Stream::Tls(tls) => tls.read(buf),
            Stream::Http2(socket) => socket.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(tcp) => tcp.write(buf),
            // What it could not send before is noticed by this.
            Stream::Tls(tls) => tls.flush().and_then(|()| tls.write(buf)),
            Stream::Http2(socket) => socket.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
            Stream::Http2(_) => Ok(()),
        }
    }
}
