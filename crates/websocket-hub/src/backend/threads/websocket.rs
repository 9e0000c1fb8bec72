//! A connection's thread once a WebSocket is open.

use std::io::{self, IoSlice};
use std::time::Instant;

use super::hall::Phase;
use super::socket::Tried;
use super::visit::{Visit, Wrote};
use crate::connection::Connection;
use crate::fanout::{MAX_PIECES, Plan};

/// Drives a connection to its end.
pub(super) fn serve(visit: &mut Visit, connection: &mut Connection) {
    connection.open();
    loop {
        if visit.hall.phase() == Phase::Closed {
            return;
        }
        let advanced = connection.advance(Instant::now());
        let moved = turn(visit, connection).unwrap_or_else(|_| {
            connection.lost(Instant::now());
            true
        });
        if connection.is_finished() {
            return;
        }
        if advanced || moved || !connection.sleep(&visit.waker) {
            continue;
        }
        let deadline = connection.deadline();
        visit.sleep(connection.wants_input(), deadline);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            connection.handle_timeout(Instant::now());
        }
    }
}

/// Writes and reads what can be. True if anything moved.
fn turn(visit: &mut Visit, connection: &mut Connection) -> io::Result<bool> {
    let wrote = write(visit, connection)?;
    let read = connection.wants_input()
        && visit.read(|bytes| match bytes {
            [] => connection.end_of_input(Instant::now()),
            bytes => connection.receive(bytes, Instant::now()),
        })?;
    Ok(wrote || read)
}

fn write(visit: &mut Visit, connection: &mut Connection) -> io::Result<bool> {
    let mut moved = false;
    let mut plan = Plan::default();
    loop {
        connection.plan(&mut plan, None);
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let count = plan.pieces(connection.writing(), None, &mut pieces);
        if count > 0 {
            match visit.write(&pieces[..count])? {
                Wrote::Blocked => return Ok(moved),
                Wrote::Some(len) => connection.written(&plan, len, None),
            }
            connection.settle(false, None);
            moved = true;
        } else if visit.flush()? == Tried::Blocked {
            return Ok(moved);
        } else if connection.wants_shutdown() {
            if visit.shut_down()? == Tried::Blocked {
                return Ok(moved);
            }
            connection.shut_down();
            moved = true;
        } else {
            return Ok(moved);
        }
    }
}
