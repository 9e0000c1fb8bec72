//! Slow mode, filters and reports.

use super::names::is_line;
use super::{Decided, Decision, as_ordered, check_reason, readable, unchanged};
use crate::event::What;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::order::{FilterAction, FilterKind, Order};
use crate::permission::{RoomPermission, permits_in_room};
use crate::place::{Position, Sequence};
use crate::refusal::Refusal;
use crate::room::Visibility;
use crate::state::filter::fold;
use crate::state::keeping::{self, FilterRow, ReportRow, Shelf};
use crate::state::restraint::authority;
use crate::state::rows::NumberRow;
use crate::state::tables::Tables;

pub(crate) fn set_slow_mode(state: &impl Tables, by: PersonId, room: RoomId, milliseconds: u64) -> Decided {
    let row = readable(state, room, by)?;
    let may = permits_in_room(authority(state, room, &row, by)?, RoomPermission::Restrain);
    if !may || row.visibility == Visibility::Direct || milliseconds > limits::SLOW_MODE {
        return Err(Refusal::NotAllowed.into());
    }
    if row.slow_mode == milliseconds {
        return unchanged(room, &row);
    }
    Ok(Decision::InRoom(room, What::Ordered { order: Order::SetSlowMode { room, milliseconds } }))
}

pub(crate) fn set_filter(
    state: &impl Tables,
    kind: FilterKind,
    pattern: &str,
    action: FilterAction,
) -> Decided {
    let folded = checked(kind, pattern)?;
    match state.row::<FilterRow>(&keeping::filter(kind, &folded))? {
        Some(row) if row.action == action => return Ok(Decision::Unchanged(None)),
        None if state.server()?.filters >= limits::FILTERS => return Err(Refusal::TooManyOrders.into()),
        _ => {}
    }
    as_ordered(Order::SetFilter { kind, pattern: folded, action })
}

pub(crate) fn remove_filter(state: &impl Tables, kind: FilterKind, pattern: &str) -> Decided {
    let folded = checked(kind, pattern)?;
    state.row::<FilterRow>(&keeping::filter(kind, &folded))?.ok_or(Refusal::NoSuchOrder)?;
    as_ordered(Order::RemoveFilter { kind, pattern: folded })
}

fn checked(kind: FilterKind, pattern: &str) -> Result<String, Failure> {
    let folded = fold(kind, pattern);
    let fits = !folded.is_empty() && is_line(&folded, limits::FILTER);
    if fits { Ok(folded) } else { Err(Refusal::ReasonInvalid.into()) }
}

pub(crate) fn report(
    state: &impl Tables,
    by: PersonId,
    room: RoomId,
    message: Sequence,
    note: &str,
) -> Decided {
    readable(state, room, by)?;
    check_reason(note)?;
    state.message(room, message)?.ok_or(Refusal::NoSuchMessage)?;
    let waiting = state.row::<NumberRow>(&Shelf::Reporter.number(by.0))?.unwrap_or_default();
    if waiting.number >= limits::REPORTS {
        return Err(Refusal::TooManyOrders.into());
    }
    as_ordered(Order::Report { room, message, note: note.into() })
}

pub(crate) fn settle_report(state: &impl Tables, report: Position, note: &str) -> Decided {
    check_reason(note)?;
    state.row::<ReportRow>(&Shelf::Report.number(report.0))?.ok_or(Refusal::NoSuchOrder)?;
    as_ordered(Order::SettleReport { report, note: note.into() })
}
