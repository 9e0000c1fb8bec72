//! A connection's thread once a WebSocket is open.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::group::{Group, Seated, Written};
use super::hall::Phase;
use super::socket::Tried;
use super::visit::Visit;
use crate::connection::Connection;

/// Drives a connection to its end, as a member of a group.
pub(super) fn serve(visit: &mut Visit, connection: Connection, group: &Arc<Group>) {
    let mut connection = Box::new(connection);
    let seated = group.enter(&mut connection, visit);
    connection.open();
    // Whether there is something to write that the connection itself does not know of.
    let mut lags = false;
    while visit.hall.phase() != Phase::Closed {
        let advanced = connection.advance(Instant::now());
        let moved = turn(visit, &mut connection, &seated, lags).unwrap_or_else(|_| {
            connection.lost(Instant::now());
            true
        });
        lags = false;
        if connection.is_finished() {
            break;
        }
        if advanced || moved {
            continue;
        }
        let (wants_input, deadline) = (connection.wants_input(), connection.deadline());
        connection = match seated.rest(connection, visit.is_full()) {
            Ok(()) => {
                visit.sleep(wants_input, deadline);
                seated.take()
            }
            Err(connection) => {
                lags = true;
                connection
            }
        };
        if connection.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
            connection.handle_timeout(Instant::now());
        }
    }
    // From here on nothing comes from others, and then the handler may be told.
    drop(seated);
}

/// Writes and reads what can be. True if anything moved.
fn turn(visit: &mut Visit, connection: &mut Connection, seated: &Seated, lags: bool) -> io::Result<bool> {
    let mut moved = false;
    if lags || connection.has_output() {
        moved = seated.write(connection, visit)? == Written::All;
        let is_out = visit.flush()? == Tried::Done;
        if moved && connection.wants_shutdown() {
            moved = is_out && visit.shut_down()? == Tried::Done;
            if moved {
                connection.shut_down();
            }
        }
    } else {
        visit.flush()?;
    }
    let read = connection.wants_input()
        && visit.read(|bytes| match bytes {
            [] => connection.end_of_input(Instant::now()),
            bytes => connection.receive(bytes, Instant::now()),
        })?;
    Ok(moved || read)
}
