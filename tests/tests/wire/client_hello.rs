//! The first words of a TLS client (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), written by hand: a library would not say those that
//! a server has to refuse.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::server::SOON;

/// What a server answers to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It goes on with this suite.
    Suite(u16),
    /// It gives up, for this reason.
    Alert(u8),
}

/// Offers these suites in a version: TLS 1.3 (0x0304) by the extension for it, older ones as they did it.
pub(crate) fn offer(address: &str, version: u16, suites: &[u16]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(&record(22, &hello(version, suites))).unwrap();
    let mut head = [0; 5];
    stream.read_exact(&mut head).unwrap();
    let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    stream.read_exact(&mut content).unwrap();
    match (head[0], content.as_slice()) {
        (21, [_level, reason]) => Reply::Alert(*reason),
        // ServerHello: type, length, version and random are 38 octets, then come the session and the suite.
        (22, [2, ..]) => {
            let suite = 39 + usize::from(content[38]);
            Reply::Suite(u16::from_be_bytes([content[suite], content[suite + 1]]))
        }
        _ => panic!("neither an alert nor a hello: {head:?} {content:?}"),
    }
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &sized::<2>(content)].concat()
}

fn hello(version: u16, suites: &[u16]) -> Vec<u8> {
    let octets = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
    let mut extensions = [
        extension(10, &sized::<2>(&octets(&[0x001d, 0x0017]))),
        extension(13, &sized::<2>(&octets(&[0x0403, 0x0503, 0x0804, 0x0805, 0x0401]))),
    ]
    .concat();
    if version == 0x0304 {
        extensions.extend(extension(43, &sized::<1>(&octets(&[version]))));
        // No share of a key: the server asks for one, which is a hello, too.
        extensions.extend(extension(51, &sized::<2>(&[])));
    }
    let body = [
        &version.min(0x0303).to_be_bytes()[..],
        &[7; 32],
        &sized::<1>(&[]),
        &sized::<2>(&octets(suites)),
        &sized::<1>(&[0]),
        &sized::<2>(&extensions),
    ];
    [&[1][..], &sized::<3>(&body.concat())].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized::<2>(content)].concat()
}

/// Content behind its length in so many octets.
fn sized<const WIDTH: usize>(content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&len[4 - WIDTH..], content].concat()
}
