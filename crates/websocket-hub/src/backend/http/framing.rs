//! What a request's head says about the connection: where its body ends, whether another request may follow.
//!
//! Whoever reads a body's end differently from a proxy on the way takes the rest for another request (request
//! smuggling), so everything that could be read in two ways is refused.

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, GetAll, HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::Authority;
use http::{Method, Request, Version};

use super::refusal::Refusal;

/// Where a request's body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Empty,
    /// So many octets, more than none.
    Length(u64),
    Chunked,
}

/// What is to be known of a request while it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) framing: Framing,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
    /// Nothing that follows may be read as a request.
    pub(super) last: bool,
    /// It asks for another protocol, and what follows may be of that.
    pub(super) is_upgrade: bool,
    pub(super) is_head: bool,
    /// It knows neither chunks nor connections that go on unless it says so.
    pub(super) is_http10: bool,
}

impl Terms {
    pub(super) fn of<B>(request: &Request<B>) -> Result<Terms, Refusal> {
        let headers = request.headers();
        let is_http10 = request.version() == Version::HTTP_10;
        check_host(headers, is_http10)?;
        let framing = framing(headers, is_http10)?;
        let expects_continue = expects_continue(headers, is_http10)?;
        let says = |name| items(headers.get_all(CONNECTION)).any(|item| item.eq_ignore_ascii_case(name));
        let goes_on = if is_http10 { says("keep-alive") && !says("close") } else { !says("close") };
        // A handshake that is refused is followed by what is no request, and so is a CONNECT.
        let is_upgrade = headers.contains_key(UPGRADE) || *request.method() == Method::CONNECT;
        Ok(Terms {
            framing,
            expects_continue: expects_continue && framing != Framing::Empty,
            last: !goes_on || is_upgrade,
            is_upgrade,
            is_head: *request.method() == Method::HEAD,
            is_http10,
        })
    }
}

/// RFC 9112 §3.2.
fn check_host(headers: &HeaderMap, is_http10: bool) -> Result<(), Refusal> {
    let mut values = headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (None, _) if is_http10 => Ok(()),
        (Some(host), None) if names_host(host.as_bytes()) => Ok(()),
        _ => Err(Refusal::Host),
    }
}

fn names_host(host: &[u8]) -> bool {
    // A target without an authority has an empty one.
    host.is_empty() || (!host.contains(&b'@') && Authority::try_from(host).is_ok())
}

fn framing(headers: &HeaderMap, is_http10: bool) -> Result<Framing, Refusal> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (length, again) = (lengths.next(), lengths.next());
    if headers.contains_key(TRANSFER_ENCODING) {
        if is_http10 || length.is_some() {
            return Err(Refusal::Length);
        }
        let mut codings = items(headers.get_all(TRANSFER_ENCODING)).rev();
        let chunked = |coding: &str| coding.eq_ignore_ascii_case("chunked");
        return match codings.next() {
            Some(last) if chunked(last) => match codings.next() {
                None => Ok(Framing::Chunked),
                Some(other) if chunked(other) => Err(Refusal::Length),
                Some(_) => Err(Refusal::TransferCoding),
            },
            _ => Err(Refusal::Length),
        };
    }
    match (length, again) {
        (None, _) => Ok(Framing::Empty),
        (Some(length), None) => match number(length.as_bytes()).ok_or(Refusal::Length)? {
            0 => Ok(Framing::Empty),
            length => Ok(Framing::Length(length)),
        },
        (Some(_), Some(_)) => Err(Refusal::Length),
    }
}

/// Digits and nothing else, as a length is written.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

fn expects_continue(headers: &HeaderMap, is_http10: bool) -> Result<bool, Refusal> {
    if is_http10 || !headers.contains_key(EXPECT) {
        return Ok(false);
    }
    let values = headers.get_all(EXPECT).iter().all(|value| value.to_str().is_ok());
    let met = items(headers.get_all(EXPECT)).all(|item| item.eq_ignore_ascii_case("100-continue"));
    if values && met { Ok(true) } else { Err(Refusal::Expectation) }
}

/// The items of a comma-separated field over all its lines.
pub(super) fn items(values: GetAll<'_, HeaderValue>) -> impl DoubleEndedIterator<Item = &str> {
    let values = values.into_iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(|item| item.trim_matches([' ', '\t']))
        .filter(|i| !i.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(version: Version, fields: &[(&'static str, &'static str)]) -> Result<Terms, Refusal> {
        let mut request = Request::builder().version(version).body(()).unwrap();
        for (name, value) in fields {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        Terms::of(&request)
    }

    const HOST: (&str, &str) = ("host", "localhost");

    #[test]
    fn where_a_body_ends() {
        for (fields, expected) in [
            (&[][..], Ok(Framing::Empty)),
            (&[("content-length", "0")], Ok(Framing::Empty)),
            (&[("content-length", "5")], Ok(Framing::Length(5))),
            (&[("content-length", "00005")], Ok(Framing::Length(5))),
            (&[("content-length", "18446744073709551615")], Ok(Framing::Length(u64::MAX))),
            (&[("content-length", "18446744073709551616")], Err(Refusal::Length)),
            (&[("content-length", "+5")], Err(Refusal::Length)),
            (&[("content-length", "-5")], Err(Refusal::Length)),
            (&[("content-length", "0x5")], Err(Refusal::Length)),
            (&[("content-length", "")], Err(Refusal::Length)),
            (&[("content-length", "5 5")], Err(Refusal::Length)),
            (&[("content-length", "5, 5")], Err(Refusal::Length)),
            (&[("content-length", "5"), ("content-length", "5")], Err(Refusal::Length)),
            (&[("content-length", "5"), ("content-length", "6")], Err(Refusal::Length)),
            (&[("transfer-encoding", "chunked")], Ok(Framing::Chunked)),
            (&[("transfer-encoding", "Chunked")], Ok(Framing::Chunked)),
            (&[("transfer-encoding", "chunked"), ("content-length", "5")], Err(Refusal::Length)),
            (&[("transfer-encoding", "chunked"), ("content-length", "0")], Err(Refusal::Length)),
            (&[("transfer-encoding", "")], Err(Refusal::Length)),
            (&[("transfer-encoding", "xchunked")], Err(Refusal::Length)),
            (&[("transfer-encoding", "chunked;x")], Err(Refusal::Length)),
            (&[("transfer-encoding", "gzip")], Err(Refusal::Length)),
            (&[("transfer-encoding", "chunked, identity")], Err(Refusal::Length)),
            (&[("transfer-encoding", "chunked, chunked")], Err(Refusal::Length)),
            (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], Err(Refusal::Length)),
            (&[("transfer-encoding", "gzip, chunked")], Err(Refusal::TransferCoding)),
        ] {
            let terms = terms(Version::HTTP_11, &[&[HOST], fields].concat());
            assert_eq!(terms.map(|terms| terms.framing), expected, "{fields:?}");
        }
        let old = terms(Version::HTTP_10, &[("transfer-encoding", "chunked")]);
        assert_eq!(old, Err(Refusal::Length), "HTTP/1.0 knows no chunks");
    }

    #[test]
    fn a_request_names_one_host() {
        for (hosts, is_good) in [
            (&["localhost"][..], true),
            (&["127.0.0.1:8080"], true),
            (&["[::1]:8080"], true),
            (&[""], true),
            (&[], false),
            (&["a", "a"], false),
            (&["a, b"], false),
            (&["user@a"], false),
            (&["a/b"], false),
            (&["a b"], false),
        ] {
            let fields: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            assert_eq!(terms(Version::HTTP_11, &fields).is_ok(), is_good, "{hosts:?}");
        }
        assert!(terms(Version::HTTP_10, &[]).is_ok(), "HTTP/1.0 has no such field");
    }

    #[test]
    fn which_request_is_the_last() {
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        for (version, fields, last) in [
            (new, &[][..], false),
            (new, &[("connection", "close")], true),
            (new, &[("connection", "keep-alive, Close")], true),
            (new, &[("connection", "closed")], false),
            (new, &[("upgrade", "websocket")], true),
            (old, &[], true),
            (old, &[("connection", "Keep-Alive")], false),
            (old, &[("connection", "keep-alive, close")], true),
        ] {
            let terms = terms(version, &[&[HOST], fields].concat()).unwrap();
            assert_eq!(terms.last, last, "{version:?} {fields:?}");
        }
        let connect = Request::connect("localhost:80").header("host", "localhost").body(()).unwrap();
        assert!(Terms::of(&connect).unwrap().last);
    }

    #[test]
    fn expectations() {
        const BODY: (&str, &str) = ("content-length", "1");
        for (fields, expected) in [
            (&[BODY][..], Ok(false)),
            (&[BODY, ("expect", "100-continue")], Ok(true)),
            (&[BODY, ("expect", "100-Continue")], Ok(true)),
            (&[("expect", "100-continue")], Ok(false)),
            (&[BODY, ("expect", "200-ok")], Err(Refusal::Expectation)),
            (&[BODY, ("expect", "100-continue, more")], Err(Refusal::Expectation)),
        ] {
            let terms = terms(Version::HTTP_11, &[&[HOST], fields].concat());
            assert_eq!(terms.map(|terms| terms.expects_continue), expected, "{fields:?}");
        }
        assert!(!terms(Version::HTTP_10, &[BODY, ("expect", "100-continue")]).unwrap().expects_continue);
    }
}
