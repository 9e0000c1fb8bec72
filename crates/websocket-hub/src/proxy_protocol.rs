//! The PROXY protocol, versions 1 and 2: a proxy that hands on TCP says in front of everything who connects.

use std::net::SocketAddr;

use proxy_header::{Error, ParseConfig, ProxyHeader};

use crate::metrics::Metrics;
use crate::source::Remote;

/// The longest header that is read, in octets. Version 1 has at most 107; version 2 has 16 and two addresses, and
/// behind them whatever a proxy adds, such as the client's certificate.
pub(crate) const MAX_HEADER_LEN: usize = 4096;

/// What a connection that broke off in its header, or never had one, is counted as.
const REFUSED: &str = "proxy-protocol";

/// A header that is on its way. One that is dropped before its end is counted, unless nothing came at all.
#[derive(Debug)]
pub(crate) struct Header {
    octets: Vec<u8>,
    metrics: Metrics,
    /// Who is to send it.
    proxy: Remote,
    is_complete: bool,
}

/// What octets have made of a header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// They were all of it, and more must come.
    Unfinished,
    /// So many of them were the rest of it. A proxy that speaks for itself, to see whether the server lives, names
    /// no client.
    Complete { taken: usize, client: Option<SocketAddr> },
    /// There is no header, or none that can be understood.
    Malformed,
}

impl Header {
    pub(crate) fn new(metrics: &Metrics, proxy: Remote) -> Self {
        Header { octets: Vec::new(), metrics: metrics.clone(), proxy, is_complete: false }
    }

    /// Takes what of the octets belongs to the header.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> Progress {
        let before = self.octets.len();
        let room = MAX_HEADER_LEN - before;
        self.octets.extend_from_slice(&octets[..octets.len().min(room)]);
        let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
        match ProxyHeader::parse(&self.octets, config) {
            Ok((header, len)) => {
                self.is_complete = true;
                // What was there before was no whole header.
                let taken = len - before;
                Progress::Complete { taken, client: header.proxied_address().map(|address| address.source) }
            }
            Err(Error::BufferTooShort) if octets.len() < room => Progress::Unfinished,
            Err(_) => Progress::Malformed,
        }
    }
}

impl Drop for Header {
    fn drop(&mut self) {
        if !self.is_complete && !self.octets.is_empty() {
            self.metrics.refused(REFUSED);
            let peer = self.proxy.address();
            tracing::debug!(reason = REFUSED, peer = peer.map(tracing::field::display), "refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proxy_header::ProxiedAddress;

    fn header(version: u8, source: &str) -> Vec<u8> {
        let source: SocketAddr = source.parse().unwrap();
        let destination = SocketAddr::new(source.ip(), 443);
        let header = ProxyHeader::with_address(ProxiedAddress::stream(source, destination));
        let mut octets = Vec::new();
        match version {
            1 => header.encode_v1(&mut octets).unwrap(),
            _ => header.encode_v2(&mut octets).unwrap(),
        }
        octets
    }

    fn receive(octets: &[u8]) -> Progress {
        Header::new(&Metrics::default(), Remote::Unix).receive(octets)
    }

    #[test]
    fn headers_of_both_versions_are_read_in_any_pieces() {
        for version in [1, 2] {
            for source in ["192.0.2.1:4711", "[2001:db8::1]:4711"] {
                let octets = header(version, source);
                let client = Some(source.parse().unwrap());
                let stream = [&octets[..], b"GET / HTTP/1.1\r\n"].concat();
                for len in 0..octets.len() {
                    let mut header = Header::new(&Metrics::default(), Remote::Unix);
                    assert_eq!(header.receive(&stream[..len]), Progress::Unfinished, "{len} of {version}");
                    let taken = octets.len() - len;
                    let complete = Progress::Complete { taken, client };
                    assert_eq!(header.receive(&stream[len..]), complete, "what follows is left alone");
                }
                let mut single = Header::new(&Metrics::default(), Remote::Unix);
                let (last, others) = octets.split_last().unwrap();
                for octet in others {
                    assert_eq!(single.receive(&[*octet]), Progress::Unfinished);
                }
                assert_eq!(single.receive(&[*last]), Progress::Complete { taken: 1, client });
            }
        }
    }

    #[test]
    fn a_proxy_may_name_nobody() {
        let mut local = Vec::new();
        ProxyHeader::with_local().encode_v2(&mut local).unwrap();
        let unix = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x31\0\xd8"[..], &[b'/'; 216]].concat();
        let unspecified = b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\x03\x04\0\0".to_vec();
        for octets in [local, unix, unspecified, b"PROXY UNKNOWN\r\n".to_vec()] {
            let complete = Progress::Complete { taken: octets.len(), client: None };
            assert_eq!(receive(&octets), complete, "{}", octets.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_header_is_known_at_once() {
        for octets in [
            &b"G"[..],
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 somewhere 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 99999\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c",
            b"\x16\x03\x01\x02\0",
        ] {
            assert_eq!(receive(octets), Progress::Malformed, "{}", octets.escape_ascii());
        }
    }

    #[test]
    fn no_header_is_longer_than_the_limit() {
        let start = b"\r\n\r\n\0\r\nQUIT\n\x21\x11";
        for (len, is_read) in [(MAX_HEADER_LEN, true), (MAX_HEADER_LEN + 1, false)] {
            let rest = u16::try_from(len - 16).unwrap();
            let octets = [&start[..], &rest.to_be_bytes(), &vec![0; rest.into()]].concat();
            assert_eq!(receive(&octets) != Progress::Malformed, is_read, "{len} octets");
            let mut header = Header::new(&Metrics::default(), Remote::Unix);
            let last = octets.chunks(100).map(|piece| header.receive(piece)).last().unwrap();
            assert_eq!(last != Progress::Malformed, is_read, "{len} octets in pieces");
        }
    }

    #[test]
    fn who_breaks_off_is_counted_and_who_says_nothing_is_not() {
        for (octets, refused) in [(&b""[..], 0), (b"PROXY", 1), (b"GET", 1), (b"PROXY UNKNOWN\r\n", 0)] {
            let metrics = Metrics::default();
            Header::new(&metrics, Remote::Unix).receive(octets);
            let counted = metrics.snapshot().refused.get(REFUSED).copied().unwrap_or(0);
            assert_eq!(counted, refused, "{}", octets.escape_ascii());
        }
    }
}
