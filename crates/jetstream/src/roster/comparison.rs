//! Whether other nodes have decided as this one: what each says of blocks of places is compared once both have come so far.

use std::collections::BTreeMap;

use super::message::{Life, What};
use super::{Heard, Roster};
use crate::decisions::Block;

/// Blocks of this node's own that are known at most: what others say of older ones is not compared.
const OWN: usize = 1_024;
/// What others said at most of blocks that this node has not come to.
const OTHERS: usize = 16_384;

/// What is known of decisions.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    own: BTreeMap<Block, u64>,
    others: BTreeMap<(Block, Life), u64>,
    /// How often both sides were known.
    pub(super) count: u64,
}

impl Comparison {
    /// What this node has decided; returns who has decided otherwise.
    pub(super) fn own(&mut self, block: Block, hash: u64) -> Vec<Life> {
        self.own.insert(block, hash);
        while self.own.len() > OWN {
            self.own.pop_first();
        }
        let later = self.others.split_off(&(Block(block.0 + 1), Life { node: 0, start: 0 }));
        let said = std::mem::replace(&mut self.others, later).into_iter();
        let said: Vec<(Life, u64)> =
            said.filter(|((of, _), _)| *of == block).map(|((_, life), said)| (life, said)).collect();
        self.count += said.len() as u64;
        said.into_iter().filter(|(_, said)| *said != hash).map(|(life, _)| life).collect()
    }

    /// What another node has decided; returns whether it differs from what is known here.
    pub(super) fn other(&mut self, from: Life, block: Block, hash: u64) -> bool {
        if let Some(own) = self.own.get(&block) {
            self.count += 1;
            return *own != hash;
        }
        if self.own.last_key_value().is_none_or(|(last, _)| *last < block) {
            self.others.insert((block, from), hash);
            while self.others.len() > OTHERS {
                // What comes next here is compared first.
                self.others.pop_last();
            }
        }
        false
    }
}

impl Roster {
    /// What has been decided here since this was called last.
    pub fn decided(&mut self, hashes: Vec<(Block, u64)>) {
        for (block, hash) in &hashes {
            for life in self.comparison.own(*block, *hash) {
                self.differs(life, *block);
            }
        }
        if !hashes.is_empty() {
            self.say(What::Decided { hashes });
        }
    }

    /// How many other nodes have decided otherwise than this one.
    pub fn differing(&self) -> usize {
        self.peers.values().filter(|peer| peer.differs && !peer.has_left).count()
    }

    /// How often what another node has decided was compared with what this one has: once for each block and node.
    pub fn compared(&self) -> u64 {
        self.comparison.count
    }

    pub(super) fn differs(&mut self, life: Life, block: Block) {
        if let Some(peer) = self.peers.get_mut(&life).filter(|peer| !peer.differs) {
            peer.differs = true;
            self.heard.push_back(Heard::Differs { node: life.node, block });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Life = Life { node: 1, start: 1 };
    const OTHER: Life = Life { node: 2, start: 1 };

    #[test]
    fn whoever_comes_first_what_differs_is_seen_and_nothing_else() {
        let mut comparison = Comparison::default();
        assert!(!comparison.other(ONE, Block(5), 7) && !comparison.other(OTHER, Block(5), 8));
        assert!(!comparison.other(ONE, Block(3), 7), "this node may have begun behind it");
        assert_eq!(comparison.own(Block(4), 1), []);
        assert_eq!(comparison.own(Block(5), 7), [OTHER]);
        assert!(!comparison.other(ONE, Block(4), 1) && comparison.other(ONE, Block(4), 2));
        assert!(!comparison.other(ONE, Block(3), 9), "it is not known here");
        assert!(comparison.others.is_empty());
        assert_eq!(comparison.count, 4, "two of the block 5, two of the block 4");
    }

    #[test]
    fn what_is_known_is_bounded() {
        let mut comparison = Comparison::default();
        (0..2 * OTHERS as u64).for_each(|block| _ = comparison.other(ONE, Block(block), 1));
        assert_eq!(comparison.others.len(), OTHERS);
        assert_eq!(comparison.own(Block(0), 2), [ONE]);
        (1..2 * OWN as u64).for_each(|block| _ = comparison.own(Block(block), 1));
        assert_eq!(comparison.own.len(), OWN);
    }
}
