//! Letting somebody in who has lost what they sign in with: a link that is good once, made by whoever runs the server.

use std::fmt;
use std::time::Duration;

use parlor_chat::{AccountChange, Action, Chat, Failure, Fingerprint, PersonId, Proposal, Timestamp};

/// How long a link is good.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Why there is no link.
#[derive(Debug)]
pub(crate) enum NoLink {
    /// Nobody is called that.
    NoSuchPerson,
    /// Whatever the log said against it.
    Failed(Failure),
}

impl fmt::Display for NoLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoLink::NoSuchPerson => f.write_str("nobody here is called that"),
            NoLink::Failed(Failure::Refused(parlor_chat::Refusal::NotClaimed)) => {
                f.write_str("this is a guest's name, which nobody can sign in to")
            }
            NoLink::Failed(failure) => failure.fmt(f),
        }
    }
}

impl<E: Into<Failure>> From<E> for NoLink {
    fn from(error: E) -> Self {
        NoLink::Failed(error.into())
    }
}

/// What the link of somebody who is called this ends in. Links that were made for them before are void.
pub(crate) fn link_for(chat: &Chat, name: &str) -> Result<String, NoLink> {
    let found = chat.view(PersonId::SERVER, |view| Ok(view.person_called(name)?))?;
    let person = found.ok_or(NoLink::NoSuchPerson)?.id;
    let secret = secret();
    let at = Timestamp::now();
    let good_for = u64::try_from(GOOD_FOR.as_millis()).expect("a day has few milliseconds");
    let until = Timestamp(at.0 + good_for);
    let change = AccountChange::IssueLink { person, link: Fingerprint::of_secret(&secret), until };
    let proposal = Proposal { at, by: PersonId::SERVER, key: None, action: Action::Account { change } };
    chat.ask(proposal)?.verdict?;
    Ok(format!("{person}.{secret}"))
}

/// 128 random bits.
fn secret() -> String {
    format!("{:016x}{:016x}", crate::identity::random(), crate::identity::random())
}
