//! Answers: their heads, and how their content is delimited (RFC 9112 §6).

use std::fmt::Write;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, TRANSFER_ENCODING,
};
use http::{Response, StatusCode, response};
use http_body::SizeHint;

use super::framing::{Terms, items, number};
use super::output::Output;
use super::refusal::Refusal;

pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What is still to come of an answer behind its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    None,
    /// So many octets.
    Length(u64),
    Chunked,
    /// All until the connection is closed.
    UntilClose,
}

/// The app's body is not what its head says. The connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongLength;

impl Content {
    /// What a body of this size becomes; sets the fields that say so.
    pub(super) fn of(head: &mut response::Parts, size: &SizeHint, terms: &Terms) -> Content {
        let headers = &mut head.headers;
        headers.remove(TRANSFER_ENCODING);
        let exact = size.exact();
        if head.status == StatusCode::NO_CONTENT {
            headers.remove(CONTENT_LENGTH);
            return Content::None;
        }
        if terms.is_head || head.status == StatusCode::NOT_MODIFIED {
            // It says how long the content would be, if anybody knows.
            if let (true, Some(length @ 1..)) = (terms.is_head, exact) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            return Content::None;
        }
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| number(value.as_bytes()));
        if let Some(length) = exact.or(announced) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            return if length == 0 { Content::None } else { Content::Length(length) };
        }
        headers.remove(CONTENT_LENGTH);
        if terms.is_http10 {
            return Content::UntilClose;
        }
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        Content::Chunked
    }

    /// Adds a part of the body.
    pub(super) fn push(&mut self, data: Bytes, output: &mut Output) -> Result<(), WrongLength> {
        match self {
            Content::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(WrongLength)?;
                output.push(data);
            }
            Content::Chunked if !data.is_empty() => {
                // Writing to memory does not fail.
                output.write(|into| _ = write!(into, "{:x}\r\n", data.len()));
                output.push(data);
                output.push(Bytes::from_static(b"\r\n"));
            }
            Content::UntilClose => output.push(data),
            Content::None if !data.is_empty() => return Err(WrongLength),
            Content::Chunked | Content::None => {}
        }
        Ok(())
    }

    /// Behind the last part.
    pub(super) fn end(self, output: &mut Output) -> Result<(), WrongLength> {
        match self {
            Content::Length(1..) => return Err(WrongLength),
            Content::Chunked => output.push(Bytes::from_static(b"0\r\n\r\n")),
            Content::Length(0) | Content::None | Content::UntilClose => {}
        }
        Ok(())
    }
}

/// Whether the answer itself ends the connection.
pub(super) fn says_close(headers: &HeaderMap) -> bool {
    items(headers.get_all(CONNECTION)).any(|item| item.eq_ignore_ascii_case("close"))
}

/// Says what becomes of the connection, where that is not what its version takes for granted.
pub(super) fn announce(headers: &mut HeaderMap, terms: &Terms, closes: bool) {
    if closes && !says_close(headers) {
        headers.append(CONNECTION, HeaderValue::from_static("close"));
    } else if !closes && terms.is_http10 {
        headers.append(CONNECTION, HeaderValue::from_static("keep-alive"));
    }
}

/// Writes a head, with the time (RFC 9110 §6.6.1).
pub(super) fn write_head(status: StatusCode, headers: &HeaderMap, into: &mut BytesMut) {
    into.extend_from_slice(b"HTTP/1.1 ");
    into.extend_from_slice(status.as_str().as_bytes());
    into.extend_from_slice(b" ");
    into.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    into.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        into.extend_from_slice(name.as_str().as_bytes());
        into.extend_from_slice(b": ");
        into.extend_from_slice(value.as_bytes());
        into.extend_from_slice(b"\r\n");
    }
    if !headers.contains_key(DATE) {
        let _ = write!(into, "date: {}\r\n", httpdate::fmt_http_date(SystemTime::now()));
    }
    into.extend_from_slice(b"\r\n");
}

/// The answer to a request that is refused.
fn refused(refusal: Refusal) -> Response<&'static str> {
    let mut response = Response::new(refusal.sentence());
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(refusal.sentence().len()));
    response
}

/// Writes the whole of it.
pub(super) fn write_refusal(refusal: Refusal, into: &mut BytesMut) {
    let response = refused(refusal);
    write_head(response.status(), response.headers(), into);
    into.extend_from_slice(response.body().as_bytes());
}
