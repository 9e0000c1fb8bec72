//! Who a request comes from when a proxy stands in between: what trusted proxies say, and nobody else.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

use crate::context::Context;
use crate::source::{Remote, Source};

/// The proxies whose word about a client's address is taken. The default trusts none.
///
/// A client can write any header, so only the hops that trusted proxies have added count: the list is read from its
/// end, past the addresses of trusted proxies, to the first address that is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    /// Whoever comes by a Unix socket is one of them.
    trusts_unix: bool,
    header: ForwardedHeader,
}

/// The header in which proxies name their clients. Only one is read: a proxy that sets one passes on the other as
/// the client wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which most proxies set.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    const fn name(self) -> &'static str {
        match self {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        }
    }

    /// The scheme that the last proxy tells of its client, or nothing.
    fn proto(self, headers: &HeaderMap) -> &str {
        let name = match self {
            ForwardedHeader::XForwardedFor => "x-forwarded-proto",
            ForwardedHeader::Forwarded => "forwarded",
        };
        let last = headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
        let last = last.and_then(|value| split(value, ',').pop()).unwrap_or_default().trim();
        match self {
            ForwardedHeader::XForwardedFor => last,
            ForwardedHeader::Forwarded => {
                let pairs = split(last, ';').into_iter().filter_map(|pair| pair.split_once('='));
                let mut protos = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("proto"));
                let proto = protos.next().map(|(_, value)| value.trim().trim_matches('"'));
                proto.filter(|_| protos.next().is_none()).unwrap_or_default()
            }
        }
    }
}

/// Something that is neither an address nor a network, nor `unix:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNetwork(String);

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' is neither an address such as 192.0.2.1 nor a network such as 10.0.0.0/8, nor unix:",
            self.0
        )
    }
}

impl std::error::Error for InvalidNetwork {}

impl Proxies {
    /// No proxies.
    pub fn none() -> Self {
        Proxies::default()
    }

    /// The proxies at these addresses or in these networks: `["127.0.0.1", "10.0.0.0/8"]`. `"unix:"` stands for
    /// whoever comes by a Unix socket of ours.
    ///
    /// # Errors
    ///
    /// [`InvalidNetwork`] for what is neither.
    pub fn trust<I: IntoIterator<Item: AsRef<str>>>(networks: I) -> Result<Self, InvalidNetwork> {
        let parse = |text: &str| {
            let address = IpAddr::from_str(text).map(IpNet::from);
            address.or_else(|_| IpNet::from_str(text)).map_err(|_| InvalidNetwork(text.to_owned()))
        };
        let mut proxies = Proxies::none();
        for network in networks {
            match network.as_ref() {
                "unix:" => proxies.trusts_unix = true,
                text => proxies.trusted.push(parse(text)?),
            }
        }
        Ok(proxies)
    }

    /// The header that they set. Default: `X-Forwarded-For`.
    #[must_use]
    pub fn header(mut self, header: ForwardedHeader) -> Self {
        self.header = header;
        self
    }

    /// Whether this is one of them.
    pub fn are_trusted(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Who sent a request that came from `peer`. An address that a proxy does not tell, or tells in no way that can
    /// be understood, leaves it at the last hop that is known.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        self.walk(Some(peer), headers).unwrap_or(peer)
    }

    /// Who sent a request that came by a [`Server`](crate::Server) of ours. `None` where nobody has an address, as on a
    /// Unix socket, and in somebody else's server.
    pub fn client_of_request<B>(&self, request: &http::Request<B>) -> Option<IpAddr> {
        let context = request.extensions().get::<Context>()?;
        self.client_of(&context.source, request.headers())
    }

    /// Whether a request came by a [`Server`](crate::Server) of ours from one of them, and that one says that its own
    /// client came by https: in `X-Forwarded-Proto`, or in the `proto` of `Forwarded`. In a list, the last one counts.
    pub fn say_https<B>(&self, request: &http::Request<B>) -> bool {
        let Some(Context { source, .. }) = request.extensions().get() else { return false };
        // Where a proxy names the client in front of the connection, the client itself wrote the headers.
        let is_trusted = match source.named {
            Some(named) => self.are_trusted(named.ip()),
            None => self.trust_source(source),
        };
        is_trusted && self.header.proto(request.headers()).eq_ignore_ascii_case("https")
    }

    /// Whether a connection comes from one of them.
    pub(crate) fn trust_source(&self, source: &Source) -> bool {
        match source.remote {
            Remote::Tcp(address) => self.are_trusted(address.ip()),
            Remote::Unix => self.trusts_unix,
        }
    }

    /// As [`client`](Proxies::client), of a connection. `None` where nobody has an address.
    pub(crate) fn client_of(&self, source: &Source, headers: &HeaderMap) -> Option<IpAddr> {
        match (source.named.or(source.remote.address()), source.remote) {
            (Some(address), _) => Some(self.client(address.ip(), headers)),
            (None, Remote::Unix) if self.trusts_unix => self.walk(None, headers),
            (None, _) => None,
        }
    }

    /// From the last hop, which is trusted if it has no address, to the client.
    fn walk(&self, last: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = last;
        let values: Vec<&str> =
            headers.get_all(self.header.name()).iter().filter_map(|value| value.to_str().ok()).collect();
        let list = values.join(",");
        let mut hops = split(&list, ',').into_iter().rev();
        while client.is_none_or(|client| self.are_trusted(client)) {
            let Some(hop) = hops.next() else { break };
            let named = match self.header {
                ForwardedHeader::XForwardedFor => node(hop.trim()),
                ForwardedHeader::Forwarded => forwarded_for(hop),
            };
            let Some(named) = named else { break };
            client = Some(named.to_canonical());
        }
        client
    }
}

/// The address in the `for` of one element (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = split(element, ';');
    let mut values = pairs.iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let value = values.next()?;
    // Named twice, it could be read in two ways.
    if values.next().is_some() {
        return None;
    }
    let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    node(unquoted.unwrap_or(value))
}

/// An address, with or without a port, with or without brackets (RFC 7239 §6).
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    address.or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

/// The parts between separators that do not stand within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|character| {
        let was_escaped = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted && !was_escaped => escaped = true,
            '"' if !was_escaped => quoted = !quoted,
            _ => {}
        }
        character == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_what_the_last_proxy_says() {
        let (plain, standard) = (ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded);
        for (header, name, values, expected) in [
            (plain, "x-forwarded-proto", vec!["https"], "https"),
            (plain, "x-forwarded-proto", vec!["https, http"], "http"),
            (plain, "x-forwarded-proto", vec!["https", "http"], "http"),
            (plain, "forwarded", vec!["proto=https"], ""),
            (standard, "forwarded", vec!["for=192.0.2.1; Proto=\"https\""], "https"),
            (standard, "forwarded", vec!["proto=https, for=192.0.2.1"], ""),
            (standard, "forwarded", vec!["proto=https;proto=http"], ""),
            (standard, "x-forwarded-proto", vec!["https"], ""),
            (plain, "x-forwarded-proto", vec![], ""),
        ] {
            let headers = values.iter().map(|value| (name.parse().unwrap(), value.parse().unwrap()));
            let headers: Vec<(http::HeaderName, http::HeaderValue)> = headers.collect();
            let map = headers.into_iter().fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            });
            assert_eq!(header.proto(&map), expected, "{name}: {values:?}");
        }
    }

    fn proxies() -> Proxies {
        Proxies::trust(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]).unwrap()
    }

    #[track_caller]
    fn expect(proxies: &Proxies, peer: &str, values: &[&str], client: &str) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(proxies.header.name(), value.parse().unwrap());
        }
        assert_eq!(
            proxies.client(peer.parse().unwrap(), &headers),
            client.parse::<IpAddr>().unwrap(),
            "{values:?}"
        );
    }

    #[test]
    fn x_forwarded_for_is_read_from_its_end_past_trusted_proxies() {
        for (peer, values, client) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            // What the client itself wrote stands before what the proxy added.
            ("10.0.0.1", &["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["192.0.2.1, 10.1.1.1,127.0.0.1"], "192.0.2.1"),
            ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            // Nobody else is believed.
            ("192.0.2.7", &["192.0.2.1"], "192.0.2.7"),
            // Ports and brackets, as some proxies write them.
            ("10.0.0.1", &["192.0.2.1:4711"], "192.0.2.1"),
            ("10.0.0.1", &["[2001:db9::1]:4711"], "2001:db9::1"),
            ("10.0.0.1", &["2001:db9::1"], "2001:db9::1"),
            // What says nothing leaves it at the last hop that is known.
            ("10.0.0.1", &["192.0.2.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1, "], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.1, nonsense, 10.1.1.1"], "10.1.1.1"),
        ] {
            expect(&proxies(), peer, values, client);
        }
    }

    #[test]
    fn forwarded_is_read_as_the_standard_writes_it() {
        let proxies = proxies().header(ForwardedHeader::Forwarded);
        for (values, client) in [
            (&["for=192.0.2.1"][..], "192.0.2.1"),
            (&["For=\"192.0.2.1:4711\";proto=https;by=10.0.0.1"], "192.0.2.1"),
            (&["proto=https; for=\"[2001:db9::1]:80\""], "2001:db9::1"),
            (&["for=198.51.100.9, for=192.0.2.1;proto=http"], "192.0.2.1"),
            (&["for=192.0.2.1", "for=10.1.1.1"], "192.0.2.1"),
            (&["for=_hidden"], "10.0.0.1"),
            (&["for=unknown, for=10.1.1.1"], "10.1.1.1"),
            (&["for=192.0.2.1;for=192.0.2.2"], "10.0.0.1"),
            (&["proto=https"], "10.0.0.1"),
            // A separator within quotes separates nothing.
            (&["for=192.0.2.1;ext=\"a, for=198.51.100.9\""], "192.0.2.1"),
            (&["for=192.0.2.1;ext=\"\\\", for=198.51.100.9\""], "192.0.2.1"),
        ] {
            expect(&proxies, "10.0.0.1", values, client);
        }
    }

    #[test]
    fn the_other_header_is_not_read() {
        let mut headers = HeaderMap::new();
        headers.append("forwarded", "for=192.0.2.1".parse().unwrap());
        let peer = "10.0.0.1".parse().unwrap();
        assert_eq!(proxies().client(peer, &headers), peer);
    }

    #[test]
    fn what_comes_by_a_unix_socket_or_was_named_before_is_the_last_hop() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "198.51.100.9, 192.0.2.1, 10.1.1.1".parse().unwrap());
        let named = |address: &str| Some(SocketAddr::new(address.parse().unwrap(), 4711));
        let proxy = Remote::Tcp(named("10.0.0.1").unwrap());
        let stranger = Remote::Tcp(named("192.0.2.7").unwrap());
        for (trusted, remote, named, client) in [
            (&["unix:", "10.0.0.0/8"][..], Remote::Unix, None, Some("192.0.2.1")),
            (&["unix:"], Remote::Unix, None, Some("10.1.1.1")),
            (&["10.0.0.0/8"], Remote::Unix, None, None),
            (&["10.0.0.0/8"], Remote::Unix, named("192.0.2.3"), Some("192.0.2.3")),
            (&["10.0.0.0/8"], Remote::Unix, named("10.0.0.3"), Some("192.0.2.1")),
            (&["10.0.0.0/8"], proxy, None, Some("192.0.2.1")),
            (&["10.0.0.0/8"], proxy, named("192.0.2.3"), Some("192.0.2.3")),
            (&["unix:"], stranger, None, Some("192.0.2.7")),
        ] {
            let proxies = Proxies::trust(trusted).unwrap();
            let client: Option<IpAddr> = client.map(|client| client.parse().unwrap());
            let source = Source { remote, named };
            assert_eq!(proxies.client_of(&source, &headers), client, "{source:?}, {trusted:?}");
        }
    }

    #[test]
    fn networks_that_are_none_are_named() {
        let error = Proxies::trust(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "'10.0.0.0/33' is neither an address such as 192.0.2.1 nor a network such as 10.0.0.0/8, nor unix:"
        );
    }
}
