//! Messages, the same type in both directions; a payload that arrived in one piece is borrowed, not copied.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

use crate::frame::OpCode;

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text, which is UTF-8.
    Text,
    /// Anything else.
    Binary,
}

impl Kind {
    pub(crate) fn opcode(self) -> OpCode {
        match self {
            Kind::Text => OpCode::Text,
            Kind::Binary => OpCode::Binary,
        }
    }
}

/// A whole message: text, which is UTF-8, or binary.
///
/// A message that was received may borrow from the bytes that it arrived in; [`Message::into_owned`] keeps it.
#[derive(Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text.
    Text(Text<'a>),
    /// Anything else.
    Binary(Binary<'a>),
}

impl<'a> Message<'a> {
    /// A text message.
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Message::Text(text.into())
    }

    /// A binary message.
    pub fn binary(bytes: impl Into<Binary<'a>>) -> Self {
        Message::Binary(bytes.into())
    }

    /// The payload's octets.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
        }
    }

    /// The text, if it is a text message.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Message::Text(text) => Some(text),
            Message::Binary(_) => None,
        }
    }

    /// Octets of payload.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the payload is empty. An empty message is a message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the message carries.
    pub fn kind(&self) -> Kind {
        match self {
            Message::Text(_) => Kind::Text,
            Message::Binary(_) => Kind::Binary,
        }
    }

    pub(crate) fn opcode(&self) -> OpCode {
        self.kind().opcode()
    }

    /// The message with a payload of its own, to keep or to send to another thread.
    pub fn into_owned(self) -> Message<'static> {
        match self {
            Message::Text(text) => Message::Text(text.into_owned()),
            Message::Binary(bytes) => Message::Binary(bytes.into_owned()),
        }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Message::Binary(bytes) => f.debug_tuple("Binary").field(bytes).finish(),
        }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Message::text(text)
    }
}

impl From<String> for Message<'_> {
    fn from(text: String) -> Self {
        Message::text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Message::binary(bytes)
    }
}

impl From<Vec<u8>> for Message<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Message::binary(bytes)
    }
}

impl From<Bytes> for Message<'_> {
    fn from(bytes: Bytes) -> Self {
        Message::binary(bytes)
    }
}

/// The payload of a text message: a `str`, borrowed or owned.
#[derive(Clone, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text with memory of its own.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// The text as a `String`; not copied if it was owned already.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// The text as shared bytes; not copied if it was owned already.
    pub fn into_bytes(self) -> Bytes {
        self.into_string().into()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Cow::Owned(text))
    }
}

/// The payload of a binary message: octets, borrowed, owned or shared.
#[derive(Clone)]
pub struct Binary<'a>(Octets<'a>);

#[derive(Clone)]
enum Octets<'a> {
    Borrowed(&'a [u8]),
    Shared(Bytes),
}

impl Binary<'_> {
    /// The octets with memory of their own.
    pub fn into_owned(self) -> Binary<'static> {
        Binary(Octets::Shared(self.into_bytes()))
    }

    /// The octets as shared bytes; not copied if they were owned or shared already.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Octets::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl Deref for Binary<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Octets::Borrowed(bytes) => bytes,
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl PartialEq for Binary<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Binary<'_> {}

impl fmt::Debug for Binary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", &**self)
    }
}

impl<'a> From<&'a [u8]> for Binary<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Binary(Octets::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Binary<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Binary(Octets::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Binary<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Binary(Octets::Shared(bytes.into()))
    }
}

impl From<Bytes> for Binary<'_> {
    fn from(bytes: Bytes) -> Self {
        Binary(Octets::Shared(bytes))
    }
}
