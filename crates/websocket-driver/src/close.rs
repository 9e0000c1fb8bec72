//! Close codes and the body of a close frame (RFC 6455 §5.5.1, §7.4).

use std::fmt;

use crate::error::{ProtocolError, UsageError};

/// Why a connection ends (RFC 6455 §7.4; the registry is at IANA).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose was fulfilled.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// A server goes down or a page is left.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: CloseCode = CloseCode(1002);
    /// The peer sent a kind of data that is not taken here.
    pub const UNSUPPORTED: CloseCode = CloseCode(1003);
    /// The close frame had no code. Never on the wire.
    pub const NO_STATUS: CloseCode = CloseCode(1005);
    /// The connection ended without a close frame. Never on the wire.
    pub const ABNORMAL: CloseCode = CloseCode(1006);
    /// A message's data was not what its type promises, such as text that is not UTF-8.
    pub const INVALID_DATA: CloseCode = CloseCode(1007);
    /// A rule of this endpoint was broken.
    pub const POLICY: CloseCode = CloseCode(1008);
    /// A frame or message was larger than this endpoint takes.
    pub const TOO_BIG: CloseCode = CloseCode(1009);
    /// The client needs an extension that the server did not agree to.
    pub const EXTENSION_NEEDED: CloseCode = CloseCode(1010);
    /// The server met something that it did not expect.
    pub const INTERNAL_ERROR: CloseCode = CloseCode(1011);
    /// The server restarts; come back after a while.
    pub const RESTART: CloseCode = CloseCode(1012);
    /// The server is overloaded, or this reader fell behind; come back after a while.
    pub const TRY_AGAIN_LATER: CloseCode = CloseCode(1013);

    /// A code that may stand in a close frame.
    ///
    /// # Errors
    ///
    /// [`UsageError::InvalidCloseCode`] for a code that is reserved or out of range (RFC 6455 §7.4.2).
    pub const fn new(code: u16) -> Result<CloseCode, UsageError> {
        if CloseCode(code).may_be_sent() {
            Ok(CloseCode(code))
        } else {
            Err(UsageError::InvalidCloseCode(code))
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether the code may stand in a close frame: what RFC 6455 and IANA have defined, what libraries have
    /// registered (3000–3999), and what is private (4000–4999).
    pub const fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

/// The longest reason that a close frame can carry, in octets: a control frame's 125 less the code.
pub const MAX_REASON_LEN: usize = 123;

/// The body of a close frame as it was received: no code reads as [`CloseCode::NO_STATUS`].
pub(crate) fn parse(body: &[u8]) -> Result<(CloseCode, String), ProtocolError> {
    let Some((&code, reason)) = body.split_first_chunk::<2>() else {
        return if body.is_empty() {
            Ok((CloseCode::NO_STATUS, String::new()))
        } else {
            Err(ProtocolError::CloseTooShort)
        };
    };
    let code = CloseCode(u16::from_be_bytes(code));
    if !code.may_be_sent() {
        return Err(ProtocolError::InvalidCloseCode(code.get()));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::InvalidCloseReason)?;
    Ok((code, reason.to_owned()))
}

/// The body of a close frame to send; [`CloseCode::NO_STATUS`] makes an empty one.
pub(crate) fn body(code: CloseCode, reason: &str) -> Vec<u8> {
    if code == CloseCode::NO_STATUS {
        return Vec::new();
    }
    [&code.get().to_be_bytes(), reason.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_may_stand_on_the_wire() {
        for code in 0..=u16::MAX {
            let allowed = matches!(
                code,
                1000 | 1001 | 1002 | 1003 | 1007 | 1008 | 1009 | 1010 | 1011 | 1012 | 1013 | 1014
            ) || (3000..5000).contains(&code);
            assert_eq!(CloseCode::new(code).is_ok(), allowed, "{code}");
            assert_eq!(parse(&code.to_be_bytes()).is_ok(), allowed, "{code}");
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(parse(b""), Ok((CloseCode::NO_STATUS, String::new())));
        assert_eq!(parse(b"\x03"), Err(ProtocolError::CloseTooShort));
        assert_eq!(parse(b"\x03\xe8bye"), Ok((CloseCode::NORMAL, "bye".to_owned())));
        assert_eq!(parse(b"\x03\xe8\xff"), Err(ProtocolError::InvalidCloseReason));
        assert_eq!(body(CloseCode::NORMAL, "bye"), b"\x03\xe8bye");
        assert_eq!(body(CloseCode::NO_STATUS, ""), b"");
    }
}
