//! Which web pages may connect: a browser sends its cookies along whatever page asks it to (RFC 6455 §10.2).

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request, Uri};

/// The origins of pages that may open a connection. A client that sends no `Origin`, which means that it is no
/// browser, always may.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    any: bool,
    allowed: Vec<String>,
}

impl Origins {
    /// Pages from the same host and port as the connection itself: the default.
    pub fn same() -> Self {
        Origins::default()
    }

    /// Every page there is. Right only where no cookie and no address gives a browser rights that the page's
    /// author lacks.
    pub fn any() -> Self {
        Origins { any: true, allowed: Vec::new() }
    }

    /// Also pages from `origin`, such as `https://chat.example.org` or `http://localhost:8080`.
    #[must_use]
    pub fn allow(mut self, origin: impl Into<String>) -> Self {
        self.allowed.push(origin.into());
        self
    }

    /// Whether this request may connect.
    pub fn permit<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return true };
        if self.any {
            return true;
        }
        if origins.next().is_some() {
            return false;
        }
        let Some(origin) = Origin::parse(origin) else { return false };
        self.allowed.iter().any(|allowed| Origin::parse_str(allowed).as_ref() == Some(&origin))
            || host(request).is_some_and(|host| origin.is_at(host))
    }
}

/// Where a request goes. In HTTP/2 that is `:authority`, and `Host` is rare.
fn host<B>(request: &Request<B>) -> Option<&str> {
    match request.headers().get(HOST) {
        Some(host) => host.to_str().ok(),
        None => request.uri().authority().map(Authority::as_str),
    }
}

/// A page's origin (RFC 6454): scheme, host and port. `null`, which hides where a page is from, is none.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    fn parse(value: &HeaderValue) -> Option<Origin> {
        Origin::parse_str(value.to_str().ok()?)
    }

    fn parse_str(text: &str) -> Option<Origin> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = authority.port_u16().or_else(|| default_port(&scheme))?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        bare.then(|| Origin { scheme, host: authority.host().to_ascii_lowercase(), port })
    }

    /// Whether the page came from where `host` says that the request goes. The request's own scheme cannot be
    /// seen behind a proxy that ends TLS, so the page's is taken for both.
    fn is_at(&self, host: &str) -> bool {
        Origin::parse_str(&format!("{}://{host}", self.scheme)).as_ref() == Some(self)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_connect() {
        let same = Origins::same();
        let listed = Origins::same().allow("http://localhost:8080").allow("https://chat.example.org/");
        for (origins, host, origin, may) in [
            (&same, "example.org", None, true),
            (&same, "example.org", Some("https://example.org"), true),
            (&same, "example.org", Some("https://EXAMPLE.org"), true),
            (&same, "example.org:443", Some("https://example.org"), true),
            (&same, "example.org", Some("http://example.org:80"), true),
            (&same, "[::1]:8080", Some("http://[::1]:8080"), true),
            (&same, "example.org", Some("https://example.org:444"), false),
            (&same, "example.org:8080", Some("http://example.org"), false),
            (&same, "example.org", Some("https://example.org.evil.net"), false),
            (&same, "example.org", Some("https://evil.net/example.org"), false),
            (&same, "example.org", Some("https://evil.net?example.org"), false),
            (&same, "example.org", Some("https://example.org@evil.net"), false),
            (&same, "example.org", Some("null"), false),
            (&same, "example.org", Some(""), false),
            (&same, "localhost:12345", Some("http://localhost:8080"), false),
            (&listed, "localhost:12345", Some("http://localhost:8080"), true),
            (&listed, "localhost:12345", Some("https://localhost:8080"), false),
            (&listed, "localhost:12345", Some("https://chat.example.org"), true),
            (&listed, "localhost:12345", Some("https://example.org"), false),
            (&Origins::any(), "example.org", Some("https://evil.net"), true),
        ] {
            let mut first = Request::get("/").header(HOST, host).body(()).unwrap();
            let mut second = Request::connect(format!("https://{host}/")).body(()).unwrap();
            for request in [&mut first, &mut second] {
                if let Some(origin) = origin {
                    request.headers_mut().insert(ORIGIN, origin.parse().unwrap());
                }
                assert_eq!(origins.permit(request), may, "{origin:?} at {host}");
            }
        }
    }

    #[test]
    fn two_origins_are_none() {
        let request = Request::get("/").header(HOST, "example.org");
        let request = request.header(ORIGIN, "https://example.org").header(ORIGIN, "https://evil.net");
        assert!(!Origins::same().permit(&request.body(()).unwrap()));
    }
}
