//! Frames of the load, as octets.

use websocket_driver::frame::{Header, OpCode};

use crate::load::masked;

/// A text frame as a client sends it.
pub fn text(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    masked(Header { fin: true, rsv1: false, opcode: OpCode::Text, mask: Some(key), length: 0 }, payload)
}

/// A binary frame as a client sends it.
pub fn binary(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    masked(Header { fin: true, rsv1: false, opcode: OpCode::Binary, mask: Some(key), length: 0 }, payload)
}

/// A close frame as a client sends it.
pub fn close(code: [u8; 2]) -> Vec<u8> {
    masked(Header { fin: true, rsv1: false, opcode: OpCode::Close, mask: Some([0; 4]), length: 0 }, &code)
}

/// What a server writes before a text of this length.
pub fn server_header(length: usize) -> Vec<u8> {
    header(OpCode::Text, length)
}

/// What a server writes before so much of binary.
pub fn binary_header(length: usize) -> Vec<u8> {
    header(OpCode::Binary, length)
}

fn header(opcode: OpCode, length: usize) -> Vec<u8> {
    let mut bytes = [0; Header::MAX_LEN];
    let len = Header { fin: true, rsv1: false, opcode, mask: None, length: length as u64 }.write(&mut bytes);
    bytes[..len].to_vec()
}

/// Whether a control frame begins here (RFC 6455 §5.5).
pub fn is_control(octets: &[u8]) -> bool {
    octets.first().is_some_and(|first| first & 0x08 != 0)
}

/// The length of the ping or pong that begins here, and the answer to it, which is empty for a pong; nothing while
/// it has not arrived whole.
pub fn control(octets: &[u8]) -> Result<Option<(usize, Vec<u8>)>, String> {
    let Some((header, header_len)) = Header::parse(octets).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let end = header_len + header.length as usize;
    let Some(payload) = octets.get(header_len..end) else { return Ok(None) };
    match header.opcode {
        OpCode::Ping => {
            let pong = Header { opcode: OpCode::Pong, mask: Some([0; 4]), ..header };
            Ok(Some((end, masked(pong, payload))))
        }
        OpCode::Pong => Ok(Some((end, Vec::new()))),
        opcode => Err(format!("the server sent {opcode:?}: {payload:02x?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_answered_and_a_close_is_not_expected() {
        assert!(is_control(b"\x89\x02ab") && !is_control(b"\x81\x02ab") && !is_control(b""));
        assert_eq!(control(b"\x89\x02a"), Ok(None));
        let pong = b"\x8a\x82\0\0\0\0ab".to_vec();
        assert_eq!(control(b"\x89\x02abc"), Ok(Some((4, pong))));
        assert_eq!(control(b"\x8a\x00"), Ok(Some((2, Vec::new()))));
        assert!(control(b"\x88\x02\x03\xe8").is_err());
    }
}
