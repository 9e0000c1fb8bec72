//! The body of a close frame (RFC 6455 §5.5.1).

use crate::close_code::CloseCode;
use crate::error::{ProtocolError, UsageError};

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
    let code = CloseCode::from_wire(u16::from_be_bytes(code));
    if !code.may_be_sent() {
        return Err(ProtocolError::InvalidCloseCode(code.get()));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::InvalidCloseReason)?;
    Ok((code, reason.to_owned()))
}

/// Whether a close frame can carry this code and reason, for programs that queue a close before they send it.
/// [`CloseCode::NO_STATUS`] stands for an empty body.
///
/// # Errors
///
/// [`UsageError::InvalidCloseCode`] for a code that must not be sent, [`UsageError::ReasonTooLong`] for a reason of
/// more than [`MAX_REASON_LEN`] octets.
pub fn check_close(code: CloseCode, reason: &str) -> Result<(), UsageError> {
    if !code.may_be_sent() && code != CloseCode::NO_STATUS {
        return Err(UsageError::InvalidCloseCode(code.get()));
    }
    if reason.len() > MAX_REASON_LEN {
        return Err(UsageError::ReasonTooLong(reason.len()));
    }
    Ok(())
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
    fn bodies() {
        assert_eq!(parse(b""), Ok((CloseCode::NO_STATUS, String::new())));
        assert_eq!(parse(b"\x03"), Err(ProtocolError::CloseTooShort));
        assert_eq!(parse(b"\x03\xe8bye"), Ok((CloseCode::NORMAL, "bye".to_owned())));
        assert_eq!(parse(b"\x03\xe8\xff"), Err(ProtocolError::InvalidCloseReason));
        assert_eq!(parse(b"\x03\xed"), Err(ProtocolError::InvalidCloseCode(1005)));
        assert_eq!(body(CloseCode::NORMAL, "bye"), b"\x03\xe8bye");
        assert_eq!(body(CloseCode::NO_STATUS, ""), b"");
    }
}
