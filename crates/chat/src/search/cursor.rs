//! Cursors: where the next page of results begins.

use std::fmt;
use std::str::FromStr;

use super::error::SearchError;
use crate::Timestamp;

/// Where the next page of results begins. As text it goes to a client and comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The index that it belongs to.
    pub(super) epoch: u64,
    /// When the first page was asked for: what is recent must not change from page to page.
    pub(super) asked: Timestamp,
    /// The newest document of the pool that the page is taken from.
    pub(super) top: u32,
    /// The pool's oldest document, and the last result that was shown from it; `None` if the pool is still to be
    /// filled.
    pub(super) within: Option<Within>,
}

/// A place within a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Within {
    pub(super) floor: u32,
    pub(super) score: i32,
    pub(super) document: u32,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:x}", self.epoch, self.asked.0, self.top)?;
        match self.within {
            Some(within) => write!(f, ".{:x}.{:x}.{:x}", within.floor, within.score, within.document),
            None => Ok(()),
        }
    }
}

impl FromStr for Cursor {
    type Err = SearchError;

    fn from_str(text: &str) -> Result<Self, SearchError> {
        let read = |field: &str| u64::from_str_radix(field, 16).ok();
        let fields: Option<Vec<u64>> = text.split('.').map(read).collect();
        let document = |number: u64| u32::try_from(number).map_err(|_| SearchError::Cursor);
        match fields.as_deref() {
            Some(&[epoch, asked, top]) => {
                Ok(Cursor { epoch, asked: Timestamp(asked), top: document(top)?, within: None })
            }
            Some(&[epoch, asked, top, floor, score, last]) => {
                // A negative score is written as the 32 bits that it is.
                let score = document(score)?.cast_signed();
                let within = Within { floor: document(floor)?, score, document: document(last)? };
                Ok(Cursor { epoch, asked: Timestamp(asked), top: document(top)?, within: Some(within) })
            }
            _ => Err(SearchError::Cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let within = Within { floor: 3, score: -17, document: u32::MAX };
        for within in [None, Some(within), Some(Within { score: i32::MIN, ..within })] {
            let cursor = Cursor { epoch: u64::MAX, asked: Timestamp(5), top: 9, within };
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "1.2", "1.2.x", "1.2.100000000", "1.2.3.4", "1.2.3.4.5.6.7", "..", "-1.2.3"] {
            assert!(matches!(text.parse::<Cursor>(), Err(SearchError::Cursor)), "{text}");
        }
    }
}
