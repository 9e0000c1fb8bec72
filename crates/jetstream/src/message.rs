//! What stands in a message of the stream: proposals, or entries that were settled elsewhere; one or several.

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::{HeaderMap, Subject};
use bytes::Bytes;
use parlor_chat::{Entry, Position, Proposal, Trouble};

use crate::layout::StreamSequence;
use crate::pieces;
use crate::space::Space;

/// What stands in one message at most.
pub(crate) const TOGETHER: usize = 256;
/// Octets of several in one message at most. One alone may have more.
pub(crate) const OCTETS: usize = 64 * 1024;
/// Octets of a number.
const NUMBER: usize = 8;

/// A message as it came, before it is read.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) sequence: StreamSequence,
    /// How many places it holds.
    pub(crate) count: usize,
    /// The numbers of what was proposed here, for each place; nothing if it was not.
    pub(crate) own: Vec<u64>,
    pub(crate) subject: Subject,
    pub(crate) payload: Bytes,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// To be decided at their places.
    Proposals(Vec<Proposal>),
    /// Decided already.
    Entries(Vec<Entry>),
}

impl Delivered {
    /// A message of the stream. What was proposed under this name is known again.
    pub(crate) fn new(
        (space, name): (&Space, &str),
        sequence: StreamSequence,
        headers: Option<&HeaderMap>,
        (subject, payload): (Subject, Bytes),
    ) -> Self {
        let (is_proposals, is_entries) =
            (*subject == space.proposals_together(), *subject == space.entries_together());
        let number = own_number(name, headers);
        let (count, own) = if is_proposals || is_entries {
            let pieces = pieces::split(&payload).unwrap_or_default();
            let numbers = number
                .filter(|_| is_proposals)
                .map(|_| pieces.iter().filter_map(|piece| Some(numbered(piece)?.0)));
            (pieces.len(), numbers.into_iter().flatten().collect())
        } else {
            (1, number.into_iter().collect())
        };
        Delivered { sequence, count, own, subject, payload }
    }

    /// Reads it; its places come behind one.
    ///
    /// # Errors
    ///
    /// Every node reads the same, so none may pass over what it does not understand.
    pub(crate) fn read(&self, space: &Space, after: Position) -> Result<Said, Trouble> {
        let subject = self.subject.as_str();
        if subject == space.proposal() {
            return Ok(Said::Proposals(vec![Proposal::from_octets(&self.payload)?]));
        }
        if subject == space.entry() {
            return Ok(Said::Entries(self.entries(&[&self.payload], after)?));
        }
        let foreign = || {
            Trouble::Corrupt(format!(
                "message {} of the stream is none that this version of parlor understands",
                self.sequence
            ))
        };
        let pieces = pieces::split(&self.payload).ok_or_else(foreign)?;
        if subject == space.proposals_together() {
            let read = |piece: &&[u8]| Ok(Proposal::from_octets(numbered(piece).ok_or_else(foreign)?.1)?);
            return Ok(Said::Proposals(pieces.iter().map(read).collect::<Result<_, Trouble>>()?));
        }
        if subject == space.entries_together() {
            return Ok(Said::Entries(self.entries(&pieces, after)?));
        }
        Err(foreign())
    }

    fn entries(&self, pieces: &[&[u8]], mut after: Position) -> Result<Vec<Entry>, Trouble> {
        let mut entries = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let entry = Entry::from_octets(piece)?;
            after = after.next();
            if entry.position != after {
                return Err(Trouble::Corrupt(format!(
                    "message {} of the stream has entry {} at {after}",
                    self.sequence, entry.position
                )));
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}

fn numbered(piece: &[u8]) -> Option<(u64, &[u8])> {
    let (number, proposal) = piece.split_first_chunk::<NUMBER>()?;
    Some((u64::from_be_bytes(*number), proposal))
}

/// What the servers know a message by that was published under a name: the number of the first proposal in it.
pub(crate) fn id(name: &str, number: u64) -> String {
    format!("{name}-{number}")
}

/// The number of a message's first proposal, if it was published under this name.
fn own_number(name: &str, headers: Option<&HeaderMap>) -> Option<u64> {
    number(name, headers?.get(NATS_MESSAGE_ID)?.as_str())
}

fn number(name: &str, id: &str) -> Option<u64> {
    id.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

/// What is published of proposals, each with its number in its own node, and where.
pub(crate) fn of_proposals(space: &Space, proposals: &[(u64, Bytes)]) -> (String, Bytes) {
    if let [(_, proposal)] = proposals {
        return (space.proposal(), proposal.clone());
    }
    let mut payload = Vec::new();
    for (number, proposal) in proposals {
        pieces::put(&mut payload, |to| {
            to.extend(number.to_be_bytes());
            to.extend_from_slice(proposal);
        });
    }
    (space.proposals_together(), payload.into())
}

/// What is published of entries, and where.
pub(crate) fn of_entries(space: &Space, entries: &[Entry]) -> (String, Bytes) {
    if let [entry] = entries {
        return (space.entry(), entry.to_octets().into());
    }
    (space.entries_together(), octets_of(entries).into())
}

/// Entries as they go into messages, some together.
pub(crate) fn together(mut entries: &[Entry]) -> Vec<&[Entry]> {
    let mut messages = Vec::new();
    while !entries.is_empty() {
        let mut octets = 0;
        let fitting = entries.iter().take(TOGETHER).take_while(|entry| {
            octets += entry.to_octets().len();
            octets <= OCTETS
        });
        let (message, rest) = entries.split_at(fitting.count().max(1));
        messages.push(message);
        entries = rest;
    }
    messages
}

/// Several entries in a row.
pub(crate) fn octets_of(entries: &[Entry]) -> Vec<u8> {
    let mut octets = Vec::new();
    entries.iter().for_each(|entry| pieces::put(&mut octets, |to| to.extend(entry.to_octets())));
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_chat::{PersonId, Refusal, Verdict};

    fn space() -> Space {
        Space::new("main").unwrap()
    }

    fn delivered((subject, payload): (String, Bytes), id: &str) -> Delivered {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id);
        Delivered::new((&space(), "ab"), StreamSequence(7), Some(&headers), (subject.into(), payload))
    }

    fn entry(position: u64) -> Entry {
        let verdict = Verdict::Refused(Refusal::UnknownPerson);
        Entry { position: Position(position), fingerprint: None, verdict, event: None }
    }

    #[test]
    fn proposals_are_read_as_they_were_published_and_known_again_by_their_own_node() {
        let proposal = |by| Proposal { by: PersonId(by), ..Proposal::default() };
        for numbers in [vec![5], vec![5, 9, 6]] {
            let proposals: Vec<Proposal> = numbers.iter().copied().map(proposal).collect();
            let numbered =
                numbers.iter().zip(&proposals).map(|(number, said)| (*number, said.to_octets().into()));
            let published = of_proposals(&space(), &numbered.collect::<Vec<_>>());
            let own = delivered(published.clone(), "ab-5");
            assert_eq!((own.count, &own.own), (numbers.len(), &numbers));
            assert_eq!(own.read(&space(), Position(3)), Ok(Said::Proposals(proposals.clone())));
            let others = delivered(published, "cd-5");
            assert_eq!((others.count, others.own.len()), (numbers.len(), 0));
        }
    }

    #[test]
    fn entries_are_read_where_they_belong_and_nowhere_else() {
        for count in [1, 3] {
            let entries: Vec<Entry> = (4..4 + count).map(entry).collect();
            let message = delivered(of_entries(&space(), &entries), "ab-5");
            assert_eq!(message.count, entries.len());
            assert_eq!(message.read(&space(), Position(3)), Ok(Said::Entries(entries)));
            assert!(matches!(message.read(&space(), Position(4)), Err(Trouble::Corrupt(_))));
        }
    }

    #[test]
    fn entries_go_together_up_to_a_number_and_to_octets() {
        use parlor_chat::{Event, Timestamp, What};

        let of = |octets: usize| {
            let what = What::TopicSet { topic: "x".repeat(octets) };
            let event = Event { position: Position(1), at: Timestamp(1), by: PersonId(1), place: None, what };
            Entry { event: Some(event), ..entry(1) }
        };
        let lengths =
            |entries: &[Entry]| together(entries).into_iter().map(<[Entry]>::len).collect::<Vec<_>>();
        assert!(together(&[]).is_empty());
        assert_eq!(lengths(&vec![of(1); TOGETHER + 1]), [TOGETHER, 1]);
        assert_eq!(
            lengths(&[of(1), of(OCTETS), of(OCTETS / 2), of(OCTETS / 3), of(OCTETS / 3)]),
            [1, 1, 2, 1]
        );
    }

    #[test]
    fn a_proposal_is_known_again_by_its_own_node_alone() {
        assert_eq!(number("ab", &id("ab", 17)), Some(17));
        for other in ["ab", "ab-", "ab-x", "abc-17", "b-17", "17", ""] {
            assert_eq!(number("ab", other), None, "{other}");
        }
    }

    #[test]
    fn what_is_none_of_ours_is_an_error() {
        for (subject, payload) in [
            (space().proposal(), Vec::new()),
            (space().proposals_together(), Vec::new()),
            (space().proposals_together(), vec![0, 0, 0, 3, 1, 2, 3]),
            (space().entries_together(), vec![0, 0, 0, 9]),
            ("parlor.main.log.other".into(), Vec::new()),
        ] {
            let wrong = delivered((subject, payload.into()), "ab-5");
            assert!(matches!(wrong.read(&space(), Position(3)), Err(Trouble::Corrupt(_))), "{wrong:?}");
        }
    }
}
