//! What people are called, for those whom one answer names.

use std::collections::BTreeMap;

use parlor_chat::view::View;
use parlor_chat::{Failure, PersonId};

/// What people are called at one moment.
pub(crate) struct Names<'a, 'b> {
    view: &'a View<'b>,
    pub(super) known: BTreeMap<PersonId, String>,
}

impl<'a, 'b> Names<'a, 'b> {
    pub(crate) fn new(view: &'a View<'b>) -> Self {
        Names { view, known: BTreeMap::new() }
    }

    /// Looks up those who are not known yet.
    pub(crate) fn meet(&mut self, people: &[PersonId]) -> Result<(), Failure> {
        for person in people {
            if !self.known.contains_key(person) {
                let found = self.view.person(*person)?;
                self.known.insert(*person, found.map(|found| found.nickname).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// What somebody is called who was met.
    pub(crate) fn of(&self, person: PersonId) -> String {
        self.known.get(&person).cloned().unwrap_or_default()
    }
}
