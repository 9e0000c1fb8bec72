//! HTTP's `CONNECT` method (RFC 9110 §9.3.6), with Basic credentials (RFC 7617).

use base64::{Engine, prelude::BASE64_STANDARD};
use http::StatusCode;
use websocket_driver::handshake::http1;

use super::error::ProxyError;
use super::server::Credentials;
use super::tunnel::{Negotiation, Step};

/// Octets read at a time.
const READ_LEN: usize = 4096;

/// Asks an HTTP proxy for a tunnel.
pub(super) struct HttpConnect {
    request: Option<Vec<u8>>,
    answer: Vec<u8>,
}

impl HttpConnect {
    /// `host` is a name or an IP address without brackets.
    pub(super) fn new(host: &str, port: u16, credentials: Option<&Credentials>) -> Self {
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let authorization = credentials.map_or_else(String::new, |Credentials { user, password }| {
            let token = BASE64_STANDARD.encode(format!("{user}:{password}"));
            format!("Proxy-Authorization: Basic {token}\r\n")
        });
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
        HttpConnect { request: Some(request.into_bytes()), answer: Vec::new() }
    }
}

impl Negotiation for HttpConnect {
    fn step(&mut self) -> Result<Step, ProxyError> {
        if let Some(request) = self.request.take() {
            return Ok(Step::Write(request));
        }
        let parsed = http1::parse_response(&self.answer)
            .map_err(|_| ProxyError::Protocol("its answer is not HTTP/1.1"))?;
        let Some((response, len)) = parsed else { return Ok(Step::Read(READ_LEN)) };
        match response.status() {
            status if status.is_informational() => {
                self.answer.drain(..len);
                self.step()
            }
            // A server of ours speaks after us; what speaks already is not that server.
            status if status.is_success() && self.answer.len() > len => {
                Err(ProxyError::Protocol("something follows its answer"))
            }
            status if status.is_success() => Ok(Step::Done),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(ProxyError::Authentication),
            status => Err(ProxyError::Status(status)),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.answer.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tunnel::tests::play;
    use super::*;

    const ASKED: &[u8] = b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n";

    fn outcome(answer: &[u8], piece: usize) -> String {
        let asking = HttpConnect::new("example.org", 443, None);
        let (result, _) = play(asking, &[(ASKED, answer)], piece);
        format!("{result:?}")
    }

    #[test]
    fn answers() {
        for (answer, expected) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", "Ok(())"),
            ("HTTP/1.0 200 OK\r\nProxy-Agent: x\r\n\r\n", "Ok(())"),
            // RFC 9110 §9.3.6: these two say nothing in an answer to CONNECT.
            ("HTTP/1.1 204 OK\r\nContent-Length: 5\r\n\r\n", "Ok(())"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "Ok(())"),
            ("HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\n", "Err(Authentication)"),
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", "Err(Status(403))"),
            ("HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", "Err(Status(302))"),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "Err(Status(502))"),
            ("SSH-2.0-OpenSSH_9.2\r\n", "Err(Protocol(\"its answer is not HTTP/1.1\"))"),
            ("\x05\u{0}", "Err(Protocol(\"its answer is not HTTP/1.1\"))"),
        ] {
            for piece in [1, 7, READ_LEN] {
                assert_eq!(outcome(answer.as_bytes(), piece), expected, "{answer} by {piece}");
            }
        }
        let chatty = b"HTTP/1.1 200 OK\r\n\r\n\x81\x01a";
        assert_eq!(outcome(chatty, READ_LEN), "Err(Protocol(\"something follows its answer\"))");
        let endless = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'a'; 20_000]].concat();
        assert!(outcome(&endless, READ_LEN).contains("Protocol"));
    }

    #[test]
    fn credentials_and_ip_addresses() {
        let credentials = Credentials { user: "Aladdin".into(), password: "open sesame".into() };
        let asking = HttpConnect::new("::1", 80, Some(&credentials));
        let asked = b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\
            Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
        let (result, _) = play(asking, &[(asked, b"HTTP/1.1 200 OK\r\n\r\n")], 1);
        assert!(result.is_ok());
    }
}
