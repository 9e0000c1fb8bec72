//! A client of HTTP/2 and its streams, some of them WebSockets, which block.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{Method, Request, Response, Version};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_rustls::TlsConnector;

use crate::transport::{Transport, client_config};
use crate::waiting::{PATIENCE, block_on, runtime};

/// One connection. It lives as long as it or one of its streams does, on a thread of its own.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    send: SendRequest<Bytes>,
    leavers: UnboundedSender<Halves>,
    authority: String,
    scheme: &'static str,
}

impl Session {
    pub(crate) fn connect(address: SocketAddr) -> Session {
        Session::connect_with(address, &Builder::new())
    }

    pub(crate) fn connect_with(address: SocketAddr, builder: &Builder) -> Session {
        let (builder, (sender, receiver)) = (builder.clone(), std::sync::mpsc::channel());
        let tls = Transport::current().is_tls();
        let (leavers, mut leaving) = unbounded_channel();
        std::thread::spawn(move || {
            runtime().block_on(async {
                let tcp = TcpStream::connect(address).await.unwrap();
                tcp.set_nodelay(true).unwrap();
                let stream: Box<dyn Io> = if tls {
                    let name = ServerName::try_from("localhost").unwrap();
                    let connector = TlsConnector::from(client_config(&["h2", "http/1.1"]));
                    let stream = connector.connect(name, tcp).await.unwrap();
                    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                    Box::new(stream)
                } else {
                    Box::new(tcp)
                };
                let (send, mut connection) = builder.handshake::<_, Bytes>(stream).await.unwrap();
                sender.send(send).unwrap();
                loop {
                    tokio::select! {
                        // What was written goes out before its stream is dropped, with which it would be lost.
                        biased;
                        // A server that breaks the connection is noticed by its streams.
                        _ = &mut connection => break,
                        Some(halves) = leaving.recv() => drop::<Halves>(halves),
                    }
                }
            });
        });
        let send = receiver.recv_timeout(PATIENCE).expect("a connection");
        let mut session = Session {
            send,
            leavers,
            authority: address.to_string(),
            scheme: if tls { "https" } else { "http" },
        };
        session.wait_for_settings();
        session
    }

    /// Whether the server allows an extended CONNECT is known with its settings.
    fn wait_for_settings(&mut self) {
        block_on(async {
            while !self.send.is_extended_connect_protocol_enabled() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }

    /// A request to `/path`, of whatever method.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request<()> {
        let uri = format!("{}://{}/{path}", self.scheme, self.authority);
        Request::builder().method(method).uri(uri).version(Version::HTTP_2).body(()).unwrap()
    }

    /// A good handshake to `/name`.
    pub(crate) fn handshake(&self, name: &str) -> Request<()> {
        let mut request = self.request(Method::CONNECT, name);
        request.headers_mut().insert("sec-websocket-version", "13".parse().unwrap());
        request.extensions_mut().insert(Protocol::from_static("websocket"));
        request
    }

    /// Sends a request whose stream goes on, and gives back the answer and both directions.
    pub(crate) fn send(&self, request: Request<()>) -> (Response<()>, Socket) {
        self.try_send(request).expect("a response")
    }

    pub(crate) fn try_send(&self, request: Request<()>) -> Result<(Response<()>, Socket), h2::Error> {
        let (response, send) = self.begin(request, false);
        let (head, recv) = block_on(response)?.into_parts();
        let (halves, leavers) = (Some(Halves { send, recv }), self.leavers.clone());
        Ok((Response::from_parts(head, ()), Socket { halves, unread: Bytes::new(), leavers }))
    }

    fn begin(&self, request: Request<()>, ends: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let mut send = block_on(self.send.clone().ready()).expect("a connection that takes streams");
        send.send_request(request, ends).unwrap()
    }

    /// A request without content, and its answer with all of it.
    pub(crate) fn ask(&self, request: Request<()>) -> (Response<()>, String) {
        let (response, _) = self.begin(request, true);
        block_on(async {
            let (head, mut body) = response.await.expect("a response").into_parts();
            let mut text = Vec::new();
            while let Some(piece) = body.data().await {
                let piece = piece.unwrap();
                body.flow_control().release_capacity(piece.len()).unwrap();
                text.extend_from_slice(&piece);
            }
            (Response::from_parts(head, ()), String::from_utf8(text).unwrap())
        })
    }

    /// Opens a WebSocket.
    pub(crate) fn open(&self, name: &str) -> Socket {
        let (response, socket) = self.send(self.handshake(name));
        assert_eq!(response.status(), 200);
        socket
    }

    /// How many streams the server allows.
    pub(crate) fn max_streams(&self) -> usize {
        self.send.current_max_send_streams()
    }

    /// Whether the server has said that it takes no more.
    pub(crate) fn is_over(&self) -> bool {
        block_on(self.send.clone().ready()).is_err()
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Both directions of one stream.
#[derive(Debug)]
struct Halves {
    send: SendStream<Bytes>,
    recv: RecvStream,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Socket {
    halves: Option<Halves>,
    unread: Bytes,
    leavers: UnboundedSender<Halves>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A connection that is over needs no order.
        let _ = self.halves.take().map(|halves| self.leavers.send(halves));
    }
}

impl Socket {
    fn halves(&mut self) -> &mut Halves {
        self.halves.as_mut().expect("it is taken when it is dropped")
    }

    /// What is read makes room for as much more.
    pub(crate) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.unread.is_empty() {
            let recv = &mut self.halves().recv;
            let Some(piece) = block_on(recv.data()) else { return Ok(0) };
            let piece = piece.map_err(io::Error::other)?;
            recv.flow_control().release_capacity(piece.len()).map_err(io::Error::other)?;
            self.unread = piece;
        }
        let len = buf.len().min(self.unread.len());
        buf[..len].copy_from_slice(&self.unread.split_to(len));
        Ok(len)
    }

    /// Writes as much as the server takes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let send = &mut self.halves().send;
        send.reserve_capacity(bytes.len());
        let room = block_on(std::future::poll_fn(|cx| send.poll_capacity(cx)));
        let room = room.ok_or(io::ErrorKind::BrokenPipe)?.map_err(io::Error::other)?;
        let len = bytes.len().min(room);
        send.send_data(Bytes::copy_from_slice(&bytes[..len]), false).map_err(io::Error::other)?;
        Ok(len)
    }

    /// A DATA frame without a payload, which does not end the stream.
    pub(crate) fn write_nothing(&mut self) {
        self.halves().send.send_data(Bytes::new(), false).unwrap();
    }

    pub(crate) fn finish(&mut self) {
        self.halves().send.send_data(Bytes::new(), true).unwrap();
    }

    pub(crate) fn reset(mut self) {
        self.halves().send.send_reset(Reason::CANCEL);
    }

    /// Writes a message again and again until the server takes no more for a while; the last one whole. Says how
    /// many octets that were.
    pub(crate) fn stuff(&mut self, message: &[u8]) -> usize {
        let send = &mut self.halves().send;
        let mut written = 0;
        loop {
            send.reserve_capacity(message.len());
            let room = std::future::poll_fn(|cx| send.poll_capacity(cx));
            let room = async { tokio::time::timeout(Duration::from_millis(200), room).await };
            if block_on(room).is_err() {
                return written;
            }
            // What the window does not take waits here.
            send.send_data(Bytes::copy_from_slice(message), false).unwrap();
            written += message.len();
        }
    }
}
