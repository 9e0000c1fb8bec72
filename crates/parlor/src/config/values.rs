//! What a setting can be: texts become values, or a sentence that says what is allowed.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use parlor_chat::{Door, Retention, limits};
use tracing::level_filters::LevelFilter;
use websocket_hub::{Backend, ForwardedHeader, Proxies};

/// How many event loops there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// One for each core.
    Auto,
    /// This many.
    Count(std::num::NonZeroUsize),
}

impl FromStr for Workers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Workers::Auto),
            _ => {
                text.parse().map(Workers::Count).map_err(|_| "it must be a whole number above zero, or auto")
            }
        }
    }
}

/// How many of something there may be.
pub(super) fn count<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "it must be a whole number above zero")
}

/// A size. None has to fit, so zero is no size.
pub(super) fn octets<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, &'static str> {
    let octets = text.parse().ok().filter(|octets| *octets != T::default());
    octets.ok_or("it must be a whole number of octets above zero")
}

/// A size, or 0, which has a meaning of its own.
pub(super) fn octets_or_none(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "it must be a whole number of octets")
}

/// The length of a text that may be posted.
pub(super) fn max_text(text: &str) -> Result<usize, String> {
    let octets = text.parse().ok().filter(|octets| (1..=limits::TEXT).contains(octets));
    octets.ok_or_else(|| format!("it must be a whole number of octets from 1 to {}", limits::TEXT))
}

/// A length of time in seconds, fractions too.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|duration| !duration.is_zero()).ok_or("it must be a number of seconds above zero")
}

/// A length of time in whole milliseconds.
pub(super) fn milliseconds(text: &str) -> Result<Duration, &'static str> {
    let milliseconds = text.parse().ok().filter(|milliseconds| *milliseconds > 0);
    milliseconds.map(Duration::from_millis).ok_or("it must be a whole number of milliseconds above zero")
}

/// How long messages stay.
pub(super) fn retention(text: &str) -> Result<Retention, String> {
    if text == "forever" {
        return Ok(Retention::Forever);
    }
    let shortest = limits::RETENTION / 1_000;
    let milliseconds = text.parse().ok().and_then(|seconds: u64| seconds.checked_mul(1_000));
    match milliseconds.filter(|milliseconds| *milliseconds >= limits::RETENTION) {
        Some(milliseconds) => Ok(Retention::Milliseconds(milliseconds)),
        None => Err(format!("it must be forever or a whole number of seconds, {shortest} or more")),
    }
}

/// Who is let in.
pub(super) fn door(text: &str) -> Result<Door, &'static str> {
    match text {
        "open" => Ok(Door::Open),
        "claimed" => Ok(Door::Claimed),
        "invite" => Ok(Door::Invite),
        "closed" => Ok(Door::Closed),
        _ => Err("it must be one of: open, claimed, invite, closed"),
    }
}

/// What stands for nothing where something may be left out.
pub(super) const NONE: &str = "none";

/// Something, or the word none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

/// A file, if any.
pub(super) fn file(text: &str) -> Result<Maybe<PathBuf>, &'static str> {
    match text {
        "" => Err("it must be none or a path"),
        NONE => Ok(Maybe(None)),
        path => Ok(Maybe(Some(path.into()))),
    }
}

/// An address to listen on, if at all; a port alone is one of this machine.
pub(super) fn local_address(text: &str) -> Result<Maybe<String>, &'static str> {
    let is_address =
        text.starts_with("unix:") || text.rsplit_once(':').is_some_and(|(_, port)| is_port(port));
    match text {
        NONE => Ok(Maybe(None)),
        port if is_port(port) => Ok(Maybe(Some(format!("127.0.0.1:{port}")))),
        address if is_address => Ok(Maybe(Some(address.to_owned()))),
        _ => Err("it must be none, a port, an address such as 127.0.0.1:9090, or unix:/path"),
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// An address, a network, whoever comes by Unix sockets, or nobody.
pub(super) fn network(text: &str) -> Result<String, String> {
    match Proxies::trust(Some(text).filter(|text| *text != NONE)) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The header in which proxies name their clients.
pub(super) fn forwarded_header(name: &str) -> Result<ForwardedHeader, &'static str> {
    match name {
        "x-forwarded-for" => Ok(ForwardedHeader::XForwardedFor),
        "forwarded" => Ok(ForwardedHeader::Forwarded),
        _ => Err("it must be x-forwarded-for or forwarded"),
    }
}

/// The name of a host, or any.
pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let authority = text.parse::<http::uri::Authority>().ok().filter(|authority| authority.host() == text);
    let host = authority.ok_or("it must be any, or a name without a port such as chat.example.org")?;
    Ok(host.as_str().to_lowercase())
}

/// A name that a certificate may be for, or none.
pub(super) fn domain(text: &str) -> Result<String, &'static str> {
    let part = |part: &str| {
        let is_inside = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        (1..=63).contains(&part.len())
            && part.bytes().all(is_inside)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let is_number =
        text.rsplit('.').next().is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()));
    let is_name = text.contains('.') && text.len() <= 253 && text.split('.').all(part) && !is_number;
    if text == NONE || is_name {
        Ok(text.to_lowercase())
    } else {
        Err("it must be none, or a name such as chat.example.org")
    }
}

/// An address of the web that nobody on the way can change.
pub(super) fn https(text: &str) -> Result<String, &'static str> {
    let uri = text.parse::<http::Uri>().ok();
    let is_https = uri.is_some_and(|uri| uri.scheme_str() == Some("https"));
    if is_https { Ok(text.to_owned()) } else { Err("it must begin with https://") }
}

/// A page's origin, or none.
pub(super) fn origin(text: &str) -> Result<String, &'static str> {
    let uri = text.parse::<http::Uri>().ok();
    let is_origin = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.path() == "/" && uri.query().is_none()
    });
    if text == NONE || is_origin {
        Ok(text.to_owned())
    } else {
        Err("it must be none, or such as https://chat.example.org")
    }
}

/// The octets of a request's head. The server reads no more than the most of them.
pub(super) fn max_head(text: &str) -> Result<usize, &'static str> {
    let octets = text.parse().ok().filter(|octets| (1024..=16_384).contains(octets));
    octets.ok_or("it must be a whole number of octets from 1024 to 16384")
}

/// The address of a server that holds the log of several nodes, or none. What is shown to it has no place there: the
/// command line is everybody's to read.
pub(super) fn broker(text: &str) -> Result<String, &'static str> {
    let rest = ["nats://", "tls://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let authority = rest.and_then(|rest| rest.parse::<http::uri::Authority>().ok());
    let is_address = authority.is_some_and(|authority| !authority.as_str().contains('@'));
    if text == NONE || is_address {
        Ok(text.to_owned())
    } else {
        Err("it must be none, or such as nats://host:4222 or tls://host:4222, without user or password")
    }
}

/// What several nodes call what they share.
pub(super) fn space(text: &str) -> Result<String, &'static str> {
    let is_allowed =
        |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || matches!(octet, b'-' | b'_');
    let is_name = (1..=32).contains(&text.len()) && text.bytes().all(is_allowed);
    if is_name { Ok(text.to_owned()) } else { Err("it must be 1 to 32 of a-z, 0-9, - and _") }
}

/// Entries of a log, or 0, which has a meaning of its own.
pub(super) fn entries(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "it must be a whole number")
}

/// On how many servers something lies.
pub(super) fn replicas(text: &str) -> Result<usize, &'static str> {
    let replicas = text.parse().ok().filter(|replicas| [1, 3, 5].contains(replicas));
    replicas.ok_or("it must be 1, 3 or 5")
}

/// How much is told.
pub(super) fn log_level(name: &str) -> Result<LevelFilter, &'static str> {
    let names = ["off", "error", "warn", "info", "debug", "trace"];
    let level = names.contains(&name).then(|| name.parse().ok()).flatten();
    level.ok_or("it must be one of: off, error, warn, info, debug, trace")
}

/// Whether or not.
pub(super) fn switch(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "it must be true or false")
}

/// A backend by its name.
pub(super) fn backend(name: &str) -> Result<Backend, String> {
    let names = Backend::ALL.map(Backend::name).join(", ");
    name.parse().map_err(|_| format!("it must be one of: {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::{NonZeroU32, NonZeroUsize};

    #[test]
    fn texts_become_values() {
        assert_eq!("auto".parse(), Ok(Workers::Auto));
        assert_eq!("3".parse(), Ok(Workers::Count(NonZeroUsize::new(3).unwrap())));
        assert_eq!(count("20"), Ok(NonZeroU32::new(20).unwrap()));
        assert_eq!(octets("65536"), Ok(65_536_u64));
        assert_eq!((octets_or_none("0"), octets_or_none("26214400")), (Ok(0), Ok(26_214_400)));
        assert_eq!(max_text("65536"), Ok(limits::TEXT));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("1"), Ok(Duration::from_millis(1)));
        assert_eq!(retention("forever"), Ok(Retention::Forever));
        assert_eq!(retention("1"), Ok(Retention::Milliseconds(limits::RETENTION)));
        assert_eq!(switch("true"), Ok(true));
        for (text, address) in [
            ("none", None),
            ("9090", Some("127.0.0.1:9090")),
            ("[::1]:0", Some("[::1]:0")),
            ("unix:/run/metrics", Some("unix:/run/metrics")),
        ] {
            assert_eq!(local_address(text), Ok(Maybe(address.map(ToOwned::to_owned))));
        }
        assert_eq!(file("none"), Ok(Maybe(None)));
        assert_eq!(file("key.pem"), Ok(Maybe(Some("key.pem".into()))));
        for text in ["none", "10.0.0.0/8", "::1", "unix:"] {
            assert_eq!(network(text), Ok(text.to_owned()));
        }
        assert_eq!(forwarded_header("forwarded"), Ok(ForwardedHeader::Forwarded));
        assert_eq!(host("Chat.Example.org"), Ok("chat.example.org".to_owned()));
        assert_eq!(host("[::1]"), Ok("[::1]".to_owned()));
        assert_eq!(origin("https://example.org:8443"), Ok("https://example.org:8443".to_owned()));
        assert_eq!(domain("Chat.example.org"), Ok("chat.example.org".to_owned()));
        assert_eq!(https("https://example.org/dir"), Ok("https://example.org/dir".to_owned()));
        assert_eq!(max_head("1024"), Ok(1024));
        for text in ["none", "nats://127.0.0.1:4222", "tls://[::1]"] {
            assert_eq!(broker(text), Ok(text.to_owned()));
        }
        assert_eq!(space("main-2"), Ok("main-2".to_owned()));
        assert_eq!(replicas("5"), Ok(5));
        assert_eq!(log_level("off"), Ok(LevelFilter::OFF));
        for each in Backend::ALL {
            assert_eq!(backend(each.name()), Ok(each));
        }
    }

    #[test]
    fn what_cannot_be_is_told_what_can() {
        fn refused<T, E: ToString>(parse: fn(&str) -> Result<T, E>, texts: &[&str], sentence: &str) {
            for text in texts {
                let refusal = parse(text).err().map(|error| error.to_string());
                assert_eq!(refusal.as_deref(), Some(sentence), "{text}");
            }
        }
        refused(Workers::from_str, &["0", "-1", "all"], "it must be a whole number above zero, or auto");
        refused(count::<NonZeroU32>, &["0", "1.5", "4294967296"], "it must be a whole number above zero");
        refused(octets::<u64>, &["0", "1k", "-1"], "it must be a whole number of octets above zero");
        refused(octets_or_none, &["", "-1", "25M", "1.5"], "it must be a whole number of octets");
        refused(max_text, &["0", "65537", "much"], "it must be a whole number of octets from 1 to 65536");
        refused(seconds, &["0", "-1", "inf", "NaN", "soon"], "it must be a number of seconds above zero");
        refused(milliseconds, &["0", "0.5"], "it must be a whole number of milliseconds above zero");
        let sentence = "it must be forever or a whole number of seconds, 1 or more";
        refused(retention, &["0", "always", "18446744073709551615"], sentence);
        let sentence = "it must be none, a port, an address such as 127.0.0.1:9090, or unix:/path";
        refused(local_address, &["", "65536", "localhost", "a:b"], sentence);
        refused(file, &[""], "it must be none or a path");
        refused(forwarded_header, &["via"], "it must be x-forwarded-for or forwarded");
        let sentence = "it must be any, or a name without a port such as chat.example.org";
        refused(host, &["", "example.org:80", "https://example.org", "a b", "me@example.org"], sentence);
        let sentence = "it must be none, or such as https://chat.example.org";
        refused(origin, &["", "example.org", "ws://example.org", "https://example.org/chat"], sentence);
        let sentence = "it must be none, or a name such as chat.example.org";
        refused(
            domain,
            &["", "localhost", "*.example.org", "192.0.2.1", "-a.org", "a..b", "a.org:443"],
            sentence,
        );
        refused(https, &["", "http://example.org", "example.org"], "it must begin with https://");
        refused(max_head, &["1023", "16385"], "it must be a whole number of octets from 1024 to 16384");
        let sentence =
            "it must be none, or such as nats://host:4222 or tls://host:4222, without user or password";
        refused(broker, &["", "host", "http://host", "nats://", "nats://ada:secret@host"], sentence);
        refused(space, &["", "Main", "a.b", &"x".repeat(33)], "it must be 1 to 32 of a-z, 0-9, - and _");
        refused(replicas, &["0", "2", "x"], "it must be 1, 3 or 5");
        refused(log_level, &["loud", "1"], "it must be one of: off, error, warn, info, debug, trace");
        refused(door, &["", "Open", "ajar"], "it must be one of: open, claimed, invite, closed");
        refused(switch, &["yes", "1", ""], "it must be true or false");
        refused(backend, &["forks"], "it must be one of: tokio, threads, uring");
    }
}
