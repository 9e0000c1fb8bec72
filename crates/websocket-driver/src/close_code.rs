//! Close codes (RFC 6455 §7.4).

use std::fmt;

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

    /// A code that may stand in a close frame; `None` for one that is reserved or out of range
    /// (RFC 6455 §7.4.2).
    pub const fn new(code: u16) -> Option<CloseCode> {
        if CloseCode(code).may_be_sent() { Some(CloseCode(code)) } else { None }
    }

    /// The code on the wire, whatever it is.
    pub(crate) const fn from_wire(code: u16) -> CloseCode {
        CloseCode(code)
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
            assert_eq!(CloseCode::new(code).is_some(), allowed, "{code}");
        }
    }
}
