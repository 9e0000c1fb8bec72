//! Request heads (RFC 9112 §2, §3): where one ends and what it says.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, Uri, Version};

use super::limits::{MAX_FIELDS, MAX_HEAD_LEN};
use super::refusal::Refusal;

/// A first line this long is looked at before it is whole, so that what is no HTTP at all is told so at once.
const EARLY_LEN: usize = 32;

/// How far the search for a head's end has come, so that a head that arrives octet by octet is read once.
#[derive(Debug, Default)]
pub(super) struct Scan {
    seen: usize,
    line_start: usize,
}

impl Scan {
    /// Takes a head from the front of `input`; `None` when it needs more. Blank lines before it are thrown away
    /// (RFC 9112 §2.2).
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Option<Request<()>>, Refusal> {
        while self.line_start == 0 && input.starts_with(b"\r\n") {
            input.advance(2);
            self.seen = 0;
        }
        let line_start = self.line_start;
        match self.end(input)? {
            Some(len) if len > MAX_HEAD_LEN => Err(Refusal::HeadTooLarge),
            Some(len) => {
                *self = Scan::default();
                parse(&input.split_to(len).freeze())
                    .and_then(|whole| whole.ok_or(Refusal::Malformed))
                    .map(Some)
            }
            None if input.len() > MAX_HEAD_LEN => Err(Refusal::HeadTooLarge),
            None => {
                if self.line_start > line_start || input.len() <= EARLY_LEN {
                    look(input)?;
                }
                Ok(None)
            }
        }
    }

    /// Where the head ends, behind its empty line. A line feed without a carriage return is one line's end to some
    /// and none to others.
    fn end(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        while let Some(found) = input[self.seen..].iter().position(|byte| *byte == b'\n') {
            let at = self.seen + found;
            if at == 0 || input[at - 1] != b'\r' {
                return Err(Refusal::Malformed);
            }
            let is_blank = at == self.line_start + 1;
            self.seen = at + 1;
            self.line_start = at + 1;
            if is_blank {
                return Ok(Some(at + 1));
            }
        }
        self.seen = input.len();
        Ok(None)
    }
}

/// Whether what is there of a head can still become one.
fn look(part: &[u8]) -> Result<(), Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    match httparse::Request::new(&mut fields).parse(part) {
        // Which version it is can be said when the line is whole.
        Err(httparse::Error::Version) if !part.contains(&b'\r') => Ok(()),
        Err(error) => Err(refusal(error, part)),
        Ok(_) => Ok(()),
    }
}

/// Reads a whole head; the values of its fields are slices of it.
fn parse(head: &Bytes) -> Result<Option<Request<()>>, Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let status = parsed.parse(head).map_err(|error| refusal(error, head))?;
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else { return Ok(None) };
    if status.is_partial() {
        return Ok(None);
    }
    let malformed = |_| Refusal::Malformed;
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| Refusal::Malformed)?;
    *request.uri_mut() = Uri::from_maybe_shared(head.slice_ref(target.as_bytes())).map_err(malformed)?;
    *request.version_mut() = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    let headers = request.headers_mut();
    headers.reserve(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Refusal::Malformed)?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value));
        headers.append(name, value.map_err(|_| Refusal::Malformed)?);
    }
    Ok(Some(request))
}

fn refusal(error: httparse::Error, head: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::HeadTooLarge,
        httparse::Error::Version if names_version(head) => Refusal::Version,
        _ => Refusal::Malformed,
    }
}

/// Whether the first line ends in a version, though in none of ours.
fn names_version(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let name = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    matches!(name, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of `bytes` when they arrive in pieces of `size`, and what is left.
    fn take(bytes: &[u8], size: usize) -> (Result<Option<Request<()>>, Refusal>, BytesMut) {
        let (mut scan, mut input) = (Scan::default(), BytesMut::new());
        let mut taken = Ok(None);
        for piece in bytes.chunks(size) {
            input.extend_from_slice(piece);
            if matches!(taken, Ok(None)) {
                taken = scan.take(&mut input);
            }
        }
        (taken, input)
    }

    #[test]
    fn a_head_is_read_however_it_comes_and_what_follows_is_left() {
        let bytes = b"\r\n\r\nGET /chat?a=b HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nX-A:2  \r\n\r\n\x81\n";
        for size in 1..=bytes.len() {
            let (taken, rest) = take(bytes, size);
            let request = taken.unwrap().expect("a whole head");
            assert_eq!((request.method(), request.uri().path()), (&Method::GET, "/chat"), "in {size}");
            assert_eq!((request.version(), request.headers().len()), (Version::HTTP_11, 3));
            let values: Vec<_> = request.headers().get_all("x-a").iter().collect();
            assert_eq!(values, ["1", "2"]);
            assert_eq!(rest, b"\x81\n"[..], "in {size}");
        }
    }

    #[test]
    fn half_a_head_is_waited_for() {
        let bytes = b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";
        for end in 0..bytes.len() {
            assert!(matches!(take(&bytes[..end], 1).0, Ok(None)), "{end}");
        }
        assert_eq!(take(bytes, 7).0.unwrap().unwrap().version(), Version::HTTP_10);
    }

    #[test]
    fn heads_that_are_refused() {
        let field = |field: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        let fields: String = (0..101).map(|number| format!("x-{number}: y\r\n")).collect();
        for (head, expected) in [
            ("\n".to_owned(), Refusal::Malformed),
            ("\r\n\n".to_owned(), Refusal::Malformed),
            ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), Refusal::Malformed),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n".to_owned(), Refusal::Malformed),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(), Refusal::Malformed),
            ("GET / HTTP/1.1\rHost: a\r\n\r\n".to_owned(), Refusal::Malformed),
            ("\x16\x03\x01\x02".to_owned(), Refusal::Malformed),
            ("GET  / HTTP/1.1\r\n\r\n".to_owned(), Refusal::Malformed),
            ("GET /\r\n\r\n".to_owned(), Refusal::Malformed),
            ("GET / HTTP/11\r\n\r\n".to_owned(), Refusal::Malformed),
            ("GET / http/1.1\r\n\r\n".to_owned(), Refusal::Malformed),
            ("GET /\u{7f} HTTP/1.1\r\n\r\n".to_owned(), Refusal::Malformed),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n".to_owned(), Refusal::Malformed),
            (field("X : y"), Refusal::Malformed),
            (field("X Y: z"), Refusal::Malformed),
            (field("X: y\r\n z"), Refusal::Malformed),
            (field("X: y\r\n\tz"), Refusal::Malformed),
            (field(": y"), Refusal::Malformed),
            (field("X"), Refusal::Malformed),
            (field("X: a\0b"), Refusal::Malformed),
            (field("X: a\rb"), Refusal::Malformed),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), Refusal::Version),
            ("GET / HTTP/0.9\r\n\r\n".to_owned(), Refusal::Version),
            ("GET / HTTP/1.2\r\n\r\n".to_owned(), Refusal::Version),
            (field(&format!("X: {}", "y".repeat(MAX_HEAD_LEN))), Refusal::HeadTooLarge),
            (format!("GET /{}", "y".repeat(MAX_HEAD_LEN)), Refusal::HeadTooLarge),
            (field(fields.trim_end()), Refusal::HeadTooLarge),
        ] {
            for size in [1, 2, 5, head.len()] {
                let refused = take(head.as_bytes(), size).0;
                assert_eq!(refused.map(drop), Err(expected), "{head:?} in {size}");
            }
        }
    }

    #[test]
    fn a_head_of_exactly_16_kib_is_read() {
        let frame = "GET / HTTP/1.1\r\nX: \r\n\r\n".len();
        for (padding, is_read) in [(MAX_HEAD_LEN - frame, true), (MAX_HEAD_LEN - frame + 1, false)] {
            let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(padding));
            assert_eq!(take(head.as_bytes(), 4096).0.is_ok(), is_read, "{}", head.len());
        }
    }

    #[test]
    fn what_is_no_http_is_refused_before_a_line_is_whole() {
        assert_eq!(take(b"\x16\x03\x01", 3).0.map(drop), Err(Refusal::Malformed));
        assert!(matches!(take(b"GET /chat", 9).0, Ok(None)));
    }
}
