//! What the check comes to.

use std::fmt;

use super::counts::Counts;
use super::problems::{Kind, Problems};
use super::text::in_milliseconds;

/// The result of a check.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) seed: u64,
    pub(super) counts: Counts,
    pub(super) problems: Problems,
    /// Messages that stand in the rooms at the end.
    pub(super) messages: usize,
    /// Where the data of a server of our own is left, because something is wrong with it.
    pub(super) kept: Option<std::path::PathBuf>,
}

impl Verdict {
    /// Whether the server kept its promise. A check in which nothing was acknowledged shows nothing.
    pub(super) fn is_good(&self) -> bool {
        self.problems.is_empty() && self.counts.acknowledged > 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        let mut row = |name: &str, count: u64| writeln!(f, "{name:<14}{count:>10}");
        row("acknowledged", counts.acknowledged)?;
        for kind in Kind::ALL {
            row(kind.name(), self.problems.count(kind))?;
        }
        for (name, count) in [
            ("messages", u64::try_from(self.messages).unwrap_or(u64::MAX)),
            ("told", counts.told),
            ("reconnects", counts.reconnects),
            ("cut frames", counts.cut_frames),
            ("resends", counts.resends),
            ("try-again", counts.try_again),
            ("too busy", counts.too_busy),
            ("skipped", counts.skipped),
            ("ahead", counts.ahead),
            ("kills", counts.kills),
            ("upgrades", counts.upgrades),
            ("full disks", counts.full_disks),
            ("clocks apart", counts.clocks_apart),
            ("healed", counts.healed),
            ("put back", counts.put_back),
            ("broken off", counts.broken_off),
            ("delayed", counts.delayed),
            ("repeated", counts.repeated),
        ] {
            row(name, count)?;
        }
        for (name, count) in &counts.faults {
            row(name, *count)?;
        }
        writeln!(f, "latency p50   {:>10}", in_milliseconds(counts.latency(500)))?;
        writeln!(f, "latency p99   {:>10}", in_milliseconds(counts.latency(990)))?;
        for example in &self.problems.examples {
            writeln!(f, "  {example}")?;
        }
        if let Some(folder) = &self.kept {
            writeln!(f, "the server's data is left in {}", folder.display())?;
        }
        let verdict = match (self.is_good(), counts.acknowledged) {
            (true, _) => "passed",
            (false, 0) => "failed: nothing was acknowledged",
            (false, _) => "failed",
        };
        write!(f, "{verdict}, seed {}", self.seed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_problem_of_any_kind_fails_and_so_does_a_check_that_saw_nothing() {
        let verdict = |acknowledged, problems| {
            let mut counts = Counts::default();
            (0..acknowledged).for_each(|_| counts.acknowledged(Duration::ZERO));
            Verdict { seed: 5, counts, problems, messages: 0, kept: None }
        };
        assert!(verdict(1, Problems::default()).is_good());
        let nothing = verdict(0, Problems::default());
        assert!(nothing.to_string().ends_with("failed: nothing was acknowledged, seed 5"), "{nothing}");
        for kind in Kind::ALL {
            let mut problems = Problems::default();
            problems.add(kind, || "wish-1-1".into());
            let verdict = verdict(1, problems);
            assert!(!verdict.is_good(), "{kind:?}");
            let text = verdict.to_string();
            assert!(text.contains(&format!("{}: wish-1-1", kind.name())), "{text}");
            assert!(text.lines().any(|line| line.starts_with(kind.name()) && line.ends_with(" 1")), "{text}");
        }
    }
}
