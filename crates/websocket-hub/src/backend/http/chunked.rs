//! Bodies in chunks (RFC 9112 §7.1), read by the letter: a line ends in CR LF, a size is hexadecimal digits.

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::limits::{MAX_EXTENSIONS_LEN, MAX_FIELDS, MAX_TRAILERS_LEN};

/// The chunks are none, or more is said beside them than the limits allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadChunk;

/// A part of the body.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Data(Bytes),
    /// The body is whole. Its trailer section may be empty.
    End(HeaderMap),
}

/// Where in the chunks the next octet lies.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    place: Place,
    /// Octets of all extensions so far.
    extensions: usize,
}

#[derive(Debug, Default)]
enum Place {
    /// Before a digit of the size, with those that have been.
    #[default]
    FirstDigit,
    Size(u64),
    /// Behind the size, up to the end of the line.
    Extension(u64),
    SizeEnd(u64),
    Data(u64),
    DataCr,
    DataLf,
    Trailers,
    Whole,
}

impl Chunked {
    /// Takes the next part from the front of `input`, data as far as it is there; `None` when it needs more.
    pub(super) fn take(&mut self, input: &mut BytesMut) -> Result<Option<Part>, BadChunk> {
        loop {
            match self.place {
                Place::Data(left) if !input.is_empty() => {
                    let len = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - len as u64;
                    self.place = if left == 0 { Place::DataCr } else { Place::Data(left) };
                    return Ok(Some(Part::Data(input.split_to(len).freeze())));
                }
                Place::Trailers => {
                    let trailers = trailers(input)?;
                    if trailers.is_some() {
                        self.place = Place::Whole;
                    }
                    return Ok(trailers.map(Part::End));
                }
                Place::Whole => return Ok(None),
                _ if input.is_empty() => return Ok(None),
                _ => {
                    let octet = input[0];
                    self.step(octet)?;
                    input.advance(1);
                }
            }
        }
    }

    /// Follows one octet that is not data.
    fn step(&mut self, octet: u8) -> Result<(), BadChunk> {
        let digit = char::from(octet).to_digit(16).map(u64::from);
        self.place = match (&self.place, octet, digit) {
            (Place::FirstDigit, _, Some(digit)) => Place::Size(digit),
            (Place::Size(size), _, Some(digit)) => {
                Place::Size(size.checked_mul(16).ok_or(BadChunk)?.checked_add(digit).ok_or(BadChunk)?)
            }
            (Place::Size(size) | Place::Extension(size), b'\r', _) => Place::SizeEnd(*size),
            (Place::Size(size), b';' | b' ' | b'\t', _) => self.extension(*size)?,
            (Place::Extension(size), b'\t' | b' '..=b'~' | 0x80.., _) => self.extension(*size)?,
            (Place::SizeEnd(0), b'\n', _) => Place::Trailers,
            (Place::SizeEnd(size), b'\n', _) => Place::Data(*size),
            (Place::DataCr, b'\r', _) => Place::DataLf,
            (Place::DataLf, b'\n', _) => Place::FirstDigit,
            _ => return Err(BadChunk),
        };
        Ok(())
    }

    fn extension(&mut self, size: u64) -> Result<Place, BadChunk> {
        self.extensions += 1;
        if self.extensions > MAX_EXTENSIONS_LEN { Err(BadChunk) } else { Ok(Place::Extension(size)) }
    }
}

/// Takes the trailer section with its empty line; `None` when it is not all there.
fn trailers(input: &mut BytesMut) -> Result<Option<HeaderMap>, BadChunk> {
    let mut line_start = 0;
    let section = loop {
        let Some(found) = input[line_start..].iter().position(|byte| *byte == b'\n') else {
            return if input.len() > MAX_TRAILERS_LEN { Err(BadChunk) } else { Ok(None) };
        };
        let at = line_start + found;
        if at > MAX_TRAILERS_LEN || at == 0 || input[at - 1] != b'\r' {
            return Err(BadChunk);
        }
        if at == line_start + 1 {
            break input.split_to(at + 1).freeze();
        }
        line_start = at + 1;
    };
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let Ok(httparse::Status::Complete((_, fields))) = httparse::parse_headers(&section, &mut fields) else {
        return Err(BadChunk);
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| BadChunk)?;
        trailers.append(name, HeaderValue::from_bytes(field.value).map_err(|_| BadChunk)?);
    }
    Ok(Some(trailers))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body and its trailers out of `bytes` that arrive in pieces of `size`; `None` while it is not whole.
    fn body(bytes: &[u8], size: usize) -> Result<Option<(Vec<u8>, HeaderMap, BytesMut)>, BadChunk> {
        let (mut chunked, mut input, mut data) = (Chunked::default(), BytesMut::new(), Vec::new());
        let mut pieces = bytes.chunks(size);
        while let Some(piece) = pieces.next() {
            input.extend_from_slice(piece);
            while let Some(part) = chunked.take(&mut input)? {
                match part {
                    Part::Data(bytes) => data.extend_from_slice(&bytes),
                    Part::End(trailers) => {
                        pieces.for_each(|piece| input.extend_from_slice(piece));
                        return Ok(Some((data, trailers, input)));
                    }
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn chunks_become_a_body_however_they_come() {
        for (bytes, expected) in [
            (&b"0\r\n\r\n"[..], &b""[..]),
            (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
            (b"5\r\nhello\r\n001\r\n!\r\n000\r\n\r\n", b"hello!"),
            (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"01234567890123456789"),
            (b"5;name=value;\tx=\"y;\"\r\nhello\r\n0;last\r\n\r\n", b"hello"),
            (b"5  \r\nhello\r\n0\r\n\r\n", b"hello"),
            (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
        ] {
            for size in 1..=bytes.len() {
                let next = [bytes, b"GET /"].concat();
                let (body, trailers, rest) = body(&next, size).unwrap().expect("a whole body");
                assert_eq!(
                    (body.as_slice(), &rest[..]),
                    (expected, &b"GET /"[..]),
                    "{}",
                    bytes.escape_ascii()
                );
                assert!(trailers.is_empty());
            }
            assert_eq!(body(&bytes[..bytes.len() - 1], 3), Ok(None), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn trailers_are_fields() {
        let (_, trailers, _) = body(b"0\r\nX-Sum: 5\r\nx-sum: 6\r\n\r\n", 2).unwrap().expect("a whole body");
        let sums: Vec<_> = trailers.get_all("x-sum").iter().collect();
        assert_eq!(sums, ["5", "6"]);
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = "x".repeat(MAX_TRAILERS_LEN);
        for bytes in [
            "\r\n",
            ";x\r\n",
            " 5\r\nhello\r\n",
            "+5\r\nhello\r\n",
            "0x5\r\nhello\r\n",
            "5\nhello\r\n",
            "5\r\rhello",
            "5;a\nb\r\n",
            "5;a\rb\r\n",
            "5;\0\r\n",
            "5 5\r\n\0",
            "5\r\nhello0\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello\r0\r\n\r\n",
            "5\r\nhello\r\n\r\n",
            "10000000000000000\r\n",
            "fffffffffffffffff\r\n",
            "-1\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
            "0\r\nX : y\r\n\r\n",
            "0\r\nX\r\n\r\n",
            "0\r\n x: y\r\n\r\n",
            &format!("0\r\nX: {long}"),
            &format!("0\r\nX: {long}\r\n\r\n"),
        ] {
            for size in [1, 3, bytes.len()] {
                let body = body(bytes.as_bytes(), size);
                // A space behind a size is an extension without a name.
                let is_lenient = bytes.starts_with("5 5");
                assert!(body.is_err() || is_lenient && body == Ok(None), "{bytes:?} in {size}: {body:?}");
            }
        }
    }

    #[test]
    fn extensions_are_limited_over_the_whole_body() {
        let chunk = format!("1;{}\r\nx\r\n", "e".repeat(1023));
        for (count, is_read) in [(16, true), (17, false)] {
            let bytes = format!("{}0\r\n\r\n", chunk.repeat(count));
            assert_eq!(body(bytes.as_bytes(), 4096).is_ok(), is_read, "{count} chunks");
        }
    }
}
