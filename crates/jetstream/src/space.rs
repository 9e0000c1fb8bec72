//! What a space is called on the servers: its stream, its subjects.

use parlor_chat::Trouble;

use crate::layout::StreamSequence;
use crate::reach::unusable;

/// Characters of a space's name at most.
const LONGEST: usize = 32;

/// A space, by the name that its streams and subjects have in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Space(String);

impl Space {
    pub(crate) fn new(name: &str) -> Result<Self, Trouble> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.len() > LONGEST || !name.bytes().all(is_allowed) {
            return Err(unusable(format!(
                "a space has a name of 1 to {LONGEST} of a-z, 0-9, - and _, unlike `{name}`"
            )));
        }
        Ok(Space(name.into()))
    }

    /// The stream that is the log.
    pub(crate) fn stream(&self) -> String {
        format!("parlor-{}", self.0)
    }

    /// All subjects of the log.
    pub(crate) fn subjects(&self) -> String {
        format!("parlor.{}.log.*", self.0)
    }

    /// Where a proposal is published.
    pub(crate) fn proposal(&self) -> String {
        format!("parlor.{}.log.proposal", self.0)
    }

    /// Where several proposals are published in one message.
    pub(crate) fn proposals_together(&self) -> String {
        format!("parlor.{}.log.proposals", self.0)
    }

    /// Where an entry is published that was settled elsewhere.
    pub(crate) fn entry(&self) -> String {
        format!("parlor.{}.log.entry", self.0)
    }

    /// Where several such entries are published in one message.
    pub(crate) fn entries_together(&self) -> String {
        format!("parlor.{}.log.entries", self.0)
    }

    /// The stream of settled entries.
    pub(crate) fn settled_stream(&self) -> String {
        format!("parlor-{}-SETTLED", self.0)
    }

    /// All subjects of settled entries.
    pub(crate) fn settled_subjects(&self) -> String {
        format!("parlor.{}.settled.*", self.0)
    }

    /// Where the settled entries of a message are published.
    pub(crate) fn settled(&self, sequence: StreamSequence) -> String {
        format!("parlor.{}.settled.{sequence}", self.0)
    }

    /// The stream of what all nodes have alike.
    pub(crate) fn alike_stream(&self) -> String {
        format!("parlor-{}-ALIKE", self.0)
    }

    /// All subjects of what nodes have alike.
    pub(crate) fn alike_subjects(&self) -> String {
        format!("parlor.{}.alike.*", self.0)
    }

    /// Where something is that all nodes have alike.
    pub(crate) fn alike(&self, name: &str) -> String {
        format!("parlor.{}.alike.{name}", self.0)
    }

    /// Where nodes tell each other what is not kept.
    pub(crate) fn beside(&self) -> String {
        format!("parlor.{}.beside", self.0)
    }

    /// The object store of snapshots.
    pub(crate) fn bucket(&self) -> String {
        format!("parlor-{}", self.0)
    }

    /// The object store of files.
    pub(crate) fn files_bucket(&self) -> String {
        format!("parlor-{}-FILES", self.0)
    }

    /// The stream that this is.
    pub(crate) fn files_stream(&self) -> String {
        format!("OBJ_{}", self.files_bucket())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_character_that_means_something_in_a_subject() {
        assert!(Space::new("main-2_x").is_ok());
        assert!(Space::new(&"x".repeat(LONGEST)).is_ok());
        for name in ["", "a.b", "*", ">", "a b", "Main", "é", &"x".repeat(LONGEST + 1)] {
            assert!(Space::new(name).is_err(), "{name}");
        }
    }
}
