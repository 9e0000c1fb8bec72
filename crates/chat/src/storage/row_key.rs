//! The key of a row. A short one, as nearly all are, stands in the value itself: looking for a row takes no memory.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// Octets of a key that is short: the letter of a table and two numbers, and some more.
const SHORT: usize = 23;

/// Octets in the order of octets.
#[derive(Clone)]
pub(crate) struct RowKey(Form);

#[derive(Clone)]
enum Form {
    /// The octets, zeroes, and in the last place how many octets there are.
    Short([u8; SHORT + 1]),
    Long(Vec<u8>),
}

impl RowKey {
    /// The key of this octet, which most begin with.
    pub(crate) fn of_table(table: u8) -> Self {
        let mut form = [0; SHORT + 1];
        form[0] = table;
        form[SHORT] = 1;
        RowKey(Form::Short(form))
    }

    /// Adds a number, so that keys stand in the order of their numbers.
    pub(crate) fn extend_by_number(&mut self, number: u64) {
        let octets = number.to_be_bytes();
        if let Form::Short(form) = &mut self.0
            && let length = usize::from(form[SHORT])
            && let Some(place) = form[..SHORT].get_mut(length..length + octets.len())
        {
            // Of a size that is known, without a call.
            place.copy_from_slice(&octets);
            form[SHORT] += 8;
        } else {
            self.extend(&octets);
        }
    }

    pub(crate) fn extend(&mut self, octets: &[u8]) {
        match &mut self.0 {
            Form::Short(form) => {
                let length = usize::from(form[SHORT]);
                let end = length + octets.len();
                match u8::try_from(end) {
                    Ok(new) if end <= SHORT => {
                        form[length..end].copy_from_slice(octets);
                        form[SHORT] = new;
                    }
                    _ => self.0 = Form::Long([&form[..length], octets].concat()),
                }
            }
            Form::Long(key) => key.extend_from_slice(octets),
        }
    }
}

impl From<&[u8]> for RowKey {
    fn from(octets: &[u8]) -> Self {
        // Most keys are a letter with one or two numbers: copies of a size that is known need no call.
        let mut form = [0; SHORT + 1];
        match octets.len() {
            9 => form[..9].copy_from_slice(octets),
            17 => form[..17].copy_from_slice(octets),
            short @ ..=SHORT => form[..short].copy_from_slice(octets),
            _ => return RowKey(Form::Long(octets.to_vec())),
        }
        form[SHORT] = u8::try_from(octets.len()).unwrap_or_default();
        RowKey(Form::Short(form))
    }
}

impl Deref for RowKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::Short(form) => &form[..usize::from(form[SHORT])],
            Form::Long(key) => key,
        }
    }
}

impl AsRef<[u8]> for RowKey {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Ord for RowKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // Word by word, and whoever begins the other is shorter: this is the order of octets, too.
            (Form::Short(one), Form::Short(other)) => words(one).cmp(&words(other)),
            _ => self[..].cmp(&other[..]),
        }
    }
}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RowKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for RowKey {}

impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // What is equal has the same form.
        match &self.0 {
            Form::Short(form) => words(form).hash(state),
            Form::Long(key) => key.hash(state),
        }
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

fn words(form: &[u8; SHORT + 1]) -> [u64; 3] {
    let (words, _) = form.as_chunks::<8>();
    std::array::from_fn(|at| u64::from_be_bytes(words[at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_of_all_lengths_stand_in_the_order_of_their_octets() {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for last in [0, 1, 0x7f, 0xff] {
            keys.extend((0..=2 * SHORT).map(|length| vec![last; length]));
            keys.extend((0..=2 * SHORT).map(|length| [vec![7; length], vec![last]].concat()));
        }
        keys.sort();
        keys.dedup();
        let forms: Vec<RowKey> = keys.iter().map(|key| RowKey::from(key.as_slice())).collect();
        for (key, form) in keys.iter().zip(&forms) {
            assert_eq!(form[..], key[..]);
            for (other, other_form) in keys.iter().zip(&forms) {
                assert_eq!(form.cmp(other_form), key.cmp(other), "{key:?} {other:?}");
            }
        }
        let distinct: HashSet<RowKey> = forms.iter().chain(&forms).cloned().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn a_key_that_grows_piece_by_piece_is_the_same_as_one_made_at_once() {
        let octets: Vec<u8> = (0..100).collect();
        let mut grown = RowKey::from(&[][..]);
        for (length, octet) in octets.iter().enumerate() {
            grown.extend(&[*octet]);
            assert_eq!(grown, RowKey::from(&octets[..=length]));
            let mut by_number = grown.clone();
            by_number.extend_by_number(0x0102_0304_0506_0708);
            let expected = [&octets[..=length], &[1, 2, 3, 4, 5, 6, 7, 8]].concat();
            assert_eq!(by_number, RowKey::from(expected.as_slice()));
        }
    }
}
