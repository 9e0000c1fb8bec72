//! Which files there are: what came since a place, so that a node asks for each of them once.

use async_nats::jetstream::stream::Stream;
use futures_util::future::try_join_all;
use parlor_chat::Trouble;

use super::{SharedFiles, next, read};
use crate::reach::waiting;

/// Files are looked for in so many parts of the stream at the same time.
const AT_ONCE: u64 = 16;
/// Messages of the stream that are not worth a part of their own.
const FEW: u64 = 1_000;

/// Files that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// What each is called, and what was said about it when it was put. One may stand here more than once.
    pub files: Vec<(String, String)>,
    /// Up to there the stream was looked at.
    pub up_to: u64,
    /// Whether these are all, and not only those that came later.
    pub is_all: bool,
}

impl SharedFiles {
    /// The files that came after a place in their stream, or all of them if that ends before it, because it was made anew.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] while the servers do not say it.
    pub fn list(&self, after: u64) -> Result<Listed, Trouble> {
        self.is_reached()?;
        let name = self.space.files_stream();
        let stream = self.connection.wait(self.connection.asking.get_stream(name)).map_err(waiting)?;
        let state = &stream.cached_info().state;
        let after = if state.last_sequence < after { 0 } else { after };
        let (first, last) = (state.first_sequence.max(after + 1), state.last_sequence);
        let stream = self.stream()?;
        let subjects = format!("$O.{}.M.>", self.space.files_bucket());
        let parts = parts(first, last);
        let found = parts.iter().map(|(from, to)| part(&stream, &subjects, *from, *to));
        let found = self.connection.wait(try_join_all(found))?;
        Ok(Listed { files: found.concat(), up_to: last, is_all: after == 0 })
    }
}

/// The files of a part of the stream.
async fn part(
    stream: &Stream<()>,
    subjects: &str,
    mut from: u64,
    to: u64,
) -> Result<Vec<(String, String)>, Trouble> {
    let mut files = Vec::new();
    while from <= to {
        let Some(message) = next(stream, subjects, from).await? else { break };
        if message.sequence > to {
            break;
        }
        from = message.sequence + 1;
        let info = read(&message)?;
        if !info.deleted {
            files.push((info.name, info.description.unwrap_or_default()));
        }
    }
    Ok(files)
}

/// Cuts a stretch of the stream into parts.
fn parts(first: u64, last: u64) -> Vec<(u64, u64)> {
    if first > last {
        return Vec::new();
    }
    let each = (last - first + 1).div_ceil(AT_ONCE).max(FEW);
    let begins = (0..AT_ONCE).map(|part| first + part * each).take_while(|from| *from <= last);
    begins.map(|from| (from, (from + each - 1).min(last))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_stretch_are_all_of_it_and_few() {
        assert!(parts(1, 0).is_empty());
        for (first, last) in [(1, 1), (7, 7 + FEW), (1, FEW * AT_ONCE), (3, 1_000_003), (5, 16_000_021)] {
            let parts = parts(first, last);
            assert!(parts.len() <= 16, "{parts:?}");
            assert_eq!((parts[0].0, parts[parts.len() - 1].1), (first, last), "{parts:?}");
            assert!(parts.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{parts:?}");
            assert!(parts.iter().all(|(from, to)| from <= to), "{parts:?}");
        }
        assert_eq!(parts(1, FEW).len(), 1);
    }
}
