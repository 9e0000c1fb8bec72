//! Messages, the same type in both directions; a payload that arrived in one piece is borrowed, not copied.

use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

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
    #[inline]
    pub fn text(text: impl Into<Text<'a>>) -> Self {
        Message::Text(text.into())
    }

    /// A binary message.
    #[inline]
    pub fn binary(bytes: impl Into<Binary<'a>>) -> Self {
        Message::Binary(bytes.into())
    }

    /// The payload's octets.
    #[inline]
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
    #[inline]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the payload is empty. An empty message is a message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the message carries.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Message::Text(_) => Kind::Text,
            Message::Binary(_) => Kind::Binary,
        }
    }

    #[inline]
    pub(crate) fn opcode(&self) -> OpCode {
        self.kind().opcode()
    }

    /// The payload alone.
    pub(crate) fn into_octets(self) -> Octets<'a> {
        match self {
            Message::Text(text) => text.into_octets(),
            Message::Binary(bytes) => bytes.0,
        }
    }

    /// Whether the payload belongs to somebody else, so that keeping it is copying it.
    #[inline]
    pub fn is_borrowed(&self) -> bool {
        match self {
            Message::Text(text) => matches!(text.0, Characters::Borrowed(_)),
            Message::Binary(bytes) => matches!(bytes.0, Octets::Borrowed(_)),
        }
    }

    /// The payload as shared bytes; not copied if it was owned or shared already.
    pub fn into_bytes(self) -> Bytes {
        self.into_octets().into_bytes()
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
    #[inline]
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
    #[inline]
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

/// The payload of a text message: a `str`, borrowed, owned or shared.
///
/// Shared text is UTF-8 that was checked once. Cloning it, and sending it from a server, copies nothing.
///
/// ```
/// use bytes::Bytes;
/// use websocket_driver::Text;
///
/// let text = Text::try_from(Bytes::from_static(b"hello"))?;
/// assert_eq!(&*text, "hello");
/// assert!(Text::try_from(Bytes::from_static(b"\xFF")).is_err());
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
#[derive(Clone)]
pub struct Text<'a>(Characters<'a>);

#[derive(Clone)]
enum Characters<'a> {
    Borrowed(&'a str),
    Shared(ByteString),
}

impl<'a> Text<'a> {
    /// Text that is there as long as the program: shared without being copied.
    pub fn from_static(text: &'static str) -> Self {
        Text(Characters::Shared(ByteString::from_static(text)))
    }

    /// The text with memory of its own.
    pub fn into_owned(self) -> Text<'static> {
        Text(Characters::Shared(match self.0 {
            Characters::Borrowed(text) => text.into(),
            Characters::Shared(text) => text,
        }))
    }

    /// The text as a `String`; not copied if it was owned already, and by nobody else.
    pub fn into_string(self) -> String {
        match self.0 {
            Characters::Borrowed(text) => text.to_owned(),
            Characters::Shared(text) => {
                String::from_utf8(text.into_bytes().into()).expect("it was checked when it was made")
            }
        }
    }

    /// The text as shared bytes; not copied if it was owned or shared already.
    pub fn into_bytes(self) -> Bytes {
        self.into_octets().into_bytes()
    }

    fn into_octets(self) -> Octets<'a> {
        match self.0 {
            Characters::Borrowed(text) => Octets::Borrowed(text.as_bytes()),
            Characters::Shared(text) => Octets::Shared(text.into_bytes()),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match &self.0 {
            Characters::Borrowed(text) => text,
            Characters::Shared(text) => text,
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl<'a> From<&'a str> for Text<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Text(Characters::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Characters::Shared(text.into()))
    }
}

impl From<Arc<str>> for Text<'_> {
    /// Shares the text's memory with whoever else has it, without looking at it again but once.
    fn from(text: Arc<str>) -> Self {
        let bytes = Bytes::from_owner(SharedStr(text));
        Text(Characters::Shared(bytes.try_into().expect("a `str` is UTF-8")))
    }
}

/// A `str` as the octets that [`Bytes`] wants of an owner.
struct SharedStr(Arc<str>);

impl AsRef<[u8]> for SharedStr {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<Bytes> for Text<'_> {
    type Error = Utf8Error;

    /// Takes octets for text if they are UTF-8. Looks at all of them, and copies none.
    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        bytes.try_into().map(|text| Text(Characters::Shared(text)))
    }
}

/// The payload of a binary message: octets, borrowed, owned or shared.
#[derive(Clone)]
pub struct Binary<'a>(Octets<'a>);

/// A payload, whatever it means.
#[derive(Clone)]
pub(crate) enum Octets<'a> {
    Borrowed(&'a [u8]),
    /// Owned by nobody else perhaps; if so, it can be changed where it is.
    Shared(Bytes),
}

impl Octets<'_> {
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Octets::Borrowed(bytes) => bytes,
            Octets::Shared(bytes) => bytes,
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Octets::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
            Octets::Shared(bytes) => bytes,
        }
    }
}

impl Binary<'_> {
    /// The octets with memory of their own.
    pub fn into_owned(self) -> Binary<'static> {
        Binary(Octets::Shared(self.into_bytes()))
    }

    /// The octets as shared bytes; not copied if they were owned or shared already.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }
}

impl Deref for Binary<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.0.as_bytes()
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
    #[inline]
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
