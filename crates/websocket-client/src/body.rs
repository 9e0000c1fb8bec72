//! The beginning of a response's body (RFC 9112 §6), as far as it is worth keeping; does no I/O.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Response, StatusCode};

/// The longest line that gives a chunk's size, in octets; its extensions say nothing here.
const MAX_SIZE_LINE: usize = 256;

/// Takes a body as it comes and keeps its first `limit` octets.
pub(crate) struct Prefix {
    framing: Framing,
    kept: Vec<u8>,
    limit: usize,
}

enum Framing {
    /// So many octets are still to come.
    Length(u64),
    Chunked(Chunk),
    /// The body ends with the connection.
    UntilEnd,
    Complete,
}

enum Chunk {
    /// In the line that gives the size; what of it has come.
    Size(Vec<u8>),
    Data(u64),
    /// In the line end behind the data; how much of it is still to come.
    End(u8),
}

impl Prefix {
    pub(crate) fn of(response: &Response<()>, limit: usize) -> Self {
        let headers = response.headers();
        let status = response.status();
        let value = |name| headers.get_all(name).iter().next_back()?.to_str().ok();
        let framing = if status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        {
            Framing::Complete
        } else if let Some(encoding) = value(TRANSFER_ENCODING) {
            if encoding.trim().to_ascii_lowercase().ends_with("chunked") {
                Framing::Chunked(Chunk::Size(Vec::new()))
            } else {
                Framing::UntilEnd
            }
        } else {
            match value(CONTENT_LENGTH).map(|length| length.trim().parse()) {
                Some(Ok(0)) => Framing::Complete,
                Some(Ok(length)) => Framing::Length(length),
                Some(Err(_)) => Framing::Complete,
                None => Framing::UntilEnd,
            }
        };
        Prefix { framing, kept: Vec::new(), limit }
    }

    /// Whether nothing more is wanted.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.framing, Framing::Complete) || self.kept.len() >= self.limit
    }

    /// Takes what came next.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_complete() {
            match &mut self.framing {
                Framing::Length(left) | Framing::Chunked(Chunk::Data(left)) => {
                    let len = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= len as u64;
                    let ended = *left == 0;
                    self.keep(&bytes[..len]);
                    bytes = &bytes[len..];
                    if ended {
                        self.framing = match self.framing {
                            Framing::Chunked(_) => Framing::Chunked(Chunk::End(2)),
                            _ => Framing::Complete,
                        };
                    }
                }
                Framing::Chunked(Chunk::Size(line)) => {
                    line.push(bytes[0]);
                    bytes = &bytes[1..];
                    if line.ends_with(b"\n") {
                        self.framing = after_size(line);
                    } else if line.len() > MAX_SIZE_LINE {
                        self.framing = Framing::Complete;
                    }
                }
                Framing::Chunked(Chunk::End(left)) => {
                    *left -= 1;
                    bytes = &bytes[1..];
                    if *left == 0 {
                        self.framing = Framing::Chunked(Chunk::Size(Vec::new()));
                    }
                }
                Framing::UntilEnd => {
                    self.keep(bytes);
                    return;
                }
                Framing::Complete => return,
            }
        }
    }

    /// What was kept, as text.
    pub(crate) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.limit - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// Where a line with a chunk's size leads; a broken one, and that of the last chunk, to the end.
fn after_size(line: &[u8]) -> Framing {
    let digits = line.split(|byte| matches!(byte, b';' | b'\r' | b'\n' | b' ' | b'\t')).next();
    let size = digits.and_then(|digits| u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
    match size {
        Some(0) | None => Framing::Complete,
        Some(size) => Framing::Chunked(Chunk::Data(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept of a body of at most eight octets, and whether more is wanted, fed in pieces of `piece`.
    fn read(status: u16, header: Option<(&str, &str)>, body: &[u8], piece: usize) -> (String, bool) {
        let mut response = Response::builder().status(status);
        if let Some((name, value)) = header {
            response = response.header(name, value);
        }
        let mut prefix = Prefix::of(&response.body(()).unwrap(), 8);
        for piece in body.chunks(piece) {
            prefix.push(piece);
        }
        let complete = prefix.is_complete();
        (prefix.into_text(), complete)
    }

    #[test]
    fn bodies() {
        let chunked = Some(("transfer-encoding", "gzip, Chunked"));
        for (status, header, body, kept, complete) in [
            (403, Some(("content-length", "5")), "sorry, not mine", "sorry", true),
            (403, Some(("content-length", "5")), "so", "so", false),
            (403, Some(("content-length", "50")), "a long apology", "a long a", true),
            (403, Some(("content-length", "0")), "x", "", true),
            (403, Some(("content-length", "-1")), "x", "", true),
            (403, None, "until", "until", false),
            (403, None, "until the end", "until th", true),
            (204, None, "x", "", true),
            (403, chunked, "3\r\nsor\r\n2;ext=1\r\nry\r\n0\r\n\r\n", "sorry", true),
            (403, chunked, "00003\r\nsor\r\n2", "sor", false),
            (403, chunked, "A\r\n0123456789\r\n", "01234567", true),
            (403, chunked, "0\r\n\r\n", "", true),
            (403, chunked, "xyz\r\nabc", "", true),
            (403, chunked, "ffffffffffffffffff\r\nabc", "", true),
            (403, Some(("transfer-encoding", "gzip")), "abc", "abc", false),
        ] {
            for piece in [1, 3, 100] {
                let found = read(status, header, body.as_bytes(), piece);
                assert_eq!(found, (kept.to_owned(), complete), "{body:?} by {piece}");
            }
        }
        assert_eq!(read(403, chunked, &[b'1'; 300], 1), (String::new(), true));
        assert_eq!(read(403, None, b"\xff", 1).0, "\u{fffd}");
    }
}
