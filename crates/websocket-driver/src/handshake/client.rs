//! The client's side: the request, and whether the answer may be believed.

use std::fmt;

use http::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::uri::Authority;
use http::{HeaderMap, Request, Response, StatusCode, Uri};

use super::headers::{has_token, is_token, only};
use super::key::Key;
use crate::deflate::{self, Agreed, Deflate};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The subprotocols that the client speaks, the best one first (RFC 6455 §1.9).
    pub subprotocols: Vec<String>,
    /// Further headers, such as `Origin`, `Authorization` or `Cookie`. Those of the handshake itself are set
    /// after them.
    pub headers: HeaderMap,
    /// How messages may be compressed (RFC 7692). `None`: not at all.
    pub deflate: Option<Deflate>,
}

/// What a server chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The subprotocol.
    pub subprotocol: Option<String>,
    /// The compression.
    pub deflate: Option<Agreed>,
}

/// A handshake cannot be made from what the caller gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The address has no `ws:` or `wss:` scheme, no host, or credentials in it.
    Uri(Uri),
    /// A subprotocol that is no token (RFC 9110 §5.6.2) or stands twice.
    Subprotocol(String),
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidRequest::Uri(uri) => {
                write!(f, "'{uri}' is no WebSocket address: it must look like ws://host:port/path")
            }
            InvalidRequest::Subprotocol(name) => {
                write!(f, "'{name}' cannot be a subprotocol: it must be a token, named once")
            }
        }
    }
}

impl std::error::Error for InvalidRequest {}

/// Why a server's answer opens no WebSocket (RFC 6455 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The status is not 101, or in HTTP/2 not 200.
    Status(StatusCode),
    /// `Upgrade` is not `websocket`.
    Upgrade,
    /// `Connection` does not name `Upgrade`.
    Connection,
    /// `Sec-WebSocket-Accept` does not answer our key.
    Accept,
    /// An extension that was not offered.
    Extension,
    /// A subprotocol that was not offered, or more than one.
    Subprotocol,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::Status(status) => {
                write!(f, "the server answered {status}, which opens no WebSocket")
            }
            Rejection::Upgrade => write!(f, "the server's answer does not upgrade to websocket"),
            Rejection::Connection => write!(f, "the server's answer lacks 'Connection: Upgrade'"),
            Rejection::Accept => write!(f, "the server's Sec-WebSocket-Accept does not answer our key"),
            Rejection::Extension => write!(f, "the server chose an extension that was not offered"),
            Rejection::Subprotocol => write!(f, "the server chose a subprotocol that was not offered"),
        }
    }
}

impl std::error::Error for Rejection {}

/// Makes the request of an opening handshake, its target in origin form.
///
/// # Errors
///
/// [`InvalidRequest`] for an address or a subprotocol that cannot be sent.
pub fn request(uri: &Uri, key: &Key, options: &Options) -> Result<Request<()>, InvalidRequest> {
    let authority = check(uri, options)?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::get(target).body(()).expect("the target came from an address");
    *request.headers_mut() = options.headers.clone();
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::try_from(authority.as_str()).expect("an authority is visible ASCII"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, key.to_header());
    offer(headers, options);
    Ok(request)
}

/// The authority of an address that can be asked for.
pub(super) fn check<'a>(uri: &'a Uri, options: &Options) -> Result<&'a Authority, InvalidRequest> {
    let authority = uri
        .authority()
        .filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty())
        .filter(|_| matches!(uri.scheme_str(), Some("ws" | "wss")))
        .ok_or_else(|| InvalidRequest::Uri(uri.clone()))?;
    let names = &options.subprotocols;
    let unfit = |(at, name): &(usize, &String)| !is_token(name) || names[..*at].contains(name);
    match names.iter().enumerate().find(unfit) {
        Some((_, name)) => Err(InvalidRequest::Subprotocol(name.clone())),
        None => Ok(authority),
    }
}

/// Says in a request's headers which subprotocols and extensions are offered.
pub(super) fn offer(headers: &mut HeaderMap, options: &Options) {
    // A caller's own header would promise what the driver cannot keep.
    headers.remove(SEC_WEBSOCKET_EXTENSIONS);
    if let Some(deflate) = &options.deflate {
        let offer = HeaderValue::try_from(deflate::offer(deflate)).expect("parameters are visible ASCII");
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer);
    }
    headers.remove(SEC_WEBSOCKET_PROTOCOL);
    if !options.subprotocols.is_empty() {
        let list = HeaderValue::try_from(options.subprotocols.join(", ")).expect("tokens were checked");
        headers.insert(SEC_WEBSOCKET_PROTOCOL, list);
    }
}

/// Judges a server's answer and says what was chosen.
///
/// # Errors
///
/// The first rule that the answer breaks. The connection must then be dropped.
pub fn verify<B>(response: &Response<B>, key: &Key, options: &Options) -> Result<Chosen, Rejection> {
    let headers = response.headers();
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Rejection::Status(response.status()));
    }
    if only(headers, &UPGRADE).is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Err(Rejection::Upgrade);
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err(Rejection::Connection);
    }
    if only(headers, &SEC_WEBSOCKET_ACCEPT).is_none_or(|value| value != key.accept()) {
        return Err(Rejection::Accept);
    }
    chosen(headers, options)
}

/// What an answer chose of what was offered.
pub(super) fn chosen(headers: &HeaderMap, options: &Options) -> Result<Chosen, Rejection> {
    Ok(Chosen { subprotocol: subprotocol(headers, options)?, deflate: deflate(headers, options)? })
}

fn subprotocol(headers: &HeaderMap, options: &Options) -> Result<Option<String>, Rejection> {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Ok(None);
    }
    only(headers, &SEC_WEBSOCKET_PROTOCOL)
        .and_then(|value| options.subprotocols.iter().find(|ours| value == ours.as_str()))
        .map(|name| Some(name.clone()))
        .ok_or(Rejection::Subprotocol)
}

fn deflate(headers: &HeaderMap, options: &Options) -> Result<Option<Agreed>, Rejection> {
    if !headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Ok(None);
    }
    only(headers, &SEC_WEBSOCKET_EXTENSIONS)
        .and_then(|value| deflate::judge(value.to_str().ok()?, options.deflate.as_ref()?))
        .map(Some)
        .ok_or(Rejection::Extension)
}

#[cfg(test)]
mod tests {
    use super::super::server;
    use super::*;

    fn options(subprotocols: &[&str]) -> Options {
        Options {
            subprotocols: subprotocols.iter().map(|name| (*name).to_owned()).collect(),
            ..Options::default()
        }
    }

    #[test]
    fn a_server_understands_and_the_client_believes_it() {
        let key = Key::new([7; 16]);
        let options = options(&["chat.v2", "chat.v1"]);
        let request = request(&Uri::from_static("ws://example.org:8080/room?a=b"), &key, &options).unwrap();
        assert_eq!(request.uri(), "/room?a=b");
        assert_eq!(request.headers()[HOST], "example.org:8080");
        let speaks = server::Options { subprotocols: vec!["chat.v1".into()], deflate: None };
        let accepted = server::accept(&request, &speaks).unwrap();
        let chosen = verify(&accepted.response, &key, &options).unwrap();
        assert_eq!(chosen.subprotocol.as_deref(), Some("chat.v1"));
    }

    #[test]
    fn addresses_and_names_that_cannot_be_asked_for() {
        let key = Key::new([0; 16]);
        for uri in ["http://example.org/", "/chat", "ws://user:secret@example.org/", "example.org"] {
            assert!(request(&Uri::from_static(uri), &key, &options(&[])).is_err(), "{uri}");
        }
        for names in [&["a b"][..], &[""], &["a", "a"], &["a\r\nX: y"]] {
            let uri = Uri::from_static("ws://example.org/");
            assert!(request(&uri, &key, &options(names)).is_err(), "{names:?}");
        }
    }

    #[test]
    fn answers_that_are_not_believed() {
        let key = Key::new([7; 16]);
        let asked = options(&["a"]);
        let uri = Uri::from_static("ws://example.org/");
        let request = request(&uri, &key, &asked).unwrap();
        let good = server::accept(&request, &server::Options::default()).unwrap().response;
        assert_eq!(verify(&good, &key, &asked), Ok(Chosen::default()));
        for (name, value, rejection) in [
            ("upgrade", "websockets", Rejection::Upgrade),
            ("connection", "keep-alive", Rejection::Connection),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Rejection::Accept),
            ("sec-websocket-extensions", "permessage-deflate", Rejection::Extension),
            ("sec-websocket-protocol", "b", Rejection::Subprotocol),
            ("sec-websocket-protocol", "a, a", Rejection::Subprotocol),
        ] {
            let mut bad = good.clone();
            bad.headers_mut().insert(name, HeaderValue::from_static(value));
            assert_eq!(verify(&bad, &key, &asked), Err(rejection), "{name}: {value}");
        }
        let mut refused = good.clone();
        *refused.status_mut() = StatusCode::FORBIDDEN;
        assert_eq!(verify(&refused, &key, &asked), Err(Rejection::Status(StatusCode::FORBIDDEN)));
        let mut foo = good;
        foo.headers_mut().insert("connection", HeaderValue::from_static("foo, upgrade"));
        assert_eq!(verify(&foo, &key, &asked), Ok(Chosen::default()));
    }
}
