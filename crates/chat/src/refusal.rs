//! Why a proposal was refused: a stable code for programs, a sentence for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

macro_rules! refusals {
    ($($(#[$attribute:meta])* $number:literal $name:ident $code:literal $sentence:expr;)*) => {
        /// Why a proposal was refused.
        ///
        /// The numbers and the codes never change their meaning and are never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$attribute])* #[serde(rename = $code)] $name,)*
        }

        impl Refusal {
            /// Every refusal there is, for tables in documents and tests.
            pub const ALL: &[Refusal] = &[$(Refusal::$name),*];

            /// What it is called in the log.
            pub fn number(self) -> u64 {
                match self { $(Refusal::$name => $number,)* }
            }

            /// The refusal that the log calls this, unless it is a later version's.
            pub fn from_number(number: u64) -> Option<Self> {
                match number { $($number => Some(Refusal::$name),)* _ => None }
            }

            /// What it is called on the wire.
            pub fn code(self) -> &'static str {
                match self { $(Refusal::$name => $code,)* }
            }

            /// What to tell the person, with what they can do about it.
            pub fn sentence(self) -> String {
                match self { $(Refusal::$name => $sentence.to_string(),)* }
            }
        }
    };
}

refusals! {
    /// The author never arrived, or departed.
    #[default]
    1 UnknownPerson "unknown-person" "You are not known here (any more); arrive first.";
    /// The action is one that this version does not know.
    2 Unsupported "unsupported" "This server is older than your client and cannot do that yet.";
    /// The id of the new person or room is in use.
    3 IdTaken "id-taken" "This id is in use; draw another one.";
    /// Somebody else has this nickname, perhaps in another case.
    4 NicknameTaken "nickname-taken" "Somebody else is called that; choose another nickname.";
    /// The nickname is empty, too long, or no nickname as RFC 8266 has them.
    5 NicknameInvalid "nickname-invalid"
        format!("A nickname has 1 to {} visible characters, and no space at its ends.", limits::NICKNAME);
    /// The person that the proposal names does not exist or has gone.
    6 NoSuchPerson "no-such-person" "This person is not here (any more).";
    /// The room does not exist, or the author may not know that it does.
    7 NoSuchRoom "no-such-room" "There is no such room, or it is not open to you.";
    /// A public room is called that, perhaps in another case.
    8 RoomNameTaken "room-name-taken" "Another public room is called that; choose another name.";
    /// The name is empty, too long, or has control characters or white space at its ends.
    9 RoomNameInvalid "room-name-invalid"
        format!("A room's name has 1 to {} visible characters.", limits::ROOM_NAME);
    /// The topic is too long or has more than one line.
    10 TopicInvalid "topic-invalid" format!("A topic is one line of up to {} characters.", limits::TOPIC);
    /// Only members may do this.
    11 NotAMember "not-a-member" "Join this room first.";
    /// The author's role does not allow it, or nobody may do it in a room of this kind.
    12 NotAllowed "not-allowed" "You may not do this here; ask somebody who moderates or owns the room.";
    /// The last owner cannot leave or step down while others are members.
    13 LastOwner "last-owner" "You are the room's last owner; make somebody else an owner first.";
    /// There is no such message, or it has been deleted.
    14 NoSuchMessage "no-such-message" "This message is not there (any more).";
    /// The message is somebody else's.
    15 NotTheAuthor "not-the-author" "Only who wrote a message may change it.";
    /// The text is longer than [`limits::TEXT`].
    16 TextTooLong "text-too-long"
        format!("This is too long: a message has up to {} octets.", limits::TEXT);
    /// More people are mentioned than [`limits::MENTIONS`].
    17 TooManyMentions "too-many-mentions"
        format!("One message mentions up to {} people.", limits::MENTIONS);
    /// The reaction is empty, too long, or has white space or control characters.
    18 ReactionInvalid "reaction-invalid"
        format!("A reaction is one emoji or name of up to {} octets.", limits::REACTION);
    /// The message has [`limits::REACTIONS`] different reactions.
    19 TooManyReactions "too-many-reactions"
        format!("This message has {} different reactions; join one of them.", limits::REACTIONS);
    /// The room has [`limits::PINS`] pinned messages.
    20 TooManyPins "too-many-pins" format!("{} messages are pinned here; unpin one first.", limits::PINS);
    /// The person is in [`limits::ROOMS`] rooms.
    21 TooManyRooms "too-many-rooms" format!("One person is in up to {} rooms; leave one first.", limits::ROOMS);
    /// A direct conversation is with nobody else, or with too many.
    22 DirectPeopleInvalid "direct-people-invalid"
        format!("A direct conversation has 2 to {} people; open a private room.", limits::DIRECT_PEOPLE);
    /// The place that was read is after the room's last.
    23 NotThereYet "not-there-yet" "Nothing stands at this place of the room yet.";
    /// More messages in one step than [`limits::ERASED_AT_ONCE`].
    24 TooManyAtOnce "too-many-at-once"
        format!("One step erases up to {} messages.", limits::ERASED_AT_ONCE);
    /// The retention is shorter than [`limits::RETENTION`].
    25 RetentionInvalid "retention-invalid"
        format!("Messages stay for at least {} seconds.", limits::RETENTION / 1_000);
    /// The person is in [`limits::ROOMS_BY_OTHERS`] rooms.
    26 BroughtTooOften "brought-too-often"
        "This person is in too many rooms to be brought into another; only they themselves can join one.";
    /// The nickname belongs to the house, or looks like one that does.
    27 NicknameReserved "nickname-reserved" "This name could be taken for the server's own; choose another nickname.";
    /// The nickname looks like one that somebody has claimed.
    28 NicknameAlike "nickname-alike" "This looks like a name that somebody has claimed; choose another nickname.";
    /// Only who has an account may do this.
    29 NotClaimed "not-claimed" "Claim your name first.";
    /// The name is claimed already.
    30 AlreadyClaimed "already-claimed" "This name is claimed already; sign in.";
    /// What is to be signed in with is empty or longer than [`limits::CREDENTIAL`], or its label is no line.
    31 CredentialInvalid "credential-invalid" "This cannot be signed in with; try again with another.";
    /// The code was used before, or another has been since.
    32 CodeUsed "code-used" "This code was used already; take another one.";
    /// The link was used, or its time has passed, or there is a newer one.
    33 LinkInvalid "link-invalid" "This link was used, or its time has passed; ask for another.";
    /// Without it, nobody could sign in as this person any more.
    34 LastWayIn "last-way-in" "This is the only way to sign in; add another one first.";
    /// The person has [`limits::PASSKEYS`] passkeys.
    35 TooManyPasskeys "too-many-passkeys"
        format!("One person has up to {} passkeys; remove one first.", limits::PASSKEYS);
    /// The person, or the invitation that they came by, is banned.
    36 Banned "banned" "You are banned from this server.";
    /// The person is muted, everywhere or in this room.
    37 Muted "muted" "You are muted here for now; you can still read.";
    /// The door lets guests read only.
    38 ClaimFirst "claim-first" "Guests can only read here; claim a name to talk.";
    /// The room's slow mode lets everybody speak only so often.
    39 SlowMode "slow-mode" "This room is in slow mode; wait before you say something again.";
    /// A filter refuses what is in the text.
    40 Filtered "filtered" "This cannot be said here: a word or a link in it is not allowed.";
    /// The invitation is not there, used up, over, or its secret is wrong.
    41 InviteInvalid "invite-invalid" "This invitation is not valid (any more); ask for another one.";
    /// Nobody comes in without an invitation.
    42 NotInvited "not-invited" "This server is by invitation; ask somebody who is here, or ask to be let in.";
    /// The server offers itself to nobody, or not by this secret.
    43 OfferInvalid "offer-invalid" "This link has been used, or a newer one has taken its place.";
    /// The last owner of the server cannot step down.
    44 LastServerOwner "last-server-owner" "You are the server's last owner; make somebody else an owner first.";
    /// What the order names is not there.
    45 NoSuchOrder "no-such-order" "There is no such thing (any more); read the list again.";
    /// There are too many invitations, filters or reports.
    46 TooManyOrders "too-many-orders" "There are too many of these; settle or remove some first.";
    /// A reason, note or filter is empty, too long, or more than one line.
    47 ReasonInvalid "reason-invalid"
        format!("This has to be one line of up to {} characters, a filter up to {}.", limits::REASON, limits::FILTER);
    /// The range of an address is banned.
    48 RangeBanned "range-banned" "Nobody new is let in from your network for now.";
    /// Somebody else signs in by it.
    49 IdentityTaken "identity-taken"
        "Somebody else here signs in by this; sign in by it, or take another account there.";
    /// The person signs in by [`limits::IDENTITIES`] sites.
    50 TooManyIdentities "too-many-identities"
        format!("One person signs in by up to {} sites; remove one first.", limits::IDENTITIES);
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_numbers_are_unique_and_sentences_are_sentences() {
        let mut codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for (refusal, number) in Refusal::ALL.iter().zip(1..) {
            assert_eq!(refusal.number(), number, "{refusal:?}: a number that was used is never used again");
            assert_eq!(Refusal::from_number(number), Some(*refusal));
            assert!(refusal.sentence().ends_with('.'), "{refusal:?}");
            assert_eq!(serde_json::to_string(refusal).unwrap(), format!("{:?}", refusal.code()));
        }
    }
}
