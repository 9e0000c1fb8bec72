//! Offers and answers (RFC 7692 §5, §7.1), as values of `Sec-WebSocket-Extensions`.

use std::fmt::Write;

use super::coders::Settings;
use super::compress::Compressor;
use super::inflate::Inflater;

const NAME: &str = "permessage-deflate";

/// The window a peer has who says nothing about it (RFC 7692 §7.1.2).
const FULL_WINDOW: u8 = 15;

/// How a side compresses, and what it allows its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The window in either direction, 2^`window_bits` octets: 9 to 15. Default: 12, which costs a tenth more
    /// octets than 15 and an eighth of the memory.
    pub window_bits: u8,
    /// Whether our messages may refer to those before. They become much shorter, cost a window of memory per
    /// connection, and none of them can be shared: what is compressed once for many receivers refers to
    /// nothing. Default: no.
    pub takeover: bool,
    /// Whether the peer's messages may refer to those before; costs a window of memory per connection.
    /// Default: yes.
    pub peer_takeover: bool,
    /// From 2, fast, to 9, small. Default: 6.
    pub level: u8,
    /// Shorter messages are sent as they are, in octets. Default: 64.
    pub min_len: usize,
}

impl Default for Deflate {
    fn default() -> Self {
        Deflate { window_bits: 12, takeover: false, peer_takeover: true, level: 6, min_len: 64 }
    }
}

/// What two sides agreed to, as [`Connection::with_deflate`](crate::Connection::with_deflate) takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    parameters: Parameters,
    /// Ours, which may be smaller than what was agreed to.
    window_bits: u8,
    level: u8,
    min_len: usize,
}

/// The four parameters, in the order of RFC 7692 §7.1. A window of `Some(0)` is one whose size was left open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<u8>,
}

/// `client_max_window_bits` without a value: the client can be told any.
const ANY: u8 = 0;

impl Agreed {
    /// The two halves of a connection's coding.
    pub(crate) fn coders(&self, is_server: bool) -> (Compressor, Inflater) {
        let bits = |bits: Option<u8>| bits.unwrap_or(FULL_WINDOW);
        let server =
            (bits(self.parameters.server_max_window_bits), !self.parameters.server_no_context_takeover);
        let client =
            (bits(self.parameters.client_max_window_bits), !self.parameters.client_no_context_takeover);
        let (ours, theirs) = if is_server { (server, client) } else { (client, server) };
        let settings = Settings { window_bits: ours.0.min(self.window_bits), level: self.level };
        (Compressor::new(settings, ours.1, self.min_len), Inflater::new(theirs.0, theirs.1))
    }

    /// The agreement as the header's value.
    pub(crate) fn to_header(self) -> String {
        self.parameters.to_header()
    }
}

/// A client's offer.
pub(crate) fn offer(deflate: &Deflate) -> String {
    let bits = own_window(deflate);
    let parameters = Parameters {
        server_no_context_takeover: !deflate.peer_takeover,
        client_no_context_takeover: !deflate.takeover,
        server_max_window_bits: (bits < FULL_WINDOW).then_some(bits),
        client_max_window_bits: Some(if bits < FULL_WINDOW { bits } else { ANY }),
    };
    parameters.to_header()
}

/// A server's answer to a client's offers: the first that can be honoured, or `None`.
pub(crate) fn answer<'a>(offers: impl IntoIterator<Item = &'a str>, deflate: &Deflate) -> Option<Agreed> {
    let parameters = offers
        .into_iter()
        .flat_map(|line| split(line, ','))
        .filter_map(Parameters::parse)
        .find_map(|offered| agree(offered, deflate))?;
    Some(agreed(parameters, deflate))
}

fn agreed(parameters: Parameters, deflate: &Deflate) -> Agreed {
    Agreed {
        parameters,
        window_bits: own_window(deflate),
        level: deflate.level.clamp(2, 9),
        min_len: deflate.min_len,
    }
}

/// The compressor makes windows of 9 to 15 bits.
fn own_window(deflate: &Deflate) -> u8 {
    deflate.window_bits.clamp(9, FULL_WINDOW)
}

fn agree(offered: Parameters, deflate: &Deflate) -> Option<Parameters> {
    let bits = own_window(deflate);
    let server_max_window_bits = match offered.server_max_window_bits {
        // A window of 256 octets cannot be made by the compressor, and one of open size is no offer.
        Some(ANY | 8) => return None,
        Some(limit) => Some(limit.min(bits)),
        None => None,
    };
    let client_max_window_bits = match offered.client_max_window_bits {
        Some(ANY) => Some(bits),
        Some(limit) => Some(limit.min(bits)),
        None => None,
    };
    // A client that cannot be told to keep to our window may keep no context: we would not have it.
    let unbound = client_max_window_bits.is_none() && bits < FULL_WINDOW;
    Some(Parameters {
        server_no_context_takeover: offered.server_no_context_takeover || !deflate.takeover,
        client_no_context_takeover: offered.client_no_context_takeover || !deflate.peer_takeover || unbound,
        server_max_window_bits,
        client_max_window_bits,
    })
}

/// A client judges the server's answer to its offer. `None`: nothing was agreed to, or not what was offered.
pub(crate) fn judge(answered: &str, deflate: &Deflate) -> Option<Agreed> {
    let mut answers = split(answered, ',');
    let only = answers.next().filter(|_| answers.next().is_none())?;
    let mut parameters = Parameters::parse(only)?;
    let bits = own_window(deflate);
    if parameters.server_max_window_bits == Some(ANY) || parameters.client_max_window_bits == Some(ANY) {
        return None;
    }
    // Limits that we asked for must have been taken on (RFC 7692 §7.1.1.1, §7.1.2.1).
    if bits < FULL_WINDOW && parameters.server_max_window_bits.is_none_or(|theirs| theirs > bits) {
        return None;
    }
    if !deflate.peer_takeover && !parameters.server_no_context_takeover {
        return None;
    }
    let ours = parameters.client_max_window_bits.unwrap_or(FULL_WINDOW).min(bits);
    if ours < 9 {
        return None;
    }
    // Keeping to less than was agreed to is always allowed.
    parameters.client_max_window_bits = Some(ours);
    parameters.client_no_context_takeover |= !deflate.takeover;
    Some(agreed(parameters, deflate))
}

impl Parameters {
    /// Reads one offer or answer; `None` if it is of another extension, or has a parameter that is unknown,
    /// stands twice or has no right value.
    fn parse(text: &str) -> Option<Parameters> {
        let mut items = split(text, ';');
        if items.next()? != NAME {
            return None;
        }
        let mut parameters = Parameters::default();
        for item in items {
            let (name, value) = match item.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(unquote(value.trim_start())?)),
                None => (item, None),
            };
            match (name, value) {
                ("server_no_context_takeover", None) => {
                    once_flag(&mut parameters.server_no_context_takeover)?
                }
                ("client_no_context_takeover", None) => {
                    once_flag(&mut parameters.client_no_context_takeover)?
                }
                ("server_max_window_bits", Some(value)) => {
                    once(&mut parameters.server_max_window_bits, window_bits(value)?)?;
                }
                ("client_max_window_bits", Some(value)) => {
                    once(&mut parameters.client_max_window_bits, window_bits(value)?)?;
                }
                ("client_max_window_bits", None) => once(&mut parameters.client_max_window_bits, ANY)?,
                _ => return None,
            }
        }
        Some(parameters)
    }

    fn to_header(self) -> String {
        let mut text = NAME.to_owned();
        if self.server_no_context_takeover {
            text.push_str("; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            text.push_str("; client_no_context_takeover");
        }
        for (name, bits) in [
            ("server_max_window_bits", self.server_max_window_bits),
            ("client_max_window_bits", self.client_max_window_bits),
        ] {
            match bits {
                Some(ANY) => _ = write!(text, "; {name}"),
                Some(bits) => _ = write!(text, "; {name}={bits}"),
                None => {}
            }
        }
        text
    }
}

fn once_flag(flag: &mut bool) -> Option<()> {
    (!std::mem::replace(flag, true)).then_some(())
}

fn once(place: &mut Option<u8>, value: u8) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// 8 to 15, without leading zeros (RFC 7692 §7.1.2.1).
fn window_bits(text: &str) -> Option<u8> {
    let bits = text.parse().ok().filter(|bits| (8..=15).contains(bits))?;
    (!text.starts_with(['0', '+'])).then_some(bits)
}

/// A value may be a quoted string whose content is a token.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\'])),
        None => Some(value),
    }
}

/// The items between separators that stand outside of quotes, without the white space around them.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        quoted ^= character == '"';
        character == separator && !quoted
    })
    .map(|item| item.trim_matches([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameters of an answer to the parameters of an offer.
    fn answered(offer: &str, deflate: &Deflate) -> Option<String> {
        let agreed = answer([format!("{NAME}{offer}").as_str()], deflate)?;
        agreed.to_header().strip_prefix(NAME).map(str::to_owned)
    }

    #[test]
    fn what_a_server_agrees_to() {
        let small = Deflate::default();
        let full = Deflate { window_bits: 15, takeover: true, ..small };
        for (deflate, offer, expected) in [
            // What browsers offer.
            (small, "; client_max_window_bits", "; server_no_context_takeover; client_max_window_bits=12"),
            (full, "; client_max_window_bits", "; client_max_window_bits=15"),
            (full, "", ""),
            (small, "", "; server_no_context_takeover; client_no_context_takeover"),
            (full, "; server_max_window_bits=10", "; server_max_window_bits=10"),
            (full, "; server_max_window_bits=\"10\"", "; server_max_window_bits=10"),
            (small, "; client_max_window_bits=9", "; server_no_context_takeover; client_max_window_bits=9"),
            (full, "; client_no_context_takeover", "; client_no_context_takeover"),
            // The next offer is taken where the first cannot be.
            (full, "; server_max_window_bits=8, permessage-deflate", ""),
            (full, "; unknown, x-other, permessage-deflate", ""),
        ] {
            assert_eq!(answered(offer, &deflate).as_deref(), Some(expected), "{offer}");
        }
    }

    #[test]
    fn what_a_server_declines() {
        let full = Deflate { window_bits: 15, takeover: true, ..Deflate::default() };
        for offer in [
            "; server_max_window_bits=8",
            "; server_max_window_bits",
            "; server_max_window_bits=16",
            "; server_max_window_bits=010",
            "; server_max_window_bits=+10",
            "; client_max_window_bits=7",
            "; client_max_window_bits=",
            "; server_no_context_takeover=1",
            "; server_no_context_takeover; server_no_context_takeover",
            "; client_max_window_bits; client_max_window_bits=9",
            "; unknown",
            ";",
            "-more",
        ] {
            assert_eq!(answered(offer, &full), None, "{offer}");
        }
        assert_eq!(answer(["", "permessage-bzip2"], &full), None);
    }

    #[test]
    fn what_a_client_believes() {
        let small = Deflate::default();
        let full = Deflate { window_bits: 15, takeover: true, ..small };
        assert_eq!(
            offer(&small),
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12"
        );
        assert_eq!(offer(&full), "permessage-deflate; client_max_window_bits");
        for (deflate, answered, believed) in [
            (&full, "permessage-deflate", true),
            (&full, "permessage-deflate; server_no_context_takeover", true),
            (&full, "permessage-deflate; client_max_window_bits=10; server_max_window_bits=9", true),
            (&small, "permessage-deflate; server_max_window_bits=12", true),
            (&small, "permessage-deflate; server_max_window_bits=9", true),
            (&small, "permessage-deflate; server_max_window_bits=13", false),
            (&small, "permessage-deflate", false),
            (&full, "permessage-deflate; client_max_window_bits", false),
            (&full, "permessage-deflate; client_max_window_bits=8", false),
            (&full, "permessage-deflate; server_max_window_bits=7", false),
            (&full, "permessage-deflate; unknown=1", false),
            (&full, "permessage-deflate, permessage-deflate", false),
            (&full, "x-other", false),
            (&Deflate { peer_takeover: false, ..full }, "permessage-deflate", false),
        ] {
            assert_eq!(judge(answered, deflate).is_some(), believed, "{answered}");
        }
    }

    #[test]
    fn what_one_offers_the_other_answers_and_the_first_believes() {
        for window_bits in 9..=15 {
            for flags in 0..4u8 {
                let deflate = Deflate {
                    window_bits,
                    takeover: flags & 1 != 0,
                    peer_takeover: flags & 2 != 0,
                    ..Deflate::default()
                };
                let agreed = answer([offer(&deflate).as_str()], &Deflate::default()).unwrap();
                assert!(judge(&agreed.to_header(), &deflate).is_some(), "{deflate:?}");
            }
        }
    }
}
