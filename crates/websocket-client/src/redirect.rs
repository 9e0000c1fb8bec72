//! Redirects of the opening handshake (RFC 6455 §4.2.2 allows them), followed a few times and no further down.

use std::fmt;

use http::header::{AUTHORIZATION, COOKIE, LOCATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, Response, StatusCode};

use crate::address::Address;

/// Why a redirect was not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// Its target is no WebSocket address, neither as it stands nor with `http:` read as `ws:`.
    Target(String),
    /// It leads from `wss:` to `ws:`: what was to be secret would not be any more.
    Downgrade(String),
    /// It leads to where one has been already.
    Loop(String),
    /// It is one more than [`Connector::redirects`](crate::Connector::redirects) allows.
    TooMany(u32),
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RedirectError::Target(location) => {
                write!(f, "the server redirects to '{location}', which is no WebSocket address")
            }
            RedirectError::Downgrade(location) => {
                write!(f, "the server redirects from wss: to '{location}', which is not encrypted")
            }
            RedirectError::Loop(location) => write!(f, "the server redirects in a circle, to '{location}'"),
            RedirectError::TooMany(limit) => write!(f, "the server redirects more than {limit} times"),
        }
    }
}

impl std::error::Error for RedirectError {}

/// The way from address to address.
pub(crate) struct Trail {
    limit: u32,
    visited: Vec<Address>,
}

impl Trail {
    pub(crate) fn new(start: Address, limit: u32) -> Self {
        Trail { limit, visited: vec![start] }
    }

    /// Where the way has led to.
    pub(crate) fn here(&self) -> &Address {
        self.visited.last().expect("the start is never taken away")
    }

    /// Goes on if the response redirects, and takes from `headers` what only the place that is left may see.
    /// Says whether it does; a way that allows no redirects sees none.
    pub(crate) fn follow(
        &mut self,
        response: &Response<()>,
        headers: &mut HeaderMap,
    ) -> Result<bool, RedirectError> {
        let redirects = matches!(
            response.status(),
            StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT
        );
        let Some(location) = response.headers().get(LOCATION).filter(|_| redirects && self.limit > 0) else {
            return Ok(false);
        };
        let shown = || String::from_utf8_lossy(location.as_bytes()).into_owned();
        let target = location.to_str().ok().and_then(|location| self.here().join(location.trim()));
        let Some(target) = target else { return Err(RedirectError::Target(shown())) };
        if self.here().secure && !target.secure {
            return Err(RedirectError::Downgrade(shown()));
        }
        if self.visited.contains(&target) {
            return Err(RedirectError::Loop(shown()));
        }
        if self.visited.len() > self.limit as usize {
            return Err(RedirectError::TooMany(self.limit));
        }
        if !self.here().same_origin(&target) {
            for secret in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
                headers.remove(secret);
            }
        }
        self.visited.push(target);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn response(status: u16, location: &str) -> Response<()> {
        Response::builder().status(status).header(LOCATION, location).body(()).unwrap()
    }

    /// Goes a way of locations and says where it led to.
    fn walk(start: &str, limit: u32, locations: &[&str]) -> Result<String, RedirectError> {
        let mut trail = Trail::new(Address::parse(start).unwrap(), limit);
        for location in locations {
            assert!(trail.follow(&response(302, location), &mut HeaderMap::new())?);
        }
        Ok(trail.here().uri().to_string())
    }

    #[test]
    fn ways() {
        for (start, locations, end) in [
            ("ws://a.example/x", &["/y"][..], Ok("ws://a.example/y")),
            ("ws://a.example/x", &["y", "wss://b.example/", "z"], Ok("wss://b.example/z")),
            ("ws://a.example/x", &["https://a.example/x"], Ok("wss://a.example/x")),
            ("wss://a.example/x", &["https://b.example/"], Ok("wss://b.example/")),
            (
                "wss://a.example/x",
                &["ws://a.example/x"],
                Err(RedirectError::Downgrade("ws://a.example/x".into())),
            ),
            (
                "wss://a.example/x",
                &["http://b.example/"],
                Err(RedirectError::Downgrade("http://b.example/".into())),
            ),
            ("ws://a.example/x", &["/x"], Err(RedirectError::Loop("/x".into()))),
            ("ws://a.example/x", &["/y", "/x"], Err(RedirectError::Loop("/x".into()))),
            ("ws://a.example/x", &["ftp://b/"], Err(RedirectError::Target("ftp://b/".into()))),
            ("ws://a.example/", &["/1", "/2", "/3"], Ok("ws://a.example/3")),
            ("ws://a.example/", &["/1", "/2", "/3", "/4"], Err(RedirectError::TooMany(3))),
        ] {
            assert_eq!(walk(start, 3, locations).as_deref(), end.as_ref().copied(), "{start} {locations:?}");
        }
    }

    #[test]
    fn what_redirects() {
        for status in 100..600 {
            let mut trail = Trail::new(Address::parse("ws://a.example/").unwrap(), 1);
            let followed = trail.follow(&response(status, "/x"), &mut HeaderMap::new()).unwrap();
            assert_eq!(followed, [301, 302, 303, 307, 308].contains(&status), "{status}");
            let mut still = Trail::new(Address::parse("ws://a.example/").unwrap(), 0);
            assert_eq!(still.follow(&response(status, "/x"), &mut HeaderMap::new()), Ok(false));
        }
        let mut trail = Trail::new(Address::parse("ws://a.example/").unwrap(), 1);
        let nowhere = Response::builder().status(302).body(()).unwrap();
        assert_eq!(trail.follow(&nowhere, &mut HeaderMap::new()), Ok(false));
    }

    #[test]
    fn secrets_stay_where_they_belong() {
        for (location, kept) in [
            ("/y", true),
            ("ws://A.example:80/y", true),
            ("ws://a.example:81/y", false),
            ("wss://a.example/x", false),
            ("ws://b.example/x", false),
        ] {
            let mut headers = HeaderMap::new();
            for name in ["authorization", "cookie", "proxy-authorization", "origin"] {
                headers.append(name, HeaderValue::from_static("x"));
            }
            let mut trail = Trail::new(Address::parse("ws://a.example/x").unwrap(), 1);
            trail.follow(&response(307, location), &mut headers).unwrap();
            for name in ["authorization", "cookie", "proxy-authorization"] {
                assert_eq!(headers.contains_key(name), kept, "{name} to {location}");
            }
            assert!(headers.contains_key("origin"));
        }
    }
}
