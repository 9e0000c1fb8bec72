//! HTTP as far as the provider needs it: one request on a connection, and its answer.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};

/// A request.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) authorization: String,
    /// What the body says, as of a form.
    pub(super) form: HashMap<String, String>,
}

impl Request {
    /// The request on a connection; nothing if none comes.
    pub(super) fn read(stream: &mut impl Read) -> Option<Request> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut request =
            Request { method, path: path.to_owned(), query: pairs(query.as_bytes()), ..Request::default() };
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_lowercase().as_str() {
                "authorization" => value.clone_into(&mut request.authorization),
                "content-length" => length = value.parse().ok()?,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        request.form = pairs(&body);
        Some(request)
    }
}

fn pairs(text: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// Answers, and closes the connection.
pub(super) fn answer(stream: &mut impl Write, status: u16, content_type: &str, body: &[u8]) {
    write(stream, &format!("{status} -\r\nContent-Type: {content_type}"), body);
}

/// Sends a browser elsewhere.
pub(super) fn redirect(stream: &mut impl Write, location: &str) {
    write(stream, &format!("302 -\r\nLocation: {location}\r\nCache-Control: no-store"), b"");
}

fn write(stream: &mut impl Write, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    // Whoever asked may have gone, or have read enough.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    let _ = stream.flush();
}
