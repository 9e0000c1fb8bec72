//! Wishes: requests that become proposals, and are answered once what became of them is durable.

use parlor_chat::{Action, Key, Outcome, Proposal, Refusal, RoomId, Timestamp, Trouble, What};
use serde_json::value::RawValue;

use super::asker::Asker;
use crate::identity::random;
use crate::wire::{Answer, WireError, Wish, ok};

/// Draws of a room's id before something else must be wrong.
const DRAWS: u32 = 8;

/// Hands in a wish, and answers it when it is durable.
pub(super) fn propose(asker: &Asker, id: Option<Box<RawValue>>, key: Option<Key>, wish: Wish) {
    let limit = asker.space.options.limits.text;
    if let Wish::Post(crate::wire::Post { text, .. }) | Wish::Edit(crate::wire::Edit { text, .. }) = &wish
        && text.len() > limit
    {
        return asker.refuse(id.as_deref(), WireError::text_too_long(limit));
    }
    hand_in(asker.clone(), id, key, wish, 0);
}

/// Hands in an order; `invite` is told with the answer if it is a new invitation.
pub(super) fn hand_in_order(
    asker: &Asker,
    id: Option<Box<RawValue>>,
    key: Option<Key>,
    action: Action,
    invite: Option<String>,
) {
    let proposal = Proposal { at: Timestamp::now(), by: asker.person, key, action };
    let told = asker.clone();
    asker.space.propose(proposal, move |outcome| {
        // Whoever asks again under the same key has been told already, and the secret is kept nowhere.
        let invite = invite.filter(|_| outcome.as_ref().is_ok_and(|outcome| !outcome.repeated));
        tell(&told, id.as_deref(), outcome, invite);
    });
}

fn hand_in(asker: Asker, id: Option<Box<RawValue>>, key: Option<Key>, wish: Wish, draws: u32) {
    let draws_room = matches!(wish, Wish::CreateRoom(_) | Wish::OpenDirect(_));
    let again = draws_room.then(|| (key.clone(), wish.clone()));
    let proposal = Proposal { at: Timestamp::now(), by: asker.person, key, action: action(wish) };
    let space = asker.space.clone();
    space.propose(proposal, move |outcome| match (outcome, again) {
        (Ok(Outcome { verdict: Err(Refusal::IdTaken), .. }), Some((key, wish))) if draws < DRAWS => {
            // The key is spent on a draw that failed; it belongs to this author alone, so a variant of it does.
            hand_in(asker, id, key.as_ref().and_then(|key| redrawn(key, draws)), wish, draws + 1);
        }
        (outcome, _) => tell(&asker, id.as_deref(), outcome, None),
    });
}

/// What the same wish is called when it has to be made with another id.
fn redrawn(key: &Key, draws: u32) -> Option<Key> {
    Key::new(format!("{}#{draws}", key.as_str())).ok()
}

fn tell(asker: &Asker, id: Option<&RawValue>, outcome: Result<&Outcome, Trouble>, invite: Option<String>) {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(trouble) => return asker.refuse(id, trouble),
    };
    match outcome.verdict {
        Err(refusal) => asker.refuse(id, refusal),
        Ok(receipt) => {
            let position = Some(receipt.position.0);
            let what = outcome.event.as_ref().map(|event| &event.what);
            let held = matches!(what, Some(What::Withheld { .. }));
            let answer = Answer { place: receipt.place, position, invite, held, repeated: outcome.repeated };
            asker.space.answer_durable(&asker.ws, ok(id, &answer));
        }
    }
}

/// What a client wishes, in the words of the log.
fn action(wish: Wish) -> Action {
    match wish {
        Wish::Post(post) => Action::Post {
            room: post.room.unwrap_or(RoomId::LOBBY),
            text: post.text,
            reply_to: post.reply_to,
            thread: post.thread,
            mentions: post.mentions.unwrap_or_default(),
        },
        Wish::Edit(edit) => Action::Edit {
            room: edit.room,
            message: edit.message,
            text: edit.text,
            mentions: edit.mentions.unwrap_or_default(),
        },
        Wish::Delete(delete) => Action::Delete { room: delete.room, message: delete.message },
        Wish::React(react) => {
            Action::React { room: react.room, message: react.message, reaction: react.reaction }
        }
        Wish::Unreact(react) => {
            Action::Unreact { room: react.room, message: react.message, reaction: react.reaction }
        }
        Wish::Pin(pin) => Action::Pin { room: pin.room, message: pin.message },
        Wish::Unpin(pin) => Action::Unpin { room: pin.room, message: pin.message },
        Wish::Read(read) => Action::Read { room: read.room, up_to: read.up_to },
        Wish::CreateRoom(room) => Action::CreateRoom {
            room: new_room(),
            visibility: room.visibility,
            name: room.name,
            topic: room.topic.unwrap_or_default(),
        },
        Wish::OpenDirect(direct) => Action::OpenDirect { room: new_room(), with: direct.with },
        Wish::Join(join) => Action::Join { room: join.room },
        Wish::Leave(leave) => Action::Leave { room: leave.room },
        Wish::Invite(invite) => Action::Invite { room: invite.room, person: invite.person },
        Wish::Remove(remove) => Action::Remove { room: remove.room, person: remove.person },
        Wish::SetRole(set) => Action::SetRole { room: set.room, person: set.person, role: set.role },
        Wish::RenameRoom(rename) => Action::RenameRoom { room: rename.room, name: rename.name },
        Wish::SetTopic(set) => Action::SetTopic { room: set.room, topic: set.topic },
        Wish::SetRetention(set) => Action::SetRetention { room: set.room, retention: set.retention },
        Wish::SetWebAccess(set) => Action::SetWebAccess { room: set.room, open: set.open },
        Wish::Rename(rename) => Action::Rename { nickname: rename.nickname },
        Wish::EraseMe(_) => Action::EraseMe,
    }
}

fn new_room() -> RoomId {
    RoomId::new(Timestamp::now(), random())
}
