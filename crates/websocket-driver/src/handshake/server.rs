//! The server's side: may this request become a WebSocket, and if not, what is the answer?

use std::fmt;

use http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};

use super::headers::{has_token, is_token, items, only};
use super::key::Key;
use crate::deflate::{self, Agreed, Deflate};

/// What a server agrees to.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The subprotocols that the server speaks (RFC 6455 §1.9). The first of the client's that is among them
    /// is chosen; if none is, the handshake goes on without one.
    pub subprotocols: Vec<String>,
    /// How messages may be compressed (RFC 7692). `None`: not at all.
    pub deflate: Option<Deflate>,
}

/// A handshake that the server agreed to.
#[derive(Debug)]
pub struct Accepted {
    /// The answer, status 101, or 200 in HTTP/2. When it is on the wire, frames begin.
    pub response: Response<()>,
    /// The subprotocol that was chosen.
    pub subprotocol: Option<String>,
    /// The compression that was agreed to.
    pub deflate: Option<Agreed>,
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// An ordinary HTTP request, or an upgrade to something else.
    NotWebSocket,
    /// `Connection` does not name `Upgrade`.
    NoConnectionUpgrade,
    /// A method other than GET, or in HTTP/2 other than CONNECT.
    Method,
    /// Older than HTTP/1.1.
    HttpVersion,
    /// `Host` is missing or stands more than once; in HTTP/2, `:authority` is missing or differs from it.
    Host,
    /// `Sec-WebSocket-Version` is not 13.
    Version,
    /// `Sec-WebSocket-Key` is missing, stands more than once, or is not sixteen octets of base64.
    Key,
    /// The request has a body, or says that it has: what follows it could be read as frames by one and as HTTP
    /// by another.
    Body,
    /// `Sec-WebSocket-Protocol` is not a list of tokens without repeats.
    Subprotocol,
}

/// Judges an opening handshake (RFC 6455 §4.2.1) and makes the answer.
///
/// `Origin` is not looked at: whom to trust is for the program to say.
///
/// ```
/// use websocket_driver::handshake::server::{accept, Options};
///
/// let request = http::Request::get("/chat")
///     .header("Host", "example.org")
///     .header("Connection", "keep-alive, Upgrade")
///     .header("Upgrade", "websocket")
///     .header("Sec-WebSocket-Version", "13")
///     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .body(())?;
/// let accepted = accept(&request, &Options::default()).unwrap();
/// assert_eq!(accepted.response.status(), 101);
/// assert_eq!(accepted.response.headers()["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
///
/// The first rule that the request breaks, as a [`Refusal`] with an answer of its own.
pub fn accept<B>(request: &Request<B>, options: &Options) -> Result<Accepted, Refusal> {
    let headers = request.headers();
    if !has_token(headers, &UPGRADE, "websocket") {
        return Err(Refusal::NotWebSocket);
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err(Refusal::NoConnectionUpgrade);
    }
    if request.method() != Method::GET {
        return Err(Refusal::Method);
    }
    if request.version() < Version::HTTP_11 {
        return Err(Refusal::HttpVersion);
    }
    if only(headers, &HOST).is_none() {
        return Err(Refusal::Host);
    }
    if has_length(headers) || headers.contains_key(TRANSFER_ENCODING) {
        return Err(Refusal::Body);
    }
    check_version(headers)?;
    let key = only(headers, &SEC_WEBSOCKET_KEY).and_then(Key::parse).ok_or(Refusal::Key)?;

    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(SEC_WEBSOCKET_ACCEPT, key.accept());
    agree(headers, options, response)
}

/// Whether a request says that it has a body.
pub(super) fn has_length(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0")
}

pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let version = only(headers, &SEC_WEBSOCKET_VERSION).filter(|version| *version == "13");
    version.map(drop).ok_or(Refusal::Version)
}

/// Adds to an answer what is chosen of the client's offers.
pub(super) fn agree(
    offers: &HeaderMap,
    options: &Options,
    mut response: Response<()>,
) -> Result<Accepted, Refusal> {
    let subprotocol = choose_subprotocol(offers, options)?;
    let headers = response.headers_mut();
    if let Some(name) = &subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::try_from(name).expect("a token was checked"));
    }
    let offers = offers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().filter_map(|line| line.to_str().ok());
    let deflate = options.deflate.as_ref().and_then(|deflate| deflate::answer(offers, deflate));
    if let Some(agreed) = deflate {
        let answer = HeaderValue::try_from(agreed.to_header()).expect("parameters are visible ASCII");
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, answer);
    }
    Ok(Accepted { response, subprotocol, deflate })
}

fn choose_subprotocol(headers: &HeaderMap, options: &Options) -> Result<Option<String>, Refusal> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    let readable = lines.iter().all(|line| line.to_str().is_ok());
    let offered: Vec<&str> = items(lines).collect();
    let repeated = offered.iter().enumerate().any(|(at, name)| offered[..at].contains(name));
    if !readable || repeated || !offered.iter().all(|name| is_token(name)) {
        return Err(Refusal::Subprotocol);
    }
    Ok(offered
        .into_iter()
        .find(|name| options.subprotocols.iter().any(|ours| ours == name))
        .map(str::to_owned))
}

impl Refusal {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::NotWebSocket | Refusal::Version => StatusCode::UPGRADE_REQUIRED,
            Refusal::Method => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer to send: a status, a sentence, and `Connection: close`, because what follows a handshake that
    /// failed must be read neither as frames nor as another request.
    pub fn response(self) -> Response<String> {
        let mut response = Response::new(format!("{self}.\n"));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            // RFC 9110 §15.5.22 wants `Upgrade`, and §7.8 wants it named in `Connection`.
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade, close"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if self == Refusal::Method {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::NotWebSocket => "This address speaks WebSocket: connect with a WebSocket client",
            Refusal::NoConnectionUpgrade => "A WebSocket handshake needs the header 'Connection: Upgrade'",
            Refusal::Method => "A WebSocket handshake is a GET request",
            Refusal::HttpVersion => "A WebSocket handshake needs HTTP/1.1",
            Refusal::Host => "A WebSocket handshake has exactly one Host header",
            Refusal::Version => "Only WebSocket version 13 (RFC 6455) is spoken here",
            Refusal::Key => "Sec-WebSocket-Key must stand once and be sixteen octets in base64",
            Refusal::Body => "A WebSocket handshake has no body",
            Refusal::Subprotocol => "Sec-WebSocket-Protocol must be a list of tokens without repeats",
        })
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("Host", "example.org"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    /// A good request, changed: a name alone takes the field away, a name with `+` adds a line, else the value
    /// is replaced.
    fn request(changes: &[(&str, Option<&str>)]) -> Request<()> {
        let mut request = Request::get("/any/path?query").body(()).unwrap();
        for (name, value) in GOOD {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        for (name, value) in changes {
            let name = name.to_ascii_lowercase();
            let field = http::HeaderName::try_from(name.trim_start_matches('+')).unwrap();
            match value.map(|value| HeaderValue::from_str(value).unwrap()) {
                None => drop(request.headers_mut().remove(field)),
                Some(value) if name.starts_with('+') => drop(request.headers_mut().append(field, value)),
                Some(value) => drop(request.headers_mut().insert(field, value)),
            }
        }
        request
    }

    #[test]
    fn good_handshakes() {
        for changes in [
            &[][..],
            &[("Connection", Some("keep-alive, Upgrade"))],
            &[("Connection", Some("keep-alive")), ("+Connection", Some("upgrade"))],
            &[("Upgrade", Some("WebSocket"))],
            &[("Upgrade", Some("h2c, websocket"))],
            &[("Content-Length", Some("0"))],
            &[("Sec-WebSocket-Extensions", Some("permessage-deflate; client_max_window_bits"))],
        ] {
            let accepted = accept(&request(changes), &Options::default()).unwrap();
            let names: Vec<&str> = accepted.response.headers().keys().map(|name| name.as_str()).collect();
            assert_eq!(names, ["upgrade", "connection", "sec-websocket-accept"], "{changes:?}");
        }
    }

    #[test]
    fn bad_handshakes() {
        for (refusal, status, changes) in [
            (Refusal::NotWebSocket, 426, &[("Upgrade", None)][..]),
            (Refusal::NotWebSocket, 426, &[("Upgrade", Some("websockets"))]),
            (Refusal::NoConnectionUpgrade, 400, &[("Connection", None)]),
            (Refusal::NoConnectionUpgrade, 400, &[("Connection", Some("Upgrader"))]),
            (Refusal::Host, 400, &[("Host", None)]),
            (Refusal::Host, 400, &[("+Host", Some("example.org"))]),
            (Refusal::Version, 426, &[("Sec-WebSocket-Version", None)]),
            (Refusal::Version, 426, &[("Sec-WebSocket-Version", Some("8"))]),
            (Refusal::Version, 426, &[("Sec-WebSocket-Version", Some("8, 13"))]),
            (Refusal::Version, 426, &[("+Sec-WebSocket-Version", Some("13"))]),
            (Refusal::Key, 400, &[("Sec-WebSocket-Key", None)]),
            (Refusal::Key, 400, &[("Sec-WebSocket-Key", Some(""))]),
            (Refusal::Key, 400, &[("Sec-WebSocket-Key", Some("c2hvcnQ="))]),
            (Refusal::Key, 400, &[("+Sec-WebSocket-Key", Some("dGhlIHNhbXBsZSBub25jZQ=="))]),
            (Refusal::Body, 400, &[("Content-Length", Some("5"))]),
            (Refusal::Body, 400, &[("Transfer-Encoding", Some("chunked"))]),
            (Refusal::Subprotocol, 400, &[("Sec-WebSocket-Protocol", Some("a b"))]),
            (Refusal::Subprotocol, 400, &[("Sec-WebSocket-Protocol", Some("a, a"))]),
        ] {
            let refused = accept(&request(changes), &Options::default()).unwrap_err();
            assert_eq!((refused, refused.status().as_u16()), (refusal, status), "{changes:?}");
            let response = refused.response();
            assert!(has_token(response.headers(), &CONNECTION, "close"), "{changes:?}");
            assert_eq!(response.headers().contains_key(SEC_WEBSOCKET_VERSION), status == 426);
        }
        let mut old = request(&[]);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(accept(&old, &Options::default()).unwrap_err(), Refusal::HttpVersion);
        let mut post = request(&[]);
        *post.method_mut() = Method::POST;
        assert_eq!(accept(&post, &Options::default()).unwrap_err().response().headers()["allow"], "GET");
    }

    #[test]
    fn the_clients_first_subprotocol_that_we_speak_is_chosen() {
        let options = Options { subprotocols: vec!["a".into(), "b".into()], deflate: None };
        for (offered, chosen) in [("b, a", Some("b")), ("x, a", Some("a")), ("x", None), ("A", None)] {
            let request = request(&[("Sec-WebSocket-Protocol", Some(offered))]);
            let accepted = accept(&request, &options).unwrap();
            assert_eq!(accepted.subprotocol.as_deref(), chosen, "{offered}");
            let header = accepted.response.headers().get(SEC_WEBSOCKET_PROTOCOL);
            assert_eq!(header.map(|value| value.to_str().unwrap()), chosen, "{offered}");
        }
    }
}
