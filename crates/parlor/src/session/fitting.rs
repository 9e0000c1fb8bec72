//! How much goes into one answer.

/// Octets of text or events after which an answer ends, so that none fills a client's queue by itself.
pub(super) const OCTETS: usize = 256 * 1024;

/// Cuts what would not fit into one answer off the end, and says whether it did.
pub(super) fn cut_end<T>(found: &mut Vec<T>, length: impl Fn(&T) -> usize) -> bool {
    let mut octets = 0;
    let mut fits = |one: &T| {
        octets += length(one);
        octets <= OCTETS
    };
    let fitting = found.iter().take_while(|one| fits(one)).count().max(1);
    let is_cut = fitting < found.len();
    found.truncate(fitting);
    is_cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_but_never_all_of_it() {
        for (lengths, left, is_cut) in [
            (vec![], 0, false),
            (vec![OCTETS], 1, false),
            (vec![OCTETS + 1], 1, false),
            (vec![OCTETS, 1], 1, true),
            (vec![1; 10], 10, false),
            (vec![OCTETS / 2, OCTETS / 2, 1], 2, true),
        ] {
            let mut found = lengths.clone();
            assert_eq!(cut_end(&mut found, |length| *length), is_cut, "{lengths:?}");
            assert_eq!(found.len(), left, "{lengths:?}");
        }
    }
}
