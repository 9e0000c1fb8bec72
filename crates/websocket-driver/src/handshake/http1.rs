//! Requests and responses as HTTP/1.1 bytes (RFC 9112), for programs that bring no HTTP stack.

use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response, Version};

/// The longest request or response head that is read, in octets.
pub const MAX_HEAD_LEN: usize = 16 * 1024;

/// The most header fields that are read.
pub const MAX_HEADERS: usize = 100;

/// A head that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// More than [`MAX_HEAD_LEN`] octets or [`MAX_HEADERS`] fields.
    TooLong,
    /// Not HTTP/1.x, or broken; bare line feeds are broken, too, because not everybody on the way reads them
    /// alike.
    Malformed,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadError::TooLong => {
                write!(f, "the head has more than {MAX_HEAD_LEN} octets or {MAX_HEADERS} fields")
            }
            HeadError::Malformed => write!(f, "the head is not HTTP/1.1"),
        }
    }
}

impl std::error::Error for HeadError {}

/// Reads a request from the beginning of `bytes`: the request and the length of its head, or `None` when more
/// bytes are needed. What follows the head belongs to the connection that it opens.
///
/// # Errors
///
/// [`HeadError`] when no further bytes can make it a request.
pub fn parse_request(bytes: &[u8]) -> Result<Option<(Request<()>, usize)>, HeadError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut fields);
    let status = parsed.parse(bytes).map_err(HeadError::from)?;
    let Some(len) = complete(bytes, status)? else { return Ok(None) };
    let mut request = Request::builder()
        .method(parsed.method.unwrap_or_default())
        .uri(parsed.path.unwrap_or_default())
        .version(version(parsed.version))
        .body(())
        .map_err(|_| HeadError::Malformed)?;
    *request.headers_mut() = header_map(parsed.headers)?;
    Ok(Some((request, len)))
}

/// Reads a response from the beginning of `bytes`, as [`parse_request`] reads a request.
///
/// # Errors
///
/// [`HeadError`] when no further bytes can make it a response.
pub fn parse_response(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>, HeadError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let status = parsed.parse(bytes).map_err(HeadError::from)?;
    let Some(len) = complete(bytes, status)? else { return Ok(None) };
    let mut response = Response::builder()
        .status(parsed.code.unwrap_or_default())
        .version(version(parsed.version))
        .body(())
        .map_err(|_| HeadError::Malformed)?;
    *response.headers_mut() = header_map(parsed.headers)?;
    Ok(Some((response, len)))
}

/// A request's head as bytes.
pub fn write_request<B>(request: &Request<B>) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    write_headers(request.headers(), &mut bytes);
    bytes
}

/// A response's head as bytes.
pub fn write_response<B>(response: &Response<B>) -> Vec<u8> {
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
    write_headers(response.headers(), &mut bytes);
    bytes
}

fn complete(bytes: &[u8], status: httparse::Status<usize>) -> Result<Option<usize>, HeadError> {
    let (head, len) = match status {
        httparse::Status::Complete(len) => (&bytes[..len], Some(len)),
        httparse::Status::Partial => (bytes, None),
    };
    if head.len() > MAX_HEAD_LEN {
        return Err(HeadError::TooLong);
    }
    let bare = |(at, byte): (usize, &u8)| *byte == b'\n' && (at == 0 || head[at - 1] != b'\r');
    if head.iter().enumerate().any(bare) {
        return Err(HeadError::Malformed);
    }
    Ok(len)
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 }
}

fn header_map(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, HeadError> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::try_from(field.name).map_err(|_| HeadError::Malformed)?;
        let value = HeaderValue::try_from(field.value).map_err(|_| HeadError::Malformed)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn write_headers(headers: &HeaderMap, bytes: &mut Vec<u8>) {
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => HeadError::TooLong,
            _ => HeadError::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_cut_anywhere_waits_for_the_rest() {
        let request = Request::get("/chat").header("host", "example.org").header("x", "y").body(()).unwrap();
        let mut bytes = write_request(&request);
        let len = bytes.len();
        bytes.extend_from_slice(b"\x81\x05hello");
        for cut in 0..len {
            assert!(parse_request(&bytes[..cut]).unwrap().is_none(), "cut after {cut}");
        }
        let (again, head) = parse_request(&bytes).unwrap().unwrap();
        assert_eq!((again.uri(), again.headers(), head), (request.uri(), request.headers(), len));
    }

    #[test]
    fn heads_that_are_refused() {
        for (bytes, error) in [
            (&b"GET / HTTP/1.1\nHost: a\n\n"[..], HeadError::Malformed),
            (b"GET / HTTP/1.1\r\nHost: a\n\r\n", HeadError::Malformed),
            (b"GET / HTTP/2.0\r\n\r\n", HeadError::Malformed),
            (b"\x16\x03\x01\x02\0", HeadError::Malformed),
            (&[b"GET /".as_slice(), &[b'a'; MAX_HEAD_LEN]].concat(), HeadError::TooLong),
            (&[b"GET / HTTP/1.1\r\n".as_slice(), &b"a: b\r\n".repeat(101)].concat(), HeadError::TooLong),
        ] {
            assert_eq!(parse_request(bytes).unwrap_err(), error, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_response_comes_through() {
        let response = Response::builder().status(101).header("upgrade", "websocket").body(()).unwrap();
        let bytes = write_response(&response);
        assert!(bytes.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
        let (again, len) = parse_response(&bytes).unwrap().unwrap();
        assert_eq!(
            (again.status(), again.headers(), len),
            (response.status(), response.headers(), bytes.len())
        );
    }
}
