//! Sweeping away the octets of files that were never put whole, by nodes that ended meanwhile and did not come back.

use std::collections::{BTreeMap, BTreeSet};

use async_nats::jetstream::stream::Stream;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::StreamExt;
use parlor_chat::Trouble;

use super::SharedFiles;
use crate::reach::waiting;

/// Octets that belong to no file, as they were found: in how many pieces they stand where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers(BTreeMap<String, usize>);

impl SharedFiles {
    /// Erases the octets of no file that are as they were `before`, and returns those that are not. Who calls it again
    /// after a time in which any piece would have been put, or given up, removes nothing that somebody is still putting.
    ///
    /// # Errors
    ///
    /// [`Trouble::Unreachable`] if something may be left.
    pub fn sweep(&self, before: &Leftovers) -> Result<Leftovers, Trouble> {
        let stream = self.stream()?;
        let [about, octets] = ["M", "C"].map(|kind| format!("$O.{}.{kind}.", self.space.files_bucket()));
        let names = self.subjects(&stream, &about)?;
        let names: BTreeSet<Vec<u8>> = names.keys().filter_map(|name| URL_SAFE.decode(name).ok()).collect();
        let mut left = self.subjects(&stream, &octets)?;
        let name = |number: &str| number.split('.').next().unwrap_or_default().as_bytes().to_vec();
        left.retain(|number, _| !names.contains(&name(number)));
        let is_as_before = |(number, count): &(&String, &usize)| before.0.get(*number) == Some(count);
        let dead: Vec<String> = left.iter().filter(is_as_before).map(|(number, _)| number.clone()).collect();
        for number in dead {
            self.erase_all(&stream, &format!("{octets}{number}"))?;
            left.remove(&number);
        }
        Ok(Leftovers(left))
    }

    /// What stands behind the beginning of subjects, and in how many messages.
    fn subjects(&self, stream: &Stream<()>, beginning: &str) -> Result<BTreeMap<String, usize>, Trouble> {
        self.connection.wait(async {
            self.is_reached()?;
            let mut subjects = stream.info_with_subjects(format!("{beginning}>")).await.map_err(waiting)?;
            let mut found = BTreeMap::new();
            while let Some(subject) = subjects.next().await {
                let (subject, count) = subject.map_err(waiting)?;
                found.extend(subject.strip_prefix(beginning).map(|rest| (rest.to_owned(), count)));
            }
            Ok(found)
        })
    }
}
