//! Frame headers (RFC 6455 §5.2): parsed from bytes and written to bytes, nothing allocated.

use crate::error::ProtocolError;

/// What a frame carries (RFC 6455 §5.2, §11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OpCode {
    /// The next fragment of a message.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// The close handshake.
    Close = 0x8,
    /// A question that a pong answers.
    Ping = 0x9,
    /// The answer to a ping.
    Pong = 0xA,
}

impl OpCode {
    /// The four bits on the wire.
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Control frames are short, never fragmented, and may stand between the fragments of a message
    /// (RFC 6455 §5.5).
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }

    fn from_bits(bits: u8) -> Result<OpCode, ProtocolError> {
        Ok(match bits {
            0x0 => OpCode::Continuation,
            0x1 => OpCode::Text,
            0x2 => OpCode::Binary,
            0x8 => OpCode::Close,
            0x9 => OpCode::Ping,
            0xA => OpCode::Pong,
            reserved => return Err(ProtocolError::ReservedOpCode(reserved)),
        })
    }
}

/// A frame's header: everything before its payload.
///
/// ```
/// use websocket_driver::frame::{Header, OpCode};
///
/// let header = Header { fin: true, rsv1: false, opcode: OpCode::Text, mask: None, length: 5 };
/// let mut bytes = [0; Header::MAX_LEN];
/// let len = header.write(&mut bytes);
/// assert_eq!(bytes[..len], [0x81, 0x05]);
/// assert_eq!(Header::parse(&bytes[..len]).unwrap(), Some((header, len)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last frame of its message.
    pub fin: bool,
    /// The bit that permessage-deflate uses (RFC 7692 §6). Who receives it without having negotiated it
    /// must refuse it.
    pub rsv1: bool,
    /// What the frame carries.
    pub opcode: OpCode,
    /// The masking key, where the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// Octets of payload.
    pub length: u64,
}

impl Header {
    /// The longest header: two octets, eight of length, four of masking key.
    pub const MAX_LEN: usize = 14;

    /// Reads a header from the beginning of `bytes`: the header and its length, or `None` when more bytes
    /// are needed.
    ///
    /// # Errors
    ///
    /// What no peer may send, whatever was negotiated: reserved bits 2 and 3, reserved opcodes, a control
    /// frame that is fragmented or longer than 125 octets, a length in more octets than it needs or above
    /// 2^63. The first two octets are judged as soon as they are there.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>, ProtocolError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0x30 != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        let fin = first & 0x80 != 0;
        let opcode = OpCode::from_bits(first & 0x0F)?;
        if opcode.is_control() && !fin {
            return Err(ProtocolError::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let short = second & 0x7F;
        if opcode.is_control() && short > 125 {
            return Err(ProtocolError::ControlTooLong);
        }
        let (length, mut at) = match short {
            126 => {
                let Some(&octets) = bytes.get(2..).and_then(<[u8]>::first_chunk::<2>) else {
                    return Ok(None);
                };
                (u64::from(u16::from_be_bytes(octets)), 4)
            }
            127 => {
                let Some(&octets) = bytes.get(2..).and_then(<[u8]>::first_chunk::<8>) else {
                    return Ok(None);
                };
                (u64::from_be_bytes(octets), 10)
            }
            short => (u64::from(short), 2),
        };
        if (short == 126 && length < 126) || (short == 127 && length <= 0xFFFF) {
            return Err(ProtocolError::LengthNotMinimal);
        }
        if length >> 63 != 0 {
            return Err(ProtocolError::LengthTooLarge);
        }
        let mut mask = None;
        if second & 0x80 != 0 {
            let Some(&key) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) else { return Ok(None) };
            mask = Some(key);
            at += 4;
        }
        Ok(Some((Header { fin, rsv1: first & 0x40 != 0, opcode, mask, length }, at)))
    }

    /// Writes the header to the beginning of `bytes` and says how many octets it took. The length takes its
    /// shortest form, as RFC 6455 §5.2 demands.
    #[expect(clippy::cast_possible_truncation, reason = "each cast stands behind a test of the range")]
    pub fn write(&self, bytes: &mut [u8; Header::MAX_LEN]) -> usize {
        bytes[0] = u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode.bits();
        let mut at = match self.length {
            short @ 0..=125 => {
                bytes[1] = short as u8;
                2
            }
            medium @ 126..=0xFFFF => {
                bytes[1] = 126;
                bytes[2..4].copy_from_slice(&(medium as u16).to_be_bytes());
                4
            }
            long => {
                bytes[1] = 127;
                bytes[2..10].copy_from_slice(&long.to_be_bytes());
                10
            }
        };
        if let Some(key) = self.mask {
            bytes[1] |= 0x80;
            bytes[at..at + 4].copy_from_slice(&key);
            at += 4;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn opcodes() -> impl Strategy<Value = OpCode> {
        prop::sample::select(vec![OpCode::Continuation, OpCode::Text, OpCode::Binary])
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            fin: bool, rsv1: bool, opcode in opcodes(), mask: Option<[u8; 4]>,
            length in prop_oneof![0u64..300, 65_000u64..66_000, 0u64..1 << 63],
        ) {
            let header = Header { fin, rsv1, opcode, mask, length };
            let mut bytes = [0; Header::MAX_LEN];
            let len = header.write(&mut bytes);
            prop_assert_eq!(Header::parse(&bytes[..len]), Ok(Some((header, len))));
            for cut in 0..len {
                prop_assert_eq!(Header::parse(&bytes[..cut]), Ok(None), "cut after {}", cut);
            }
        }

        #[test]
        fn any_bytes_are_refused_or_read_but_never_panic(bytes: Vec<u8>) {
            if let Ok(Some((header, len))) = Header::parse(&bytes) {
                let mut again = [0; Header::MAX_LEN];
                prop_assert_eq!(header.write(&mut again), len);
                prop_assert_eq!(&again[..len], &bytes[..len]);
            }
        }
    }

    #[test]
    fn what_no_peer_may_send_is_refused() {
        use ProtocolError::*;
        let cases: &[(&[u8], ProtocolError)] = &[
            (&[0xA1], ReservedBits),
            (&[0x91], ReservedBits),
            (&[0x83], ReservedOpCode(3)),
            (&[0x87], ReservedOpCode(7)),
            (&[0x8B], ReservedOpCode(11)),
            (&[0x8F], ReservedOpCode(15)),
            (&[0x08], FragmentedControl),
            (&[0x09], FragmentedControl),
            (&[0x0A], FragmentedControl),
            (&[0x89, 126], ControlTooLong),
            (&[0x88, 127], ControlTooLong),
            (&[0x81, 126, 0, 125], LengthNotMinimal),
            (&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], LengthNotMinimal),
            (&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], LengthTooLarge),
        ];
        for (bytes, error) in cases {
            assert_eq!(Header::parse(bytes), Err(error.clone()), "{bytes:02x?}");
        }
    }
}
