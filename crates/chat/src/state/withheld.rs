//! What was undone or held back: rows that were taken out of their tables and wait to be put back or erased.

use super::keeping::Shelf;
use super::keys::{self, FIRST, SECOND, Table};
use super::rows::MessageRow;
use super::tables::{Tables, rows};
use crate::id::RoomId;
use crate::place::{Place, Position, Sequence};
use crate::storage::{Direction, RowKey};
use crate::trouble::Trouble;

/// Where a row stands that was taken out.
pub(crate) fn key(bucket: Position, key: &[u8]) -> RowKey {
    Shelf::Hidden.key().number(bucket.0).octets(key).build()
}

/// How many octets of such a key stand before the row's own.
pub(crate) const PREFIX: usize = 10;

/// The messages that are withheld one by one.
pub(crate) fn messages(state: &(impl Tables + ?Sized), bucket: Position) -> Result<Vec<Place>, Trouble> {
    Ok(rows_of(state, bucket)?.into_iter().map(|(place, _)| place).collect())
}

/// The messages that are withheld one by one, with their rows.
pub(crate) fn rows_of(
    state: &(impl Tables + ?Sized),
    bucket: Position,
) -> Result<Vec<(Place, MessageRow)>, Trouble> {
    let range = Shelf::Hidden.key().number(bucket.0).octets(&[Table::Message as u8]).range();
    let found = rows::<MessageRow>(state, &range, Direction::Forwards, usize::MAX)?;
    Ok(found.into_iter().map(|(key, row)| (place_of(&key[PREFIX..]), row)).collect())
}

/// The messages of a room that stand in their table still.
pub(crate) fn messages_of(state: &(impl Tables + ?Sized), room: RoomId) -> Result<Vec<Place>, Trouble> {
    let range = Table::Message.key().number(room.0).range();
    let found = rows::<MessageRow>(state, &range, Direction::Forwards, usize::MAX)?;
    Ok(found.iter().map(|(key, _)| place_of(key)).collect())
}

/// The room and the sequence that a key begins with.
pub(crate) fn place_of(key: &[u8]) -> Place {
    Place { room: RoomId(keys::number_at(key, FIRST)), sequence: Sequence(keys::number_at(key, SECOND)) }
}
