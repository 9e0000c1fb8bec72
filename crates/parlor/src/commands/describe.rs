//! An entry of the log as a line for people.

use std::collections::HashMap;

use parlor_chat::log::LogReader;
use parlor_chat::{AccountChange, Entry, Event, PersonId, Retention, RoomId, Trouble, Verdict, What};

use crate::date::date;

/// Writes entries as lines, with the names that people and rooms have by now.
pub(super) struct Describe<'a> {
    log: &'a LogReader<'a>,
    people: HashMap<PersonId, String>,
    rooms: HashMap<RoomId, String>,
}

impl<'a> Describe<'a> {
    pub(super) fn new(log: &'a LogReader<'a>) -> Self {
        Describe { log, people: HashMap::new(), rooms: HashMap::new() }
    }

    /// Position, time, who, where and what. Whatever somebody wrote is in quotes, without characters that move
    /// the cursor or the order of the line.
    pub(super) fn line(&mut self, entry: &Entry) -> Result<String, Trouble> {
        let position = entry.position;
        let line = match (&entry.event, entry.verdict) {
            (Some(Event { what: What::Erased, place, .. }), _) => {
                let place = place.map(|place| self.place(place.room, place.sequence.0)).transpose()?;
                format!("{:19}  {} erased", "", place.unwrap_or_default())
            }
            (Some(event), _) => {
                let who = self.person(event.by)?;
                let what = self.what(&event.what)?;
                match event.place {
                    Some(place) => {
                        let place = self.place(place.room, place.sequence.0)?;
                        format!("{}  {place} {who} {what}", date(event.at))
                    }
                    None => format!("{}  {who} {what}", date(event.at)),
                }
            }
            (None, Verdict::Refused(refusal)) => format!("{:19}  refused: {}", "", refusal.code()),
            (None, Verdict::Repeated(first)) => format!("{:19}  repeated what is at {first}", ""),
            (None, Verdict::Accepted(_)) => format!("{:19}  changed nothing", ""),
        };
        Ok(format!("{position:>8}  {line}"))
    }

    fn place(&mut self, room: RoomId, sequence: u64) -> Result<String, Trouble> {
        Ok(format!("{} {sequence}:", self.room(room)?))
    }

    fn person(&mut self, person: PersonId) -> Result<String, Trouble> {
        if person == PersonId::SERVER {
            return Ok("the server".to_owned());
        }
        if let Some(name) = self.people.get(&person) {
            return Ok(name.clone());
        }
        let name = self.log.nickname(person)?.map_or_else(|| person.to_string(), |name| plain(&name));
        self.people.insert(person, name.clone());
        Ok(name)
    }

    fn room(&mut self, room: RoomId) -> Result<String, Trouble> {
        if let Some(name) = self.rooms.get(&room) {
            return Ok(name.clone());
        }
        let name = self.log.room_name(room)?.map_or_else(|| room.to_string(), |name| plain(&name));
        self.rooms.insert(room, format!("#{name}"));
        Ok(format!("#{name}"))
    }

    fn people(&mut self, people: &[PersonId]) -> Result<String, Trouble> {
        let names: Result<Vec<String>, Trouble> = people.iter().map(|person| self.person(*person)).collect();
        Ok(names?.join(", "))
    }

    /// Without what somebody signs in with.
    fn change(&mut self, change: &AccountChange) -> Result<String, Trouble> {
        Ok(match change {
            AccountChange::Claim { .. } => "claimed their name".to_owned(),
            AccountChange::SetPassword { .. } => "set another password".to_owned(),
            AccountChange::ClaimByIdentity { provider, .. } => format!("claimed their name by {provider}"),
            AccountChange::LinkIdentity { provider, .. } => format!("signs in by {provider}, too"),
            AccountChange::UnlinkIdentity { .. } => "signs in by another site no longer".to_owned(),
            AccountChange::AddPasskey { .. } => "added a passkey".to_owned(),
            AccountChange::LabelPasskey { passkey, .. } => format!("named the passkey of {passkey}"),
            AccountChange::RemovePasskey { passkey } => format!("removed the passkey of {passkey}"),
            AccountChange::SetTotp { .. } => "asks for codes when signing in".to_owned(),
            AccountChange::RemoveTotp => "asks for no codes any more".to_owned(),
            AccountChange::SetRecoveryCodes { codes } => format!("made {} recovery codes", codes.len()),
            AccountChange::StartSession { .. } => "signed in".to_owned(),
            AccountChange::EndSession { .. } => "signed out".to_owned(),
            AccountChange::EndSessions { .. } => "signed out elsewhere".to_owned(),
            AccountChange::IssueLink { person, .. } => {
                format!("made a link for {} to come in by", self.person(*person)?)
            }
            AccountChange::UseLink { .. } => "came in by a link".to_owned(),
            _ => "changed their account".to_owned(),
        })
    }

    fn what(&mut self, what: &What) -> Result<String, Trouble> {
        Ok(match what {
            What::Arrived { .. } => "arrived".to_owned(),
            What::Renamed { nickname } if nickname.is_empty() => "took another name, now erased".to_owned(),
            What::Renamed { nickname } => format!("took the name {nickname:?}"),
            What::Departed => "departed".to_owned(),
            What::PersonErased => "erased everything of themselves".to_owned(),
            What::RoomCreated { name, with, .. } if name.is_empty() => {
                format!("opened a conversation with {}", self.people(with)?)
            }
            What::RoomCreated { visibility, name, .. } => {
                format!("opened the {} room {name:?}", format!("{visibility:?}").to_lowercase())
            }
            What::Joined { person } => format!("let in {}", self.person(*person)?),
            What::Left { person } => format!("let go of {}", self.person(*person)?),
            What::RoleSet { person, role } => {
                format!("made {} {}", self.person(*person)?, format!("{role:?}").to_lowercase())
            }
            What::RoomRenamed { name } => format!("renamed the room to {name:?}"),
            What::TopicSet { topic } => format!("set the topic {topic:?}"),
            What::RetentionSet { retention } => format!("lets messages stay {}", stay(*retention)),
            What::WebAccessSet { open: true } => "let the web read the room".to_owned(),
            What::WebAccessSet { open: false } => "lets the web read the room no longer".to_owned(),
            What::Posted { text, reply_to, thread, .. } => {
                let answer = reply_to.map(|message| format!(" in answer to {message}")).unwrap_or_default();
                let thread = thread.map(|message| format!(" in the thread of {message}")).unwrap_or_default();
                format!("said{answer}{thread} {text:?}")
            }
            What::Edited { message, text, .. } => format!("changed {message} to {text:?}"),
            What::Deleted { message, .. } => format!("deleted {message}"),
            What::Reacted { message, reaction } => format!("reacted to {message} with {reaction:?}"),
            What::Unreacted { message, reaction } => format!("took back {reaction:?} from {message}"),
            What::Pinned { message } => format!("pinned {message}"),
            What::Unpinned { message } => format!("unpinned {message}"),
            What::Expired { messages } => format!("erased {} messages", messages.len()),
            What::Read { room, up_to } => format!("read {} up to {up_to}", self.room(*room)?),
            What::ServerRetentionSet { retention } => format!("lets messages stay {}", stay(*retention)),
            What::ErasureEnded { person } => format!("has erased everything of {}", self.person(*person)?),
            What::Account { change } => self.change(change)?,
            What::Withheld { text, .. } => format!("said, and it is held back, {text:?}"),
            What::Ordered { order } => format!("ordered {order:?}"),
            // What a later version adds is at least named.
            other => format!("{other:?}"),
        })
    }
}

/// A name without characters that do more than to show themselves.
fn plain(name: &str) -> String {
    name.escape_debug().to_string()
}

fn stay(retention: Retention) -> String {
    match retention {
        Retention::Inherit => "as long as the server says".to_owned(),
        Retention::Forever => "for ever".to_owned(),
        Retention::Milliseconds(milliseconds) => format!("for {milliseconds} ms"),
    }
}

#[cfg(test)]
mod tests;
