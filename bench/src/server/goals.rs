//! What is asked for, and whether it was reached.

use super::table::Table;
use crate::rounds::Spread;

#[derive(Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

struct Goal {
    what: String,
    bound: Bound,
    found: Spread,
    /// Digits behind the point.
    digits: usize,
}

impl Goal {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.found.median >= bound,
            Bound::AtMost(bound) => self.found.median <= bound,
        }
    }
}

/// The goals of one command, in the order in which they were asked for.
#[derive(Default)]
pub struct Goals(Vec<Goal>);

impl Goals {
    /// A ratio. What was not measured is no goal.
    pub fn ratio(&mut self, what: impl Into<String>, bound: Bound, found: Option<Spread>) {
        self.add(what.into(), bound, found, 2);
    }

    /// A whole number of something.
    pub fn number(&mut self, what: impl Into<String>, bound: Bound, found: Option<Spread>) {
        self.add(what.into(), bound, found, 0);
    }

    fn add(&mut self, what: String, bound: Bound, found: Option<Spread>, digits: usize) {
        self.0.extend(found.map(|found| Goal { what, bound, found, digits }));
    }

    /// A table of all of them, and how many are met.
    pub fn markdown(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut table = Table::new(["goal", "asked", "found (range)", ""]);
        for Goal { what, bound, found, digits } in &self.0 {
            let asked = match bound {
                Bound::AtLeast(bound) => format!("≥ {bound}"),
                Bound::AtMost(bound) => format!("≤ {bound}"),
            };
            let Spread { median, least, most } = found;
            table.row([what.clone(), asked, format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")]);
        }
        for (row, goal) in self.0.iter().enumerate() {
            table.append(row, if goal.is_met() { "met" } else { "**missed**" });
        }
        let met = self.0.iter().filter(|goal| goal.is_met()).count();
        format!("{}\n{met} of {} goals met.\n", table.markdown(), self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_by_the_middle_of_the_rounds() {
        let found = |median| Some(Spread { median, least: 0.0, most: 9.0 });
        let mut goals = Goals::default();
        goals.ratio("a", Bound::AtLeast(1.5), found(1.5));
        goals.ratio("b", Bound::AtLeast(1.5), found(1.4));
        goals.number("c", Bound::AtMost(460.0), found(461.0));
        goals.number("d", Bound::AtMost(460.0), None);
        let text = goals.markdown();
        assert!(text.contains("1 of 3 goals met"), "{text}");
        assert_eq!(text.matches("**missed**").count(), 2, "{text}");
    }
}
