//! The numbers of everything in the vocabulary. They are in files: never change one, never use one again.

use super::{Field, Malformed, Record, Value, fields, put_fixed, put_nested, put_number, put_octets, record};
use crate::account::AccountChange;
use crate::entry::{Entry, Verdict};
use crate::event::{Event, What};
use crate::id::{AddressRange, InviteId, PersonId, RoomId, SessionId};
use crate::key::{Fingerprint, Key};
use crate::outcome::Receipt;
use crate::place::{Place, Position, Sequence};
use crate::proposal::{Action, Proposal};
use crate::refusal::Refusal;
use crate::room::{Retention, Role, Visibility};
use crate::time::Timestamp;

/// The version of the form, which is the first octet of each proposal and entry.
const VERSION: u8 = 1;

macro_rules! numbers {
    ($put:ident: $($type:ident),*) => {$(
        impl Field for $type {
            fn is_absent(&self) -> bool {
                self.0 == 0
            }

            fn put(&self, number: u64, to: &mut Vec<u8>) {
                $put(self.0, number, to);
            }

            fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
                self.0 = value.number()?;
                Ok(())
            }
        }
    )*};
}
numbers!(put_number: Position, Sequence, Timestamp);
// Ids use all their bits: eight octets instead of ten.
numbers!(put_fixed: PersonId, RoomId, SessionId, InviteId, AddressRange);

macro_rules! units {
    ($type:ident { $($number:literal $name:ident),* }) => {
        impl Field for $type {
            fn is_absent(&self) -> bool {
                *self == $type::default()
            }

            fn put(&self, number: u64, to: &mut Vec<u8>) {
                put_number(match self { $($type::$name => $number,)* }, number, to);
            }

            fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
                *self = match value.number()? {
                    $($number => $type::$name,)*
                    _ => return Err(Malformed::Newer),
                };
                Ok(())
            }
        }
    };
}
pub(super) use units;

units!(Visibility { 0 Public, 1 Private, 2 Direct });
units!(Role { 0 Member, 1 Moderator, 2 Owner });

/// `choice!(Type, pattern of what is never written => what it is read from; { 1 Choice { 1 field }, … })`
macro_rules! choice {
    ($type:ident, $($unwritten:ident)? => $unknown:expr; {
        $($number:literal $choice:ident { $($field_number:literal $field:ident),* }),* $(,)?
    }) => {
        impl Field for $type {
            fn is_absent(&self) -> bool {
                false
            }

            fn put(&self, number: u64, to: &mut Vec<u8>) {
                put_nested(number, to, |to| match self {
                    $($type::$choice { $($field),* } => put_nested($number, to, |_to| {
                        $(if !Field::is_absent($field) {
                            Field::put($field, $field_number, _to);
                        })*
                    }),)*
                    $($type::$unwritten => {})?
                });
            }

            fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
                let mut read = None;
                fields(value.octets()?, |number, value| {
                    read = Some(match number {
                        $($number => {
                            $(let mut $field = Default::default();)*
                            fields(value.octets()?, |number, _value| match number {
                                $($field_number => Field::take(&mut $field, _value),)*
                                _ => Ok(()),
                            })?;
                            $type::$choice { $($field),* }
                        })*
                        _ => $unknown?,
                    });
                    Ok(())
                })?;
                *self = match read {
                    Some(read) => read,
                    None => $unknown?,
                };
                Ok(())
            }
        }
    };
}

pub(super) use choice;

choice!(Action, Unknown => Ok(Action::Unknown); {
    1 Arrive { 1 nickname, 2 from },
    2 Rename { 1 nickname },
    3 Depart {},
    4 EraseMe {},
    5 Account { 1 change },
    10 CreateRoom { 1 room, 2 visibility, 3 name, 4 topic },
    11 OpenDirect { 1 room, 2 with },
    12 Join { 1 room },
    13 Leave { 1 room },
    14 Invite { 1 room, 2 person },
    15 Remove { 1 room, 2 person },
    16 SetRole { 1 room, 2 person, 3 role },
    17 RenameRoom { 1 room, 2 name },
    18 SetTopic { 1 room, 2 topic },
    19 SetRetention { 1 room, 2 retention },
    20 SetWebAccess { 1 room, 2 open },
    30 Post { 1 room, 2 text, 3 reply_to, 4 thread, 5 mentions },
    31 Edit { 1 room, 2 message, 3 text, 4 mentions },
    32 Delete { 1 room, 2 message },
    33 React { 1 room, 2 message, 3 reaction },
    34 Unreact { 1 room, 2 message, 3 reaction },
    35 Pin { 1 room, 2 message },
    36 Unpin { 1 room, 2 message },
    37 Read { 1 room, 2 up_to },
    50 Expire { 1 room, 2 messages },
    51 SetServerRetention { 1 retention },
    52 EndErasure { 1 person },
    70 Order { 1 order },
});

choice!(AccountChange, => Err(Malformed::Newer); {
    1 Claim { 1 password, 2 passkey, 3 session, 4 label },
    2 SetPassword { 1 password, 2 keep },
    3 AddPasskey { 1 passkey, 2 label },
    4 RemovePasskey { 1 passkey },
    5 SetTotp { 1 secret, 2 step, 3 codes },
    6 RemoveTotp {},
    7 SetRecoveryCodes { 1 codes },
    8 StartSession { 1 session, 2 label, 3 step, 4 code, 5 with, 6 count },
    9 EndSession { 1 session },
    10 EndSessions { 1 keep },
    11 IssueLink { 1 person, 2 link, 3 until },
    12 UseLink { 1 link, 2 password, 3 session, 4 label },
    13 LabelPasskey { 1 passkey, 2 label },
    14 ClaimByIdentity { 1 identity, 2 provider, 3 session, 4 label },
    15 LinkIdentity { 1 identity, 2 provider },
    16 UnlinkIdentity { 1 identity },
});

choice!(What, => Err(Malformed::Newer); {
    1 Arrived { 1 nickname, 2 ranges, 3 invite, 4 asks, 5 waits, 6 role },
    2 Renamed { 1 nickname },
    3 Departed {},
    4 PersonErased {},
    5 Account { 1 change },
    10 RoomCreated { 1 visibility, 2 name, 3 topic, 4 with },
    12 Joined { 1 person },
    13 Left { 1 person },
    16 RoleSet { 1 person, 2 role },
    17 RoomRenamed { 1 name },
    18 TopicSet { 1 topic },
    19 RetentionSet { 1 retention },
    20 WebAccessSet { 1 open },
    30 Posted { 1 text, 2 reply_to, 3 thread, 4 mentions },
    31 Edited { 1 message, 2 text, 3 mentions },
    32 Deleted { 1 message, 2 of },
    33 Reacted { 1 message, 2 reaction },
    34 Unreacted { 1 message, 2 reaction },
    35 Pinned { 1 message },
    36 Unpinned { 1 message },
    37 Read { 1 room, 2 up_to },
    50 Expired { 1 messages },
    51 ServerRetentionSet { 1 retention },
    52 ErasureEnded { 1 person },
    60 Erased {},
    70 Ordered { 1 order },
    72 Hidden { 1 messages },
    73 Shown { 1 messages },
    71 Withheld { 1 text, 2 reply_to, 3 thread, 4 mentions },
});

impl Field for Retention {
    fn is_absent(&self) -> bool {
        *self == Retention::Inherit
    }

    // 0 and 1 for the two without a number; rules keep every other above them (`limits::RETENTION`).
    fn put(&self, number: u64, to: &mut Vec<u8>) {
        let value = match self {
            Retention::Inherit => 0,
            Retention::Forever => 1,
            Retention::Milliseconds(milliseconds) => *milliseconds,
        };
        put_number(value, number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        *self = match value.number()? {
            0 => Retention::Inherit,
            1 => Retention::Forever,
            milliseconds => Retention::Milliseconds(milliseconds),
        };
        Ok(())
    }
}

impl Field for Key {
    fn is_absent(&self) -> bool {
        false
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_octets(self.as_str().as_bytes(), number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        let text = str::from_utf8(value.octets()?).map_err(|_| Malformed::Broken)?;
        *self = Key::new(text).map_err(|_| Malformed::Broken)?;
        Ok(())
    }
}

impl Field for Fingerprint {
    fn is_absent(&self) -> bool {
        false
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_octets(&self.0, number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        self.0 = value.octets()?.try_into().map_err(|_| Malformed::Broken)?;
        Ok(())
    }
}

impl Field for Refusal {
    fn is_absent(&self) -> bool {
        false
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_number(self.number(), number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        *self = Refusal::from_number(value.number()?).ok_or(Malformed::Newer)?;
        Ok(())
    }
}

record!(Proposal { 1 at, 2 by, 3 key, 4 action });
record!(Place { 1 room, 2 sequence });
record!(Receipt { 1 position, 2 place });
record!(Event { 1 position, 2 at, 3 by, 4 place, 5 what });

/// An entry as it is stored: most receipts say what the event says, and are left out then.
#[derive(Default)]
struct StoredEntry {
    position: Position,
    fingerprint: Option<Fingerprint>,
    event: Option<Event>,
    receipt: Option<Receipt>,
    refusal: Option<Refusal>,
    repeated: Option<Position>,
}

record!(StoredEntry { 1 position, 2 fingerprint, 3 event, 4 receipt, 5 refusal, 6 repeated });

fn receipt_of(event: &Event) -> Receipt {
    Receipt { position: event.position, place: event.place }
}

fn versioned(record: &impl Record) -> Vec<u8> {
    let mut octets = Vec::with_capacity(256);
    octets.push(VERSION);
    record.put_fields(&mut octets);
    octets
}

fn without_version(octets: &[u8]) -> Result<&[u8], Malformed> {
    match octets.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((version, _)) if *version > VERSION => Err(Malformed::Newer),
        _ => Err(Malformed::Broken),
    }
}

impl Proposal {
    /// The compact form, which later versions read, too.
    pub fn to_octets(&self) -> Vec<u8> {
        versioned(self)
    }

    /// Reads the compact form. An action that a later version wrote becomes [`Action::Unknown`].
    pub fn from_octets(octets: &[u8]) -> Result<Self, Malformed> {
        Proposal::decode(without_version(octets)?)
    }
}

impl Entry {
    /// The compact form, which later versions read, too.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(512);
        self.write(&mut octets);
        octets
    }

    /// Writes the compact form.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.push(VERSION);
        // As `StoredEntry`, without a copy of the event.
        self.position.put(1, to);
        self.fingerprint.put(2, to);
        self.event.put(3, to);
        match self.verdict {
            Verdict::Accepted(receipt) if self.event.as_ref().map(receipt_of) == Some(receipt) => {}
            Verdict::Accepted(receipt) => receipt.put(4, to),
            Verdict::Refused(refusal) => refusal.put(5, to),
            Verdict::Repeated(position) => position.put(6, to),
        }
    }

    /// Reads the compact form.
    ///
    /// # Errors
    ///
    /// [`Malformed::Newer`] if the entry says something that this version does not know: going on without it would
    /// come to another state than the version that wrote it.
    pub fn from_octets(octets: &[u8]) -> Result<Self, Malformed> {
        let stored = StoredEntry::decode(without_version(octets)?)?;
        let verdict = match (stored.refusal, stored.repeated, stored.receipt, &stored.event) {
            (Some(refusal), ..) => Verdict::Refused(refusal),
            (_, Some(position), ..) => Verdict::Repeated(position),
            (_, _, Some(receipt), _) => Verdict::Accepted(receipt),
            (_, _, None, Some(event)) => Verdict::Accepted(receipt_of(event)),
            (_, _, None, None) => return Err(Malformed::Broken),
        };
        Ok(Entry { position: stored.position, fingerprint: stored.fingerprint, verdict, event: stored.event })
    }
}
