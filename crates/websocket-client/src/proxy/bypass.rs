//! `NO_PROXY`: which hosts are reached directly.
//!
//! Nobody has written down what the variable means; this is what curl and Go agree on, see
//! [`Proxy::from_env`](super::Proxy::from_env).

use std::net::IpAddr;

/// The rules of a `NO_PROXY`.
#[derive(Clone, Debug, Default)]
pub(super) struct Bypass(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// The name, and those below it.
    Name(String),
    /// The names below it only; begins with the dot.
    Below(String),
    Ip(IpAddr),
    Network(IpAddr, u32),
}

impl Bypass {
    /// Reads rules that stand between commas or white space. One that cannot be read matches nothing.
    pub(super) fn parse(text: &str) -> Self {
        let items = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|item| !item.is_empty());
        Bypass(items.map(rule).collect())
    }

    /// Whether `host`, in lower case and without brackets, is reached directly.
    pub(super) fn contains(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.');
        let ip: Option<IpAddr> = host.parse().ok();
        self.0.iter().any(|rule| {
            let fits = match (&rule.hosts, ip) {
                (Hosts::All, _) => true,
                (Hosts::Name(name), None) => host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
                (Hosts::Below(suffix), None) => host.len() > suffix.len() && host.ends_with(suffix),
                (Hosts::Ip(one), Some(ip)) => *one == ip.to_canonical(),
                (Hosts::Network(network, bits), Some(ip)) => shares(*network, ip.to_canonical(), *bits),
                _ => false,
            };
            fits && rule.port.is_none_or(|wanted| wanted == port)
        })
    }
}

fn rule(item: &str) -> Rule {
    let item = item.to_ascii_lowercase();
    if let Some((network, bits)) = item.split_once('/')
        && let (Ok(network), Ok(bits)) = (unbracketed(network).parse::<IpAddr>(), bits.parse())
    {
        return Rule { hosts: Hosts::Network(network, bits), port: None };
    }
    let (host, port) = match item.rsplit_once(':') {
        // The colons of an IPv6 address without brackets are its own.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (item.as_str(), None),
        },
        _ => (item.as_str(), None),
    };
    let host = unbracketed(host);
    let hosts = if host == "*" {
        Hosts::All
    } else if let Ok(ip) = host.parse::<IpAddr>() {
        Hosts::Ip(ip.to_canonical())
    } else {
        // `*.example.org` is a common way to write `.example.org`.
        let name = host.strip_prefix('*').unwrap_or(host).trim_end_matches('.').to_owned();
        if name.starts_with('.') { Hosts::Below(name) } else { Hosts::Name(name) }
    };
    Rule { hosts, port }
}

fn unbracketed(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

/// Whether two addresses have their first `bits` bits in common.
fn shares(network: IpAddr, ip: IpAddr, bits: u32) -> bool {
    match (network, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => bits <= 32 && (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits,
        (IpAddr::V6(a), IpAddr::V6(b)) => bits <= 128 && (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        for (rules, host, port, direct) in [
            ("", "example.org", 80, false),
            ("*", "example.org", 80, true),
            ("*", "10.0.0.1", 80, true),
            ("example.org", "example.org", 80, true),
            ("example.org", "example.org.", 80, true),
            ("EXAMPLE.org.", "example.org", 80, true),
            ("example.org", "a.example.org", 80, true),
            ("example.org", "badexample.org", 80, false),
            (".example.org", "a.b.example.org", 80, true),
            (".example.org", "example.org", 80, false),
            ("*.example.org", "a.example.org", 80, true),
            ("*.example.org", "example.org", 80, false),
            ("example.org:81", "example.org", 81, true),
            ("example.org:81", "example.org", 80, false),
            ("a, b  c", "c", 80, true),
            ("a,,b", "", 80, false),
            ("10.0.0.1", "10.0.0.1", 80, true),
            ("10.0.0.1:81", "10.0.0.1", 80, false),
            ("10.0.0.1", "::ffff:10.0.0.1", 80, true),
            ("0.0.1", "10.0.0.1", 80, false),
            ("10.0.0.0/8", "10.200.3.4", 80, true),
            ("10.0.0.0/8", "11.0.0.1", 80, false),
            ("10.0.0.0/33", "10.0.0.1", 80, false),
            ("0.0.0.0/0", "192.0.2.1", 80, true),
            ("10.0.0.0/8", "10.example.org", 80, false),
            ("fd00::/8", "fd12::1", 80, true),
            ("fd00::/8", "fe80::1", 80, false),
            ("::1", "::1", 80, true),
            ("[::1]", "::1", 80, true),
            ("[::1]:81", "::1", 81, true),
            ("[::1]:81", "::1", 80, false),
            ("http://example.org", "example.org", 80, false),
        ] {
            assert_eq!(Bypass::parse(rules).contains(host, port), direct, "{rules:?} {host} {port}");
        }
    }
}
