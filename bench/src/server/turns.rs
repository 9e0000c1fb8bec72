//! Everybody has a turn in every round, so that a noisy machine is noisy for all; ratios are taken within a round.

use crate::rounds::Spread;

use super::peer::Peer;

/// What came of each peer in each round; nothing where it failed.
pub struct Turns<T> {
    pub peers: Vec<Peer>,
    outcomes: Vec<Vec<Option<T>>>,
    /// What went wrong, once for each peer.
    pub problems: Vec<(Peer, String)>,
}

impl<T> Turns<T> {
    /// Lets everybody have a turn as often as there are rounds. Nobody always comes first.
    pub fn take<E: std::fmt::Display>(
        peers: Vec<Peer>,
        rounds: usize,
        mut turn: impl FnMut(Peer) -> Result<T, E>,
    ) -> Turns<T> {
        let outcomes = peers.iter().map(|_| Vec::new()).collect();
        let mut turns = Turns { peers, outcomes, problems: Vec::new() };
        for round in 0..rounds {
            for step in 0..turns.peers.len() {
                let at = (round + step) % turns.peers.len();
                let peer = turns.peers[at];
                let outcome = turn(peer);
                if let Err(error) = &outcome
                    && !turns.problems.iter().any(|(known, _)| *known == peer)
                {
                    turns.problems.push((peer, error.to_string()));
                }
                turns.outcomes[at].push(outcome.ok());
            }
        }
        turns
    }

    /// The middle and the range over the rounds.
    pub fn spread(&self, peer: Peer, value: impl Fn(&T) -> f64) -> Option<Spread> {
        spread(self.outcomes(peer)?.iter().flatten().map(value))
    }

    /// One peer's value as a multiple of another's in the same round: the middle and the range.
    pub fn ratio(&self, peer: Peer, base: Peer, value: impl Fn(&T) -> f64) -> Option<Spread> {
        self.compare(peer, base, |one, other| value(one) / value(other))
    }

    /// Something about two peers in the same round: the middle and the range.
    pub fn compare(&self, peer: Peer, base: Peer, compare: impl Fn(&T, &T) -> f64) -> Option<Spread> {
        let pairs = self.outcomes(peer)?.iter().zip(self.outcomes(base)?);
        spread(pairs.filter_map(|(one, other)| Some(compare(one.as_ref()?, other.as_ref()?))))
    }

    /// What went wrong with ours and the floors, for which it must not.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.problems.iter().filter(|(peer, _)| peer.is_ours() || peer.is_floor());
        failed.map(|(peer, problem)| format!("{peer}: {problem}")).collect()
    }

    /// All problems, for the reader.
    pub fn remarks(&self) -> String {
        let remark = |(peer, problem): &(Peer, String)| format!("{peer} failed at least once: {problem}.\n");
        self.problems.iter().map(remark).collect()
    }

    fn outcomes(&self, peer: Peer) -> Option<&[Option<T>]> {
        let at = self.peers.iter().position(|other| *other == peer)?;
        Some(&self.outcomes[at])
    }
}

fn spread(numbers: impl Iterator<Item = f64>) -> Option<Spread> {
    let numbers: Vec<f64> = numbers.collect();
    (!numbers.is_empty()).then(|| Spread::of(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut speed = 1.0;
        let turns = Turns::take(vec![Peer::Axum, Peer::FloorEach], 4, |peer| {
            speed *= 2.0;
            // The machine's pace changes with every turn, and one turn fails.
            if speed == 16.0 { Err("a reason") } else { Ok(if peer == Peer::Axum { 3.0 } else { 6.0 }) }
        });
        let ratio = turns.ratio(Peer::Axum, Peer::FloorEach, |value| *value).unwrap();
        assert_eq!((ratio.least, ratio.median, ratio.most), (0.5, 0.5, 0.5));
        assert_eq!(turns.problems.len(), 1);
        assert!(turns.spread(Peer::Yawc, |value| *value).is_none());
    }
}
