//! Slow mode: how long ago somebody spoke last in a room.
//!
//! It is looked up when they speak again and stands in no row of its own: of what is erased nobody knows any more who
//! said it, so a row about it could not be put together again.

use crate::event::What;
use crate::failure::Failure;
use crate::id::RoomId;
use crate::limits;
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::state::deeds::newest;
use crate::state::keeping::{Shelf, WithheldRow};
use crate::state::keys::Table;
use crate::state::rows::{HappeningRow, MessageRow, RoomRow};
use crate::state::tables::{Tables, rows};
use crate::storage::Direction;
use crate::time::Timestamp;

/// Refuses what comes too soon after what its author said before. What was taken back or is held back counts, too.
pub(crate) fn check(
    state: &impl Tables,
    proposal: &Proposal,
    room: RoomId,
    row: &RoomRow,
) -> Result<(), Failure> {
    if row.slow_mode == 0 {
        return Ok(());
    }
    let (by, now) = (proposal.by, proposal.at);
    let is_soon_after = |at: Timestamp| now.0 < at.0.saturating_add(row.slow_mode);
    let since = Timestamp(now.0.saturating_sub(row.slow_mode));
    let (mut left, mut is_soon) = (limits::SLOW_MODE_LOOKED_AT, false);
    newest::<MessageRow>(state, Table::Message, room, since, &mut left, |_, row| {
        is_soon |= row.by == by && is_soon_after(row.at);
    })?;
    newest::<HappeningRow>(state, Table::Happening, room, since, &mut left, |_, row| {
        let is_taken_back = matches!(row.what, What::Deleted { of: None, .. });
        is_soon |= is_taken_back && row.by == by && is_soon_after(row.at);
    })?;
    let withheld = rows::<WithheldRow>(state, &Shelf::Withheld.range(), Direction::Backwards, left)?;
    for (_, row) in withheld {
        let is_held_back = row.by.is_none() && row.people == [by] && row.rooms == [room];
        is_soon |= is_held_back && is_soon_after(row.at);
    }
    if is_soon { Err(Refusal::SlowMode.into()) } else { Ok(()) }
}
