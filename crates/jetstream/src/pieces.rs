//! Several octets in one message of the stream, each with its length before it.

/// Octets of a length.
const LENGTH: usize = 4;

/// Adds octets that `write` adds.
pub(crate) fn put(to: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let begin = to.len();
    to.extend([0; LENGTH]);
    write(to);
    let length = u32::try_from(to.len() - begin - LENGTH).expect("a message is shorter than 4 GiB");
    to[begin..begin + LENGTH].copy_from_slice(&length.to_be_bytes());
}

/// The pieces; nothing if these are no such octets, or no piece is there.
pub(crate) fn split(mut octets: &[u8]) -> Option<Vec<&[u8]>> {
    let mut pieces = Vec::new();
    while !octets.is_empty() {
        let (length, rest) = octets.split_first_chunk::<LENGTH>()?;
        let (piece, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        pieces.push(piece);
        octets = rest;
    }
    (!pieces.is_empty()).then_some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::arbitrary::any;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_put_together_comes_apart_and_nothing_shorter_does(pieces in vec(vec(any::<u8>(), 0..20), 1..20)) {
            let mut octets = Vec::new();
            pieces.iter().for_each(|piece| put(&mut octets, |to| to.extend(piece)));
            prop_assert_eq!(split(&octets).unwrap(), pieces.clone());
            for length in 0..octets.len() {
                let is_whole = split(&octets[..length]).is_some_and(|found| pieces.starts_with(&found.iter().map(|piece| piece.to_vec()).collect::<Vec<_>>()));
                let ends: Vec<usize> = pieces.iter().scan(0, |end, piece| { *end += LENGTH + piece.len(); Some(*end) }).collect();
                prop_assert_eq!(is_whole, ends.contains(&length));
            }
        }
    }
}
