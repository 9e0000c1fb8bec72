//! What can be said behind a command.

use super::peer::Peer;

#[derive(Clone, Debug)]
pub struct Options {
    /// A few seconds in all, to see that it works; the figures mean little.
    pub quick: bool,
    /// The tables and plots in docs/ are made anew.
    pub write: bool,
    /// How often everybody has a turn.
    pub rounds: Option<usize>,
    /// Who takes part, beside the floors.
    pub peers: Vec<Peer>,
    /// Only this many subscribers.
    pub subscribers: Option<usize>,
}

pub const USAGE: &str = "\
    --quick           seconds instead of minutes, to see that it works; the figures mean little
    --peers A,B,…     only these beside the floors: names as in the tables, or `ours`
    --rounds N        how often everybody has a turn
    --subscribers N   only rooms of this size
    --write           makes the tables and plots in docs/ anew";

impl Options {
    /// `None` where something cannot be understood.
    pub fn parse(mut arguments: &[&str]) -> Option<Options> {
        let peers = Peer::all().into_iter().filter(|peer| !peer.is_floor()).collect();
        let mut options = Options { quick: false, write: false, rounds: None, peers, subscribers: None };
        while let Some((first, mut rest)) = arguments.split_first() {
            match *first {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                "--peers" => options.peers = parse_peers(take(&mut rest)?)?,
                "--rounds" => {
                    options.rounds = Some(take(&mut rest)?.parse().ok().filter(|rounds| *rounds > 0)?)
                }
                "--subscribers" => options.subscribers = Some(take(&mut rest)?.parse().ok()?),
                _ => return None,
            }
            arguments = rest;
        }
        Some(options)
    }

    /// How often everybody has a turn: so often, unless it was said.
    pub fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { usual })
    }

    /// Those that take part and the floors.
    pub fn with_floors(&self, floors: &[Peer]) -> Vec<Peer> {
        self.peers.iter().chain(floors).copied().collect()
    }
}

fn take<'a>(rest: &mut &[&'a str]) -> Option<&'a str> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

fn parse_peers(names: &str) -> Option<Vec<Peer>> {
    let mut peers = Vec::new();
    for name in names.split(',') {
        match name {
            "ours" => peers.extend(Peer::ours()),
            name => peers.push(Peer::from_name(name).filter(|peer| !peer.is_floor())?),
        }
    }
    Some(peers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let options = Options::parse(&["--quick", "--peers", "ours,axum", "--rounds", "7"]).unwrap();
        assert!(options.quick && !options.write);
        assert_eq!(options.peers.len(), Peer::ours().len() + 1);
        assert_eq!(options.rounds(3), 7);
    }

    #[test]
    fn what_cannot_be_understood_is_not_guessed() {
        for arguments in [&["--quik"][..], &["--rounds"], &["--rounds", "0"], &["--peers", "nobody"]] {
            assert!(Options::parse(arguments).is_none(), "{arguments:?}");
        }
    }
}
