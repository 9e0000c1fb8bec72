//! The compact form in which everything is stored: numbered fields, so that later versions can add some.
//!
//! It is the wire format of Protocol Buffers: a field is a tag (its number and one of three kinds of value)
//! and a value, and a record is a sequence of fields. A field that has its default value is left out; one
//! whose number is not known is passed over; a 0 in the place of a tag ends the record. Numbers are never
//! used again. A choice is a record of one field, whose number says which choice; one that is not known is
//! [`Malformed::Newer`].

mod orders;
mod vocabulary;

use std::fmt;

/// Why octets are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// They end too early, or a value has the wrong kind.
    Broken,
    /// A later version of this program wrote them, and says things that this one does not know.
    Newer,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::Broken => "the octets are damaged",
            Malformed::Newer => "a later version wrote this; start that version",
        })
    }
}

impl std::error::Error for Malformed {}

/// A value as it stands behind its tag.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed(u64),
    Octets(&'a [u8]),
}

const VARINT: u64 = 0;
const FIXED: u64 = 1;
const OCTETS: u64 = 2;

/// What can be the value of a field.
pub(crate) trait Field: Default {
    /// Whether it is left out.
    fn is_absent(&self) -> bool;
    /// Writes the field, or several of the same number for a list.
    fn put(&self, number: u64, to: &mut Vec<u8>);
    /// Takes a value that was read; called again for each further one of the same number.
    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed>;
}

/// A sequence of fields.
pub(crate) trait Record: Default {
    fn put_fields(&self, to: &mut Vec<u8>);
    fn take_field(&mut self, number: u64, value: Value<'_>) -> Result<(), Malformed>;

    #[cfg(test)]
    fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        self.put_fields(&mut octets);
        octets
    }

    fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let mut record = Self::default();
        fields(octets, |number, value| record.take_field(number, value))?;
        Ok(record)
    }
}

/// Calls for each field in turn.
pub(crate) fn fields<'a>(
    mut octets: &'a [u8],
    mut each: impl FnMut(u64, Value<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    while !octets.is_empty() {
        let tag = take_varint(&mut octets)?;
        if tag == 0 {
            // No field has the number 0: what follows fills the place of something that was erased.
            break;
        }
        let value = match tag & 7 {
            VARINT => Value::Varint(take_varint(&mut octets)?),
            FIXED => {
                let (eight, rest) = octets.split_first_chunk::<8>().ok_or(Malformed::Broken)?;
                octets = rest;
                Value::Fixed(u64::from_le_bytes(*eight))
            }
            OCTETS => {
                let length = usize::try_from(take_varint(&mut octets)?).map_err(|_| Malformed::Broken)?;
                let (value, rest) = octets.split_at_checked(length).ok_or(Malformed::Broken)?;
                octets = rest;
                Value::Octets(value)
            }
            _ => return Err(Malformed::Broken),
        };
        each(tag >> 3, value)?;
    }
    Ok(())
}

pub(crate) fn put_varint(mut value: u64, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    to.push(value.to_le_bytes()[0]);
}

fn take_varint(octets: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = octets.split_first().ok_or(Malformed::Broken)?;
        *octets = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(Malformed::Broken);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed::Broken)
}

pub(crate) fn put_number(value: u64, number: u64, to: &mut Vec<u8>) {
    put_varint(number << 3 | VARINT, to);
    put_varint(value, to);
}

pub(crate) fn put_fixed(value: u64, number: u64, to: &mut Vec<u8>) {
    put_varint(number << 3 | FIXED, to);
    to.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn put_octets(value: &[u8], number: u64, to: &mut Vec<u8>) {
    put_varint(number << 3 | OCTETS, to);
    put_varint(u64::try_from(value.len()).expect("a length fits in 64 bits"), to);
    to.extend_from_slice(value);
}

/// Writes a field that holds what `fill` writes.
pub(crate) fn put_nested(number: u64, to: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    put_varint(number << 3 | OCTETS, to);
    let start = to.len();
    // Most lengths take one octet; for the others the content moves.
    to.push(0);
    fill(to);
    let length = to.len() - start - 1;
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        to[start] = short;
        return;
    }
    let end = to.len();
    put_varint(u64::try_from(length).expect("a length fits in 64 bits"), to);
    let prefix = to.len() - end;
    let mut octets = [0; 10];
    octets[..prefix].copy_from_slice(&to[end..]);
    to.truncate(end + prefix - 1);
    to.copy_within(start + 1..end, start + prefix);
    to[start..start + prefix].copy_from_slice(&octets[..prefix]);
}

impl<'a> Value<'a> {
    pub(crate) fn number(self) -> Result<u64, Malformed> {
        match self {
            Value::Varint(number) | Value::Fixed(number) => Ok(number),
            Value::Octets(_) => Err(Malformed::Broken),
        }
    }

    pub(crate) fn octets(self) -> Result<&'a [u8], Malformed> {
        match self {
            Value::Octets(octets) => Ok(octets),
            _ => Err(Malformed::Broken),
        }
    }
}

impl Field for u64 {
    fn is_absent(&self) -> bool {
        *self == 0
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_number(*self, number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        *self = value.number()?;
        Ok(())
    }
}

impl Field for bool {
    fn is_absent(&self) -> bool {
        !*self
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_number(u64::from(*self), number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        *self = value.number()? != 0;
        Ok(())
    }
}

impl Field for String {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_octets(self.as_bytes(), number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        *self = str::from_utf8(value.octets()?).map_err(|_| Malformed::Broken)?.to_owned();
        Ok(())
    }
}

impl<T: Field> Field for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        if let Some(value) = self {
            value.put(number, to);
        }
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        self.get_or_insert_default().take(value)
    }
}

impl<T: Field> Field for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        for one in self {
            one.put(number, to);
        }
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        let mut one = T::default();
        one.take(value)?;
        self.push(one);
        Ok(())
    }
}

/// Numbers the fields of a struct: `record!(Type { 1 field, 2 other })`.
macro_rules! record {
    ($type:ty { $($number:literal $field:ident),* $(,)? }) => {
        impl $crate::codec::Record for $type {
            fn put_fields(&self, to: &mut Vec<u8>) {
                $(if !$crate::codec::Field::is_absent(&self.$field) {
                    $crate::codec::Field::put(&self.$field, $number, to);
                })*
            }

            fn take_field(
                &mut self,
                number: u64,
                value: $crate::codec::Value<'_>,
            ) -> Result<(), $crate::codec::Malformed> {
                match number {
                    $($number => $crate::codec::Field::take(&mut self.$field, value),)*
                    _ => Ok(()),
                }
            }
        }

        impl $crate::codec::Field for $type {
            fn is_absent(&self) -> bool {
                false
            }

            fn put(&self, number: u64, to: &mut Vec<u8>) {
                $crate::codec::put_nested(number, to, |to| $crate::codec::Record::put_fields(self, to));
            }

            fn take(&mut self, value: $crate::codec::Value<'_>) -> Result<(), $crate::codec::Malformed> {
                *self = $crate::codec::Record::decode(value.octets()?)?;
                Ok(())
            }
        }
    };
}
pub(crate) use record;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Default)]
    struct Old {
        count: u64,
        names: Vec<String>,
        zero: Option<u64>,
    }

    #[derive(Debug, Clone, PartialEq, Default)]
    struct New {
        count: u64,
        added: Option<Old>,
        names: Vec<String>,
    }

    record!(Old { 1 count, 3 names, 4 zero });
    record!(New { 1 count, 2 added, 3 names });

    #[test]
    fn what_is_written_is_read() {
        for count in [0, 1, 127, 128, 300, u64::MAX] {
            let long = "x".repeat(300);
            let old = Old { count, names: vec![String::new(), "é".into(), long], zero: Some(0) };
            assert_eq!(Old::decode(&old.encode()), Ok(old));
        }
        assert_eq!(Old::default().encode(), [0; 0]);
    }

    #[test]
    fn the_form_is_the_one_of_protocol_buffers() {
        let old = Old { count: 150, names: vec!["testing".into()], zero: None };
        assert_eq!(old.encode(), [&[0x08, 0x96, 0x01, 0x1a, 0x07], b"testing".as_slice()].concat());
    }

    #[test]
    fn versions_read_each_other() {
        let new = New {
            count: 7,
            added: Some(Old { names: vec!["n".repeat(200)], ..Old::default() }),
            names: vec!["a".into()],
        };
        assert_eq!(New::decode(&new.encode()).as_ref(), Ok(&new));
        let old = Old { count: 7, names: vec!["a".into()], zero: None };
        assert_eq!(Old::decode(&new.encode()).as_ref(), Ok(&old));
        assert_eq!(New::decode(&old.encode()), Ok(New { added: None, ..new }));
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let whole = Old { count: 300, names: vec!["abc".into()], zero: Some(5) }.encode();
        for end in 1..whole.len() {
            // Where a field ends, what came before is a whole record.
            if let Ok(part) = Old::decode(&whole[..end]) {
                assert!(whole.starts_with(&part.encode()));
            }
        }
        let cases: [&[u8]; 6] = [
            &[0x08],
            &[0x08, 0xff],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            &[0x1a, 0x05, b'a'],
            &[0x1a, 0x01, 0xff],
            &[0x0b, 0x00],
        ];
        for octets in cases {
            assert_eq!(Old::decode(octets), Err(Malformed::Broken), "{octets:x?}");
        }
    }
}
