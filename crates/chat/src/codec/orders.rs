//! The numbers of orders and what they are made of. They are in files: never change one, never use one again.

use super::vocabulary::{choice, units};
use super::{Field, Malformed, Value, fields, put_nested, put_number, put_octets, record};
use crate::order::{
    FilterAction, FilterKind, Order, Origin, SecretHash, Selection, ShownInvite, Touched, Undone,
};
use crate::permission::{Door, ServerRole};

units!(ServerRole { 0 Guest, 1 Bot, 2 Member, 3 Moderator, 4 Owner });
units!(Door { 0 Open, 1 Claimed, 2 Invite, 3 Closed });
units!(FilterAction { 0 Refuse, 1 Hold });
units!(FilterKind { 0 Word, 1 Link });

impl Field for SecretHash {
    fn is_absent(&self) -> bool {
        false
    }

    fn put(&self, number: u64, to: &mut Vec<u8>) {
        put_octets(&self.0.to_be_bytes(), number, to);
    }

    fn take(&mut self, value: Value<'_>) -> Result<(), Malformed> {
        let octets = value.octets()?.try_into().map_err(|_| Malformed::Broken)?;
        self.0 = u128::from_be_bytes(octets);
        Ok(())
    }
}

record!(ShownInvite { 1 invite, 2 secret });
record!(Origin { 1 ranges, 2 invite, 3 asks });
record!(Selection { 1 people, 2 invite, 3 range, 4 since });
record!(Touched { 1 place, 2 messages });
record!(Undone { 1 people, 2 since, 3 rooms });

choice!(Order, => Err(Malformed::Newer); {
    1 SetServerRole { 1 person, 2 role },
    2 Mute { 1 person, 2 room, 3 until, 4 reason },
    3 Unmute { 1 person, 2 room },
    4 Kick { 1 person, 2 reason },
    5 Ban { 1 person, 2 until, 3 reason },
    6 Unban { 1 person },
    7 BanRange { 1 range, 2 until, 3 reason },
    8 UnbanRange { 1 range },
    20 SetDoor { 1 door },
    21 MakeInvite { 1 invite, 2 secret, 3 until, 4 uses, 5 rooms, 6 role },
    22 RevokeInvite { 1 invite, 2 ban },
    23 UseInvite { 1 shown },
    24 OfferOwnership { 1 secret },
    25 ClaimOwnership { 1 secret },
    26 Admit { 1 person },
    27 TurnAway { 1 person },
    40 SetSlowMode { 1 room, 2 milliseconds },
    41 SetFilter { 1 kind, 2 pattern, 3 action },
    42 RemoveFilter { 1 kind, 2 pattern },
    43 Report { 1 room, 2 message, 3 note },
    44 SettleReport { 1 report, 2 note },
    60 Undo { 1 selection },
    61 Undone { 1 undone },
    62 Restore { 1 withheld, 2 rooms },
    63 Purge { 1 withheld, 2 messages },
    64 ForgetOrigins { 1 people },
});
