//! What nodes tell each other beside the log, as octets.

use super::Foreign;
use super::octets::{Reader, Watch, put_count, put_number, put_watches};
use super::part::Part;
use super::spent::Spent;
use crate::decisions::Block;

/// The form of the messages. Who hears another one passes it over.
const FORM: u8 = 1;
/// Octets of a message at most; longer ones are not looked at.
const LONGEST: usize = 64 << 10;

/// One life of a node: from a start of its process to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life {
    /// Which node it is: the same whenever it starts again.
    pub(super) node: u64,
    /// Later lives have higher numbers.
    pub(super) start: u64,
}

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) from: Life,
    pub(super) what: What,
}

/// What there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// It lives, and has told so many changes.
    Beat { number: u64, version: u64 },
    /// What has changed, after one change less.
    Change { version: u64, left: Vec<Watch>, came: Part },
    /// A piece of everything that is so after so many changes.
    Piece { version: u64, index: u32, pieces: u32, part: Part },
    /// It wants to know everything of a node, or of all.
    Ask { of: Option<Life> },
    /// These are writing.
    Writing { watches: Vec<Watch> },
    /// It ends, and its people will be elsewhere soon.
    Goodbye,
    /// So much was spent there since it said so last, by the number of the message.
    Spent { number: u64, spent: Vec<Spent> },
    /// What it has decided, as hashes.
    Decided { hashes: Vec<(Block, u64)> },
}

impl Message {
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut to = vec![FORM];
        let mut head = |kind: u8, numbers: &[u64]| {
            to.push(kind);
            [self.from.node, self.from.start].iter().chain(numbers).for_each(|n| put_number(*n, &mut to));
        };
        match &self.what {
            What::Beat { number, version } => head(1, &[*number, *version]),
            What::Change { version, left, came } => {
                head(2, &[*version]);
                put_watches(left, &mut to);
                came.put(&mut to);
            }
            What::Piece { version, index, pieces, part } => {
                head(3, &[*version, u64::from(*index), u64::from(*pieces)]);
                part.put(&mut to);
            }
            What::Ask { of: None } => head(4, &[]),
            What::Ask { of: Some(life) } => head(5, &[life.node, life.start]),
            What::Writing { watches } => {
                head(6, &[]);
                put_watches(watches, &mut to);
            }
            What::Goodbye => head(7, &[]),
            What::Spent { number, spent } => {
                head(8, &[*number]);
                Spent::put_all(spent, &mut to);
            }
            What::Decided { hashes } => {
                head(9, &[]);
                put_count(hashes.len(), &mut to);
                for (Block(block), hash) in hashes {
                    put_number(*block, &mut to);
                    put_number(*hash, &mut to);
                }
            }
        }
        to
    }

    pub(super) fn read(octets: &[u8]) -> Result<Self, Foreign> {
        if octets.len() > LONGEST {
            return Err(Foreign);
        }
        let mut from = Reader(octets);
        if from.octet()? != FORM {
            return Err(Foreign);
        }
        let kind = from.octet()?;
        let life = read_life(&mut from)?;
        let small = |number: u64| u32::try_from(number).map_err(|_| Foreign);
        let what = match kind {
            1 => What::Beat { number: from.number()?, version: from.number()? },
            2 => {
                What::Change { version: from.number()?, left: from.watches()?, came: Part::read(&mut from)? }
            }
            3 => What::Piece {
                version: from.number()?,
                index: small(from.number()?)?,
                pieces: small(from.number()?)?,
                part: Part::read(&mut from)?,
            },
            4 => What::Ask { of: None },
            5 => What::Ask { of: Some(read_life(&mut from)?) },
            6 => What::Writing { watches: from.watches()? },
            7 => What::Goodbye,
            8 => What::Spent { number: from.number()?, spent: Spent::read_all(&mut from)? },
            9 => What::Decided { hashes: read_hashes(&mut from)? },
            _ => return Err(Foreign),
        };
        if from.0.is_empty() { Ok(Message { from: life, what }) } else { Err(Foreign) }
    }
}

fn read_hashes(from: &mut Reader<'_>) -> Result<Vec<(Block, u64)>, Foreign> {
    (0..from.count(16)?).map(|_| Ok((Block(from.number()?), from.number()?))).collect()
}

fn read_life(from: &mut Reader<'_>) -> Result<Life, Foreign> {
    Ok(Life { node: from.number()?, start: from.number()? })
}

#[cfg(test)]
mod tests {
    use parlor_chat::{PersonId, RoomId};
    use proptest::prelude::*;

    use super::*;

    fn watches() -> impl Strategy<Value = Vec<Watch>> {
        let watch = (0..4_u64, any::<u64>()).prop_map(|(room, person)| (RoomId(room), PersonId(person)));
        proptest::collection::vec(watch, 0..20)
    }

    fn part() -> impl Strategy<Value = Part> {
        let guests = proptest::collection::vec((any::<u64>().prop_map(PersonId), "\\PC{0,32}"), 0..5);
        (watches(), guests).prop_map(|(watches, guests)| Part { watches, guests })
    }

    fn spent() -> impl Strategy<Value = Vec<Spent>> {
        let one = any::<(u8, u64, i32)>().prop_map(|(purse, key, count)| Spent { purse, key, count });
        proptest::collection::vec(one, 0..20)
    }

    fn hashes() -> impl Strategy<Value = Vec<(Block, u64)>> {
        proptest::collection::vec((any::<u64>().prop_map(Block), any::<u64>()), 0..20)
    }

    fn life() -> impl Strategy<Value = Life> {
        (any::<u64>(), any::<u64>()).prop_map(|(node, start)| Life { node, start })
    }

    fn what() -> impl Strategy<Value = What> {
        prop_oneof![
            (any::<u64>(), any::<u64>()).prop_map(|(number, version)| What::Beat { number, version }),
            (any::<u64>(), watches(), part()).prop_map(|(version, left, came)| What::Change {
                version,
                left,
                came
            }),
            (any::<u64>(), any::<u32>(), any::<u32>(), part())
                .prop_map(|(version, index, pieces, part)| What::Piece { version, index, pieces, part }),
            proptest::option::of(life()).prop_map(|of| What::Ask { of }),
            watches().prop_map(|watches| What::Writing { watches }),
            Just(What::Goodbye),
            (any::<u64>(), spent()).prop_map(|(number, spent)| What::Spent { number, spent }),
            hashes().prop_map(|hashes| What::Decided { hashes }),
        ]
    }

    #[test]
    fn what_a_node_has_decided_goes_into_a_message_of_some_kilobytes_however_much_it_is() {
        let decisions = crate::Decisions::default();
        decisions.add(&crate::decisions::outcomes(1..=30_000));
        let from = Life { node: 1, start: 1 };
        let message = Message { from, what: What::Decided { hashes: decisions.take() } };
        assert_eq!(message.to_octets().len(), 1 + 1 + 16 + 4 + 256 * 16);
    }

    proptest! {
        #[test]
        fn any_message_comes_back_and_a_part_of_it_is_none(from in life(), what in what(), at: prop::sample::Index) {
            let message = Message { from, what };
            let octets = message.to_octets();
            prop_assert_eq!(Message::read(&octets), Ok(message));
            prop_assert_eq!(Message::read(&octets[..at.index(octets.len())]), Err(Foreign));
            prop_assert_eq!(Message::read(&[&octets[..], &[0]].concat()), Err(Foreign));
        }

        #[test]
        fn any_octets_are_read_without_harm(mut octets: Vec<u8>, kind in 0..11_u8) {
            if let [form, second, ..] = &mut octets[..] {
                (*form, *second) = (FORM, kind);
            }
            if let Ok(message) = Message::read(&octets) {
                prop_assert_eq!(Message::read(&message.to_octets()), Ok(message));
            }
        }
    }

    #[test]
    fn another_form_and_what_is_too_long_is_passed_over() {
        let from = Life { node: 1, start: 2 };
        let mut octets = Message { from, what: What::Goodbye }.to_octets();
        octets[0] = FORM + 1;
        assert_eq!(Message::read(&octets), Err(Foreign));
        let watches = (0..9_000).map(|person| (RoomId(1), PersonId(person))).collect();
        let octets = Message { from, what: What::Writing { watches } }.to_octets();
        assert_eq!(Message::read(&octets), Err(Foreign));
    }
}
