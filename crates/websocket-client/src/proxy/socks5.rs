//! SOCKS version 5 (RFC 1928), without credentials or with user name and password (RFC 1929).

use std::net::IpAddr;

use super::error::ProxyError;
use super::server::Credentials;
use super::tunnel::{Negotiation, Step};

const VERSION: u8 = 5;
const NO_CREDENTIALS: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const COMMAND_CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks a SOCKS proxy for a connection.
pub(super) struct Socks5 {
    stage: Stage,
    answer: Vec<u8>,
    /// Kind of address, address and port, as in the request.
    target: Vec<u8>,
    /// The message that gives the credentials.
    login: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Stage {
    Greet,
    Method,
    Login,
    Reply,
}

impl Socks5 {
    /// `host` is a name, which the proxy resolves, or an IP address without brackets.
    pub(super) fn new(host: &str, port: u16, credentials: Option<&Credentials>) -> Result<Self, ProxyError> {
        let mut target = match host.parse() {
            Ok(IpAddr::V4(ip)) => [&[IPV4][..], &ip.octets()].concat(),
            Ok(IpAddr::V6(ip)) => [&[IPV6][..], &ip.octets()].concat(),
            Err(_) => {
                let len = u8::try_from(host.len())
                    .map_err(|_| ProxyError::Protocol("SOCKS knows no host name above 255 octets"))?;
                [&[NAME, len][..], host.as_bytes()].concat()
            }
        };
        target.extend(port.to_be_bytes());
        let login = credentials.map(|Credentials { user, password }| {
            let field = |text: &str| {
                let len = u8::try_from(text.len()).expect("credentials were measured when they were read");
                [&[len][..], text.as_bytes()].concat()
            };
            [&[1][..], &field(user), &field(password)].concat()
        });
        Ok(Socks5 { stage: Stage::Greet, answer: Vec::new(), target, login })
    }

    /// The answer once it has `len` octets; else the step that asks for the rest.
    fn answer(&mut self, len: usize) -> Result<Vec<u8>, Step> {
        if self.answer.len() < len {
            return Err(Step::Read(len - self.answer.len()));
        }
        Ok(std::mem::take(&mut self.answer))
    }

    fn request(&mut self) -> Step {
        self.stage = Stage::Reply;
        let target = std::mem::take(&mut self.target);
        Step::Write([&[VERSION, COMMAND_CONNECT, 0][..], &target].concat())
    }

    fn reply(&mut self) -> Result<Step, ProxyError> {
        let answer = &self.answer;
        match answer.first() {
            Some(&VERSION) | None => {}
            Some(_) => return Err(ProxyError::Protocol("its reply is not SOCKS version 5")),
        }
        match answer.get(1) {
            Some(0) | None => {}
            Some(reply) => return Err(ProxyError::Reply(*reply)),
        }
        let [_, _, _, kind, first, ..] = answer[..] else {
            // Those who refuse do not always send the whole reply.
            return Ok(Step::Read(if answer.len() < 2 { 2 - answer.len() } else { 5 - answer.len() }));
        };
        let address = match kind {
            IPV4 => 4,
            IPV6 => 16,
            NAME => 1 + usize::from(first),
            _ => return Err(ProxyError::Protocol("its reply has an unknown kind of address")),
        };
        let len = 4 + address + 2;
        Ok(if answer.len() < len { Step::Read(len - answer.len()) } else { Step::Done })
    }
}

impl Negotiation for Socks5 {
    fn step(&mut self) -> Result<Step, ProxyError> {
        match self.stage {
            Stage::Greet => {
                self.stage = Stage::Method;
                Ok(Step::Write(match self.login {
                    Some(_) => vec![VERSION, 2, NO_CREDENTIALS, USER_AND_PASSWORD],
                    None => vec![VERSION, 1, NO_CREDENTIALS],
                }))
            }
            Stage::Method => {
                let answer = match self.answer(2) {
                    Ok(answer) => answer,
                    Err(read) => return Ok(read),
                };
                match (answer[0], answer[1], &self.login) {
                    (VERSION, NO_CREDENTIALS, _) => Ok(self.request()),
                    (VERSION, USER_AND_PASSWORD, Some(login)) => {
                        self.stage = Stage::Login;
                        Ok(Step::Write(login.clone()))
                    }
                    (VERSION, NO_ACCEPTABLE_METHOD, _) => Err(ProxyError::Authentication),
                    _ => Err(ProxyError::Protocol("its first answer is not SOCKS version 5")),
                }
            }
            Stage::Login => match self.answer(2) {
                Ok(answer) if answer[1] == 0 => Ok(self.request()),
                Ok(_) => Err(ProxyError::Authentication),
                Err(read) => Ok(read),
            },
            Stage::Reply => self.reply(),
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

    const HELLO: &[u8] = b"\x05\x01\x00";
    const ASK: &[u8] = b"\x05\x01\x00\x03\x0bexample.org\x01\xbb";
    const GRANTED: &[u8] = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x10\x10";

    #[test]
    fn replies() {
        let by_name = b"\x05\x00\x00\x03\x02ab\x10\x10";
        let by_v6 = [b"\x05\x00\x00\x04".as_slice(), &[0; 18]].concat();
        for (script, expected) in [
            (vec![(HELLO, &b"\x05\x00"[..]), (ASK, GRANTED)], "Ok(())"),
            (vec![(HELLO, b"\x05\x00"), (ASK, by_name)], "Ok(())"),
            (vec![(HELLO, b"\x05\x00"), (ASK, &by_v6)], "Ok(())"),
            (vec![(HELLO, b"\x05\xff")], "Err(Authentication)"),
            (vec![(HELLO, b"\x05\x00"), (ASK, b"\x05\x05\x00\x01\0\0\0\0\0\0")], "Err(Reply(5))"),
            (vec![(HELLO, b"\x05\x00"), (ASK, b"\x05\x02")], "Err(Reply(2))"),
            // A method that was not offered.
            (vec![(HELLO, b"\x05\x02")], "Err(Protocol(\"its first answer is not SOCKS version 5\"))"),
            (vec![(HELLO, b"HTTP/1.1")], "Err(Protocol(\"its first answer is not SOCKS version 5\"))"),
            (
                vec![(HELLO, b"\x05\x00"), (ASK, b"\x04\x00\x00\x01\0\0\0\0\0\0")],
                "Err(Protocol(\"its reply is not SOCKS version 5\"))",
            ),
            (
                vec![(HELLO, b"\x05\x00"), (ASK, b"\x05\x00\x00\x09\0\0\0\0\0\0")],
                "Err(Protocol(\"its reply has an unknown kind of address\"))",
            ),
        ] {
            for piece in [1, 3, 100] {
                let asking = Socks5::new("example.org", 443, None).unwrap();
                let (result, _) = play(asking, &script, piece);
                assert_eq!(format!("{result:?}"), expected, "{script:?} by {piece}");
            }
        }
    }

    #[test]
    fn what_follows_the_reply_is_left_alone() {
        let asking = Socks5::new("example.org", 443, None).unwrap();
        let granted = [GRANTED, b"more"].concat();
        let (result, rest) = play(asking, &[(HELLO, b"\x05\x00"), (ASK, &granted)], 100);
        assert!(result.is_ok());
        assert_eq!(rest, b"more");
    }

    #[test]
    fn credentials() {
        const OFFER: &[u8] = b"\x05\x02\x00\x02";
        const LOGIN: &[u8] = b"\x01\x04user\x06secret";
        let credentials = Credentials { user: "user".into(), password: "secret".into() };
        for (script, expected) in [
            (vec![(OFFER, &b"\x05\x02"[..]), (LOGIN, b"\x01\x00"), (ASK, GRANTED)], "Ok(())"),
            (vec![(OFFER, b"\x05\x00"), (ASK, GRANTED)], "Ok(())"),
            (vec![(OFFER, b"\x05\x02"), (LOGIN, b"\x01\x01")], "Err(Authentication)"),
        ] {
            let asking = Socks5::new("example.org", 443, Some(&credentials)).unwrap();
            let (result, _) = play(asking, &script, 1);
            assert_eq!(format!("{result:?}"), expected);
        }
    }

    #[test]
    fn kinds_of_address() {
        let v6 = [b"\x05\x01\x00\x04".as_slice(), &[0; 15], b"\x01\x00\x50"].concat();
        for (host, asked) in [("192.0.2.1", &b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"[..]), ("::1", &v6)] {
            let asking = Socks5::new(host, 80, None).unwrap();
            assert!(play(asking, &[(HELLO, b"\x05\x00"), (asked, GRANTED)], 1).0.is_ok());
        }
        assert!(Socks5::new(&"a".repeat(256), 80, None).is_err());
    }
}
