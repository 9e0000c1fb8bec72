//! The handshake in HTTP/2 and HTTP/3 (RFC 8441, RFC 9220): an extended CONNECT opens one stream of many.
//!
//! `http` has no place for the pseudo-header field `:protocol`, and each HTTP stack keeps it in a type of its own.
//! So it is an argument here, and the client's [`PROTOCOL`] is a constant.

use http::header::{
    CONNECTION, CONTENT_TYPE, HOST, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};

use super::client::{self, Chosen, InvalidRequest, Rejection};
use super::headers::only;
use super::server::{self, Accepted, Refusal};

/// The value of `:protocol`.
pub const PROTOCOL: &str = "websocket";

/// Judges a server's request, whose `:protocol` is given beside it, and makes the answer.
///
/// What HTTP/1.1 has to say about connections (`Upgrade`, `Connection`, `Sec-WebSocket-Key`) is not asked for
/// (RFC 8441 §5). `Origin` is not looked at: whom to trust is for the program to say.
///
/// ```
/// use websocket_driver::handshake::{http2, server};
///
/// let request = http::Request::connect("https://example.org/chat")
///     .version(http::Version::HTTP_2)
///     .header("Sec-WebSocket-Version", "13")
///     .body(())?;
/// let accepted = http2::accept(&request, Some("websocket"), &server::Options::default()).unwrap();
/// assert_eq!(accepted.response.status(), 200);
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
///
/// The first rule that the request breaks. [`refusal`] is the answer.
pub fn accept<B>(
    request: &Request<B>,
    protocol: Option<&str>,
    options: &server::Options,
) -> Result<Accepted, Refusal> {
    let headers = request.headers();
    if protocol != Some(PROTOCOL) {
        return Err(Refusal::NotWebSocket);
    }
    if request.method() != Method::CONNECT {
        return Err(Refusal::Method);
    }
    if request.version() < Version::HTTP_2 {
        return Err(Refusal::HttpVersion);
    }
    if !has_one_authority(request.uri(), headers) {
        return Err(Refusal::Host);
    }
    if server::has_length(headers) {
        return Err(Refusal::Body);
    }
    server::check_version(headers)?;
    let mut response = Response::new(());
    *response.version_mut() = request.version();
    server::agree(headers, options, response)
}

/// Two names for the server that differ could make it and a proxy decide differently (RFC 9113 §8.3.1).
fn has_one_authority(uri: &Uri, headers: &HeaderMap) -> bool {
    let host = only(headers, &HOST);
    match uri.authority() {
        None => host.is_some(),
        Some(_) if !headers.contains_key(HOST) => true,
        Some(authority) => {
            host.is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()))
        }
    }
}

/// The answer to a request that is refused: a status and a sentence.
///
/// It is 400 where HTTP/1.1 has 426, which speaks of `Upgrade`, and names no connection: the other streams of this
/// one go on.
pub fn refusal(refusal: Refusal) -> Response<String> {
    let mut response = Response::new(match refusal {
        Refusal::Method => "A WebSocket handshake in HTTP/2 is a CONNECT request.\n".to_owned(),
        Refusal::Host => "A WebSocket handshake in HTTP/2 names its server in :authority.\n".to_owned(),
        refusal => format!("{refusal}.\n"),
    });
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if refusal == Refusal::Version {
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

/// Makes a client's request, to be sent with [`PROTOCOL`] as its `:protocol` to a server whose settings allow an
/// extended CONNECT (RFC 8441 §3).
///
/// # Errors
///
/// [`InvalidRequest`] for an address or a subprotocol that cannot be sent.
pub fn request(uri: &Uri, options: &client::Options) -> Result<Request<()>, InvalidRequest> {
    let authority = client::check(uri, options)?;
    let scheme = if uri.scheme_str() == Some("wss") { "https" } else { "http" };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let target = Uri::builder().scheme(scheme).authority(authority.as_str()).path_and_query(path);
    let target = target.build().expect("its parts came from an address");

    let mut request =
        Request::connect(target).version(Version::HTTP_2).body(()).expect("nothing can be wrong");
    let headers = request.headers_mut();
    *headers = options.headers.clone();
    for name in [CONNECTION, UPGRADE, HOST, SEC_WEBSOCKET_KEY] {
        headers.remove(name);
    }
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    client::offer(headers, options);
    Ok(request)
}

/// Judges a server's answer and says what was chosen.
///
/// # Errors
///
/// The first rule that the answer breaks. The stream must then be dropped.
pub fn verify<B>(response: &Response<B>, options: &client::Options) -> Result<Chosen, Rejection> {
    if response.status() != StatusCode::OK {
        return Err(Rejection::Status(response.status()));
    }
    client::chosen(response.headers(), options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deflate::Deflate;

    /// A good request, changed: `None` takes a field away.
    fn good(changes: &[(&'static str, Option<&'static str>)]) -> Request<()> {
        let mut request = Request::connect("https://example.org/any/path?query").body(()).unwrap();
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        for (name, value) in changes {
            match value {
                None => drop(request.headers_mut().remove(*name)),
                Some(value) => drop(request.headers_mut().append(*name, HeaderValue::from_static(value))),
            }
        }
        request
    }

    fn judge(request: &Request<()>) -> Result<Accepted, Refusal> {
        accept(request, Some(PROTOCOL), &server::Options::default())
    }

    #[test]
    fn good_handshakes() {
        for changes in [
            &[][..],
            &[("content-length", Some("0"))],
            &[("host", Some("EXAMPLE.org"))],
            // Neither asked for nor looked at.
            &[("sec-websocket-key", Some("short"))],
            &[("sec-websocket-extensions", Some("permessage-deflate"))],
        ] {
            let accepted = judge(&good(changes)).unwrap();
            assert_eq!(accepted.response.status(), 200, "{changes:?}");
            assert!(accepted.response.headers().is_empty(), "{changes:?}");
        }
        let mut third = good(&[]);
        *third.version_mut() = Version::HTTP_3;
        assert_eq!(judge(&third).unwrap().response.version(), Version::HTTP_3);
        // A server that keeps only the path.
        let mut bare = good(&[("host", Some("example.org"))]);
        *bare.uri_mut() = Uri::from_static("/any/path");
        assert!(judge(&bare).is_ok());
    }

    #[test]
    fn bad_handshakes() {
        for (expected, changes) in [
            (Refusal::Version, &[("sec-websocket-version", None)][..]),
            (Refusal::Version, &[("sec-websocket-version", Some("13"))]),
            (Refusal::Version, &[("sec-websocket-version", None), ("sec-websocket-version", Some("8"))]),
            (Refusal::Host, &[("host", Some("evil.example"))]),
            (Refusal::Host, &[("host", Some("example.org")), ("host", Some("example.org"))]),
            (Refusal::Body, &[("content-length", Some("5"))]),
            (Refusal::Subprotocol, &[("sec-websocket-protocol", Some("a b"))]),
            (Refusal::Subprotocol, &[("sec-websocket-protocol", Some("a, a"))]),
        ] {
            assert_eq!(judge(&good(changes)).unwrap_err(), expected, "{changes:?}");
            let response = refusal(expected);
            assert_eq!(response.status(), 400, "{changes:?}");
            assert!(
                !response.headers().contains_key(CONNECTION) && !response.headers().contains_key(UPGRADE)
            );
            let version = response.headers().contains_key(SEC_WEBSOCKET_VERSION);
            assert_eq!(version, expected == Refusal::Version);
        }
        for protocol in [None, Some("connect-udp"), Some("WebSocket"), Some("")] {
            let refused = accept(&good(&[]), protocol, &server::Options::default()).unwrap_err();
            assert_eq!(refused, Refusal::NotWebSocket, "{protocol:?}");
        }
        let mut get = good(&[]);
        *get.method_mut() = Method::GET;
        assert_eq!(judge(&get).unwrap_err(), Refusal::Method);
        let mut old = good(&[]);
        *old.version_mut() = Version::HTTP_11;
        assert_eq!(judge(&old).unwrap_err(), Refusal::HttpVersion);
        let mut nowhere = good(&[]);
        *nowhere.uri_mut() = Uri::from_static("/any/path");
        assert_eq!(judge(&nowhere).unwrap_err(), Refusal::Host);
    }

    #[test]
    fn a_server_understands_and_the_client_believes_it() {
        let headers = [(UPGRADE, "x"), (CONNECTION, "x"), (http::header::ORIGIN, "https://example.org")];
        let options = client::Options {
            subprotocols: vec!["chat.v2".into(), "chat.v1".into()],
            headers: headers
                .map(|(name, value)| (name, HeaderValue::from_static(value)))
                .into_iter()
                .collect(),
            deflate: Some(Deflate::default()),
        };
        for (uri, target) in [
            ("wss://example.org:8080/room?a=b", "https://example.org:8080/room?a=b"),
            ("ws://example.org", "http://example.org/"),
        ] {
            let request = request(&Uri::from_static(uri), &options).unwrap();
            assert_eq!((request.method(), request.version()), (&Method::CONNECT, Version::HTTP_2));
            assert_eq!(*request.uri(), *target);
            let names: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
            let sent =
                ["origin", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"];
            assert_eq!(names, sent);
            let speaks =
                server::Options { subprotocols: vec!["chat.v1".into()], deflate: Some(Deflate::default()) };
            let accepted = accept(&request, Some(PROTOCOL), &speaks).unwrap();
            let chosen = verify(&accepted.response, &options).unwrap();
            assert_eq!(chosen.subprotocol.as_deref(), Some("chat.v1"));
            assert!(chosen.deflate.is_some() && chosen.deflate == accepted.deflate);
        }
    }

    #[test]
    fn what_is_not_asked_for_and_not_believed() {
        let options = client::Options::default();
        for uri in ["https://example.org/", "/chat", "wss://user:secret@example.org/"] {
            assert!(request(&Uri::from_static(uri), &options).is_err(), "{uri}");
        }
        let answer = |status, headers: &[(&'static str, &'static str)]| {
            let mut response = Response::builder().status(status).body(()).unwrap();
            for (name, value) in headers {
                response.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
            verify(&response, &options)
        };
        assert_eq!(answer(200, &[]), Ok(Chosen::default()));
        for status in [101, 201, 204, 400] {
            let rejection = Rejection::Status(StatusCode::from_u16(status).unwrap());
            assert_eq!(answer(status, &[]), Err(rejection));
        }
        assert_eq!(answer(200, &[("sec-websocket-protocol", "a")]), Err(Rejection::Subprotocol));
        let extension = [("sec-websocket-extensions", "permessage-deflate")];
        assert_eq!(answer(200, &extension), Err(Rejection::Extension));
    }
}
