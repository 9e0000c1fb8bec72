//! A proxy's address.

use std::fmt;

use http::Uri;

use super::error::ProxyError;
use crate::address::{with_lower_case_scheme, without_credentials};

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP's `CONNECT` method.
    Http,
    /// SOCKS version 5.
    Socks5,
}

/// A proxy: where it is and who we are to it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProxyServer {
    pub(crate) protocol: Protocol,
    /// A name or an IP address, the latter without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(super) credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl ProxyServer {
    /// Reads an address; without a scheme it is that of an HTTP proxy.
    pub(super) fn parse(text: &str) -> Result<Self, ProxyError> {
        ProxyServer::read(text).ok_or_else(|| ProxyError::Address(without_credentials(text)))
    }

    fn read(text: &str) -> Option<Self> {
        let text = if text.contains("://") { with_lower_case_scheme(text) } else { format!("http://{text}") };
        let uri: Uri = text.parse().ok()?;
        let (protocol, default_port) = match uri.scheme_str()? {
            "http" => (Protocol::Http, 80),
            "socks5" | "socks5h" => (Protocol::Socks5, 1080),
            _ => return None,
        };
        let authority = uri.authority()?;
        let (credentials, place) = match authority.as_str().rsplit_once('@') {
            Some((credentials, place)) => (Some(Credentials::parse(credentials)?), place),
            None => (None, authority.as_str()),
        };
        let host = authority.host();
        let port = match place.strip_prefix(host)?.trim_start_matches(':') {
            "" => default_port,
            digits => digits.parse().ok().filter(|port| *port != 0)?,
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        (!host.is_empty()).then_some(ProxyServer { protocol, host, port, credentials })
    }
}

impl Credentials {
    fn parse(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let (user, password) = (percent_decoded(user)?, percent_decoded(password)?);
        // What SOCKS can say of either (RFC 1929 §2); no HTTP proxy needs more.
        let fits = |text: &str| text.len() <= usize::from(u8::MAX);
        (fits(&user) && fits(&password)).then_some(Credentials { user, password })
    }
}

/// RFC 3986 §2.1.
fn percent_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            octets.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        octets.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(octets).ok()
}

/// `host:port`, as it is dialled and shown.
impl fmt::Display for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = if self.credentials.is_some() { " with credentials" } else { "" };
        write!(f, "{:?} {self}{known}", self.protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, protocol, host, port, credentials) in [
            ("http://proxy.example:3128", Protocol::Http, "proxy.example", 3128, None),
            ("http://proxy.example/", Protocol::Http, "proxy.example", 80, None),
            ("proxy.example:3128", Protocol::Http, "proxy.example", 3128, None),
            ("user:pass@proxy.example:1", Protocol::Http, "proxy.example", 1, Some(("user", "pass"))),
            ("SOCKS5://[::1]", Protocol::Socks5, "::1", 1080, None),
            ("socks5h://a%40b:c%3Ad%25@10.0.0.1:9", Protocol::Socks5, "10.0.0.1", 9, Some(("a@b", "c:d%"))),
            ("http://only@proxy.example", Protocol::Http, "proxy.example", 80, Some(("only", ""))),
        ] {
            let server = ProxyServer::parse(text).unwrap();
            assert_eq!(
                (server.protocol, server.host.as_str(), server.port),
                (protocol, host, port),
                "{text}"
            );
            let found = server.credentials.as_ref().map(|c| (c.user.as_str(), c.password.as_str()));
            assert_eq!(found, credentials, "{text}");
            assert!(!format!("{server:?} {server}").contains("pass"), "{text}");
        }
    }

    #[test]
    fn what_is_no_proxy() {
        for text in [
            "",
            "https://proxy.example",
            "socks4://proxy.example",
            "http://",
            "http://proxy.example:99999",
            "http://u:secret%4@proxy.example",
            "http://u:secret%ff@proxy.example",
        ] {
            let error = ProxyServer::parse(text).unwrap_err();
            assert!(matches!(error, ProxyError::Address(_)), "{text}");
            assert!(!format!("{error:?} {error}").contains("secret"), "{text}");
        }
        let long = format!("socks5://{}@proxy.example", "u".repeat(256));
        assert!(ProxyServer::parse(&long).is_err());
    }
}
