//! What a file is called in its address: 128 random bits, so that nobody finds one by guessing.

use std::fmt;
use std::str::FromStr;

use crate::identity::random_octets;

/// Letters of an id: 26 times 5 bits hold 128.
pub(crate) const LETTERS: usize = 26;
/// Crockford's base 32 in lower case, as the ids of people and rooms have it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(u128);

/// A text that is no id of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoFileId;

impl FileId {
    /// One that nobody has had before.
    pub(crate) fn random() -> Self {
        FileId(u128::from_be_bytes(random_octets()))
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..LETTERS).rev().try_for_each(|letter| {
            let index = usize::try_from((self.0 >> (5 * letter)) & 31).expect("five bits fit");
            write!(f, "{}", char::from(ALPHABET[index]))
        })
    }
}

impl FromStr for FileId {
    type Err = NoFileId;

    fn from_str(text: &str) -> Result<Self, NoFileId> {
        // The first letter has 3 of the 128 bits, so that each file has one id only.
        if text.len() != LETTERS || text.as_bytes()[0] > b'7' {
            return Err(NoFileId);
        }
        let bits = text.bytes().try_fold(0, |bits: u128, octet| {
            let digit = ALPHABET.iter().position(|letter| *letter == octet).ok_or(NoFileId)?;
            Ok(bits << 5 | u128::try_from(digit).expect("a digit is below 32"))
        });
        bits.map(FileId)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        for bits in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210] {
            let text = FileId(bits).to_string();
            assert_eq!((text.len(), text.parse()), (LETTERS, Ok(FileId(bits))));
        }
    }

    #[test]
    fn whatever_else_is_no_id() {
        let good = "0123456789abcdefghjkmnpqrs";
        assert!(good.parse::<FileId>().is_ok());
        for text in [
            "",
            "..",
            "8123456789abcdefghjkmnpqrs",
            "0123456789ABCDEFGHJKMNPQRS",
            "0123456789abcdefghjkmnpqr",
            "0123456789abcdefghjkmnpqrst",
            "../../../../../../../../..",
            "0123456789abcdefghjkmnpq/.",
            "0123456789abcdefghjkmnpqé",
        ] {
            assert_eq!(text.parse::<FileId>(), Err(NoFileId), "{text}");
        }
    }

    #[test]
    fn an_id_cannot_be_guessed_from_others() {
        // The chance that one bit is the same in all of 256 is 2^-255.
        let ids: BTreeSet<u128> = (0..256).map(|_| FileId::random().0).collect();
        assert_eq!(ids.len(), 256);
        let (ones, zeros) = ids.iter().fold((0, 0), |(ones, zeros), id| (ones | id, zeros | !id));
        assert_eq!((ones, zeros), (u128::MAX, u128::MAX), "each of the 128 bits is random");
    }
}
