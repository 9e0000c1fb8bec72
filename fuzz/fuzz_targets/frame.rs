//! Headers: what is read is written again, what is written is read again, and a cut changes neither.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use websocket_driver::frame::{Header, OpCode};

#[derive(Arbitrary, Debug)]
enum Case<'a> {
    Read(&'a [u8]),
    Write { fin: bool, rsv1: bool, opcode: u8, mask: Option<[u8; 4]>, length: u64 },
}

fn read(octets: &[u8]) {
    let verdict = Header::parse(octets);
    if let Ok(Some((header, len))) = &verdict {
        let mut again = [0; Header::MAX_LEN];
        assert_eq!(header.write(&mut again), *len);
        assert_eq!(again[..*len], octets[..*len]);
    }
    // Octet by octet, the verdict comes once and stays.
    for cut in 0..octets.len().min(Header::MAX_LEN) {
        let early = Header::parse(&octets[..cut]);
        assert!(early == Ok(None) || early == verdict, "{early:?} after {cut} octets, then {verdict:?}");
    }
}

fn write(header: Header) {
    let mut octets = [0; Header::MAX_LEN];
    let len = header.write(&mut octets);
    let is_right =
        header.length >> 63 == 0 && (!header.opcode.is_control() || (header.fin && header.length <= 125));
    match Header::parse(&octets[..len]) {
        Ok(read) => assert!(is_right && read == Some((header, len)), "{header:?} is read as {read:?}"),
        Err(error) => assert!(!is_right, "{header:?}: {error}"),
    }
    read(&octets[..len]);
}

fuzz_target!(|case: Case<'_>| {
    use OpCode::*;
    match case {
        Case::Read(octets) => read(octets),
        Case::Write { fin, rsv1, opcode, mask, length } => {
            let opcode = [Continuation, Text, Binary, Close, Ping, Pong][usize::from(opcode % 6)];
            write(Header { fin, rsv1, opcode, mask, length });
        }
    }
});
