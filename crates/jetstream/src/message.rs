//! What stands at a place of the stream: a proposal, or an entry that was settled elsewhere.

use async_nats::Subject;
use bytes::Bytes;
use parlor_chat::{Entry, Position, Proposal, Trouble};

use crate::space::Space;

/// A message as it came, before it is read.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) position: Position,
    /// The number of what was proposed here.
    pub(crate) own: Option<u64>,
    pub(crate) subject: Subject,
    pub(crate) payload: Bytes,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// To be decided at its place.
    Proposal(Proposal),
    /// Decided already.
    Entry(Entry),
}

impl Delivered {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Every node reads the same, so none may pass over what it does not understand.
    pub(crate) fn read(&self, space: &Space) -> Result<Said, Trouble> {
        let foreign = || Trouble::Corrupt(format!("message {} of the stream is none of ours", self.position));
        if *self.subject == space.proposals() {
            return Ok(Said::Proposal(Proposal::from_octets(&self.payload)?));
        }
        if *self.subject != space.entries() {
            return Err(foreign());
        }
        let entry = Entry::from_octets(&self.payload)?;
        if entry.position != self.position {
            let what = format!("message {} of the stream is entry {}", self.position, entry.position);
            return Err(Trouble::Corrupt(what));
        }
        Ok(Said::Entry(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_chat::{Refusal, Verdict};

    #[test]
    fn a_message_is_read_by_its_subject() {
        let space = Space::new("main").unwrap();
        let delivered = |subject: String, payload: Vec<u8>| Delivered {
            position: Position(7),
            own: None,
            subject: subject.into(),
            payload: payload.into(),
        };
        let proposal = Proposal::default();
        let message = delivered(space.proposals(), proposal.to_octets());
        assert_eq!(message.read(&space), Ok(Said::Proposal(proposal)));

        let entry = |position| Entry {
            position: Position(position),
            fingerprint: None,
            verdict: Verdict::Refused(Refusal::UnknownPerson),
            event: None,
        };
        assert_eq!(delivered(space.entries(), entry(7).to_octets()).read(&space), Ok(Said::Entry(entry(7))));
        for wrong in [
            delivered(space.entries(), entry(8).to_octets()),
            delivered(space.proposals(), Vec::new()),
            delivered("parlor.main.log.other".into(), Vec::new()),
        ] {
            assert!(matches!(wrong.read(&space), Err(Trouble::Corrupt(_))), "{wrong:?}");
        }
    }
}
