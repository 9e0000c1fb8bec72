//! Two kinds of error: the peer broke the protocol, or the caller asked for what cannot be done.

use std::fmt;

use crate::close_code::CloseCode;

/// What the peer did wrong. The connection is closed with [`ProtocolError::close_code`] and delivers nothing
/// more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit was set that no negotiated extension uses.
    ReservedBits,
    /// An opcode that RFC 6455 keeps for later.
    ReservedOpCode(u8),
    /// A control frame without FIN.
    FragmentedControl,
    /// A control frame with more than 125 octets.
    ControlTooLong,
    /// A payload length written in more octets than it needs.
    LengthNotMinimal,
    /// A payload length of 2^63 or more.
    LengthTooLarge,
    /// A client sent a frame without a mask.
    Unmasked,
    /// A server sent a frame with a mask.
    Masked,
    /// A continuation frame where no message had begun.
    UnexpectedContinuation,
    /// A new message before the last one had ended.
    ExpectedContinuation,
    /// A text message that is not UTF-8.
    InvalidUtf8,
    /// A compressed message that cannot be inflated, or refers to more of the past than the agreed window.
    InvalidDeflate,
    /// A close frame of one octet.
    CloseTooShort,
    /// A close code that must not stand on the wire.
    InvalidCloseCode(u16),
    /// A close reason that is not UTF-8.
    InvalidCloseReason,
    /// A frame longer than [`Config::max_frame`](crate::Config::max_frame) octets.
    FrameTooBig {
        /// The limit.
        limit: u64,
    },
    /// A message longer than [`Config::max_message`](crate::Config::max_message) octets.
    MessageTooBig {
        /// The limit.
        limit: u64,
    },
    /// A message in more than [`Config::max_fragments`](crate::Config::max_fragments) frames.
    TooManyFragments {
        /// The limit.
        limit: u32,
    },
}

impl ProtocolError {
    /// The close code that goes out to the peer.
    pub fn close_code(&self) -> CloseCode {
        use ProtocolError::*;
        match self {
            InvalidUtf8 | InvalidCloseReason | InvalidDeflate => CloseCode::INVALID_DATA,
            FrameTooBig { .. } | MessageTooBig { .. } => CloseCode::TOO_BIG,
            TooManyFragments { .. } => CloseCode::POLICY,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// The section of the standard that was broken.
    pub fn section(&self) -> &'static str {
        use ProtocolError::*;
        match self {
            ReservedBits | ReservedOpCode(_) | LengthNotMinimal | LengthTooLarge => "RFC 6455 §5.2",
            Unmasked | Masked => "RFC 6455 §5.1",
            UnexpectedContinuation | ExpectedContinuation => "RFC 6455 §5.4",
            FragmentedControl | ControlTooLong => "RFC 6455 §5.5",
            CloseTooShort | InvalidCloseReason => "RFC 6455 §5.5.1",
            InvalidCloseCode(_) => "RFC 6455 §7.4",
            InvalidUtf8 => "RFC 6455 §8.1",
            InvalidDeflate => "RFC 7692 §7.2.2",
            FrameTooBig { .. } | MessageTooBig { .. } | TooManyFragments { .. } => "RFC 6455 §10.4",
        }
    }
}

/// Says what the peer did, without the section: it goes out as the close frame's reason, too.
impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ProtocolError::*;
        match self {
            ReservedBits => write!(f, "a reserved bit is set that no extension negotiated"),
            ReservedOpCode(bits) => write!(f, "opcode {bits} is reserved"),
            FragmentedControl => write!(f, "a control frame is fragmented"),
            ControlTooLong => write!(f, "a control frame has more than 125 octets"),
            LengthNotMinimal => write!(f, "a payload length is not in its shortest form"),
            LengthTooLarge => write!(f, "a payload length is 2^63 or more"),
            Unmasked => write!(f, "a client's frame is not masked"),
            Masked => write!(f, "a server's frame is masked"),
            UnexpectedContinuation => write!(f, "a continuation frame continues nothing"),
            ExpectedContinuation => write!(f, "a message begins before the last one ended"),
            InvalidUtf8 => write!(f, "a text message is not UTF-8"),
            InvalidDeflate => write!(f, "a compressed message cannot be inflated"),
            CloseTooShort => write!(f, "a close frame has a body of one octet"),
            InvalidCloseCode(code) => write!(f, "close code {code} must not be sent"),
            InvalidCloseReason => write!(f, "a close reason is not UTF-8"),
            FrameTooBig { limit } => write!(f, "a frame is longer than {limit} octets"),
            MessageTooBig { limit } => write!(f, "a message is longer than {limit} octets"),
            TooManyFragments { limit } => write!(f, "a message has more than {limit} fragments"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// What the caller asked for cannot be done. Nothing was sent and the connection is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageError {
    /// The connection is closing or closed; nothing more can be sent.
    Closed,
    /// A message was begun in parts and is not finished; nothing else can be sent before it is.
    MessageUnfinished,
    /// A part of a message that was not begun, or of another kind, or longer than what was announced.
    WrongPart,
    /// A ping or pong of more than 125 octets.
    ControlTooLong(usize),
    /// A close code that must not stand on the wire.
    InvalidCloseCode(u16),
    /// A close reason of more than 123 octets.
    ReasonTooLong(usize),
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::Closed => write!(f, "the connection is closing: nothing more can be sent"),
            UsageError::MessageUnfinished => {
                write!(f, "a message was begun in parts: send its last part before anything else")
            }
            UsageError::WrongPart => {
                write!(f, "this part continues no message, or one of another kind or announced length")
            }
            UsageError::ControlTooLong(len) => {
                write!(f, "a ping or pong carries at most 125 octets (RFC 6455 §5.5), not {len}")
            }
            UsageError::InvalidCloseCode(code) => write!(
                f,
                "close code {code} must not be sent: use 1000, 1001, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4)"
            ),
            UsageError::ReasonTooLong(len) => {
                write!(f, "a close reason has at most 123 octets (RFC 6455 §5.5.1), not {len}")
            }
        }
    }
}

impl std::error::Error for UsageError {}
