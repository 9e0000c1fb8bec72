//! A WebSocket address (RFC 6455 §3): whom to call, and whether by TLS.

use http::Uri;
use http::uri::PathAndQuery;

/// An address that can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    uri: Uri,
    /// `wss:`.
    pub(crate) secure: bool,
    /// A name or an IP address, the latter without brackets, in lower case.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    /// Reads an address; `None` if it is none, has no `ws:` or `wss:` scheme, or credentials in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Address::from_uri(with_lower_case_scheme(text).parse().ok()?)
    }

    fn from_uri(uri: Uri) -> Option<Self> {
        let secure = match uri.scheme_str()? {
            "ws" => false,
            "wss" => true,
            _ => return None,
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        // A port that is no number must not silently become the default one.
        let given = authority.as_str().strip_prefix(authority.host())?.trim_start_matches(':');
        let port = match given {
            "" if secure => 443,
            "" => 80,
            digits => digits.parse().ok()?,
        };
        (!host.is_empty() && port != 0).then_some(Address { uri, secure, host, port })
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether both lead to the same place by the same means: what may be told there may be told here.
    pub(crate) fn same_origin(&self, other: &Address) -> bool {
        (self.secure, &self.host, self.port) == (other.secure, &other.host, other.port)
    }

    /// Where a reference points when it stands at this address (RFC 3986 §5.2); `http:` is read as `ws:` and
    /// `https:` as `wss:`. `None` if it leads to no WebSocket address.
    pub(crate) fn join(&self, reference: &str) -> Option<Address> {
        let reference = reference.split('#').next().unwrap_or_default();
        let authority = self.uri.authority()?;
        let scheme = if self.secure { "wss" } else { "ws" };
        let base = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let base_path = base.split('?').next().unwrap_or("/");
        if let Some((scheme, rest)) = absolute(reference) {
            let scheme = match scheme.to_ascii_lowercase().as_str() {
                "ws" | "http" => "ws",
                "wss" | "https" => "wss",
                _ => return None,
            };
            return Address::parse(&format!("{scheme}:{rest}"));
        }
        if reference.starts_with("//") {
            return Address::parse(&format!("{scheme}:{reference}"));
        }
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None if reference.is_empty() => ("", base[base_path.len()..].to_owned()),
            None => (reference, String::new()),
        };
        let path = match path {
            "" => base_path.to_owned(),
            absolute if absolute.starts_with('/') => without_dots(absolute),
            relative => {
                let folder = base_path.rfind('/').map_or("/", |end| &base_path[..=end]);
                without_dots(&format!("{folder}{relative}"))
            }
        };
        Address::parse(&format!("{scheme}://{authority}{path}{query}"))
    }
}

/// An address as it may stand in a log: without the credentials that do not belong into it.
pub(crate) fn without_credentials(text: &str) -> String {
    let Some((before, place)) = text.rsplit_once('@') else { return text.to_owned() };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{place}"),
        None => place.to_owned(),
    }
}

/// Schemes are the same in any case (RFC 3986 §3.1); those that [`Uri`] does not know it leaves as they are.
pub(crate) fn with_lower_case_scheme(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => text.to_owned(),
    }
}

/// The scheme of a reference and what follows its colon, if it has one (RFC 3986 §3.1).
fn absolute(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let mut letters = scheme.bytes();
    let is_scheme = letters.next()?.is_ascii_alphabetic()
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

/// RFC 3986 §5.2.4, for a path that begins with a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // `/a/.` is the folder, with its slash.
        if last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, secure, host, port) in [
            ("ws://example.org", false, "example.org", 80),
            ("wss://Example.ORG/chat?a=b", true, "example.org", 443),
            ("WS://example.org:8080/", false, "example.org", 8080),
            ("ws://[::1]:9000/", false, "::1", 9000),
            ("wss://[2001:db8::1]", true, "2001:db8::1", 443),
            ("ws://127.0.0.1:1", false, "127.0.0.1", 1),
            ("ws://example.org:/", false, "example.org", 80),
        ] {
            let address = Address::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((address.secure, address.host.as_str(), address.port), (secure, host, port), "{text}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            "example.org",
            "/chat",
            "http://example.org/",
            "ws://",
            "ws:///chat",
            "ws://user:secret@example.org/",
            "ws://example.org:99999/",
            "ws://example.org:0/",
            "ws://example.org:x/",
            "ws://exa mple.org/",
            "ws://example.org/\r\nX: y",
        ] {
            assert_eq!(Address::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn references() {
        let base = Address::parse("ws://a.example:81/b/c/d?q").unwrap();
        for (reference, joined) in [
            ("wss://x.example/y", "wss://x.example/y"),
            ("https://x.example/y?z", "wss://x.example/y?z"),
            ("HTTP://x.example", "ws://x.example/"),
            ("//x.example:82/y", "ws://x.example:82/y"),
            ("/y", "ws://a.example:81/y"),
            ("/y?r#f", "ws://a.example:81/y?r"),
            ("y", "ws://a.example:81/b/c/y"),
            ("./y", "ws://a.example:81/b/c/y"),
            ("../y", "ws://a.example:81/b/y"),
            ("../../../../y", "ws://a.example:81/y"),
            ("y/..", "ws://a.example:81/b/c/"),
            ("?r", "ws://a.example:81/b/c/d?r"),
            ("", "ws://a.example:81/b/c/d?q"),
            ("#f", "ws://a.example:81/b/c/d?q"),
            ("y?r=http://z", "ws://a.example:81/b/c/y?r=http://z"),
        ] {
            let address = base.join(reference).unwrap_or_else(|| panic!("{reference}"));
            assert_eq!(address.uri().to_string(), joined, "{reference}");
        }
        for reference in ["ftp://x.example/", "mailto:a@b", "ws://u:p@x.example/", "ws://", "/a b"] {
            assert_eq!(base.join(reference), None, "{reference}");
        }
        let secure = Address::parse("wss://a.example/b").unwrap();
        assert_eq!(secure.join("//x.example/").unwrap().uri(), "wss://x.example/");
        assert!(secure.join("http://a.example/b").is_some_and(|address| !address.secure));
    }

    #[test]
    fn origins() {
        let base = Address::parse("wss://a.example/b").unwrap();
        for (other, same) in [
            ("wss://A.example:443/c", true),
            ("ws://a.example:443/b", false),
            ("wss://a.example:444/b", false),
            ("wss://b.example/b", false),
        ] {
            assert_eq!(base.same_origin(&Address::parse(other).unwrap()), same, "{other}");
        }
    }
}
