//! A connection's thread while HTTP/1.1 is spoken.

use std::io::{self, IoSlice};
use std::task::Context;
use std::time::Instant;

use super::hall::Phase;
use super::socket::Tried;
use super::visit::{Visit, Wrote};
use crate::backend::http::Connection;
use crate::connection::Connection as WebSocketConnection;
use crate::fanout::MAX_PIECES;

/// Serves requests until the connection ends, or one of them has opened a WebSocket.
///
/// # Errors
///
/// When the client has left.
pub(super) fn serve(visit: &mut Visit, http: &mut Connection) -> io::Result<Option<WebSocketConnection>> {
    let waker = visit.waker.clone();
    let cx = &mut Context::from_waker(&waker);
    loop {
        match visit.hall.phase() {
            Phase::Open => {}
            Phase::Stopping => http.stop(),
            Phase::Closed => return Ok(None),
        }
        http.poll(cx, Instant::now());
        let wrote = write(visit, http)?;
        if let Some(websocket) = http.take_websocket() {
            return Ok(Some(websocket));
        }
        if http.is_finished() {
            return Ok(None);
        }
        let read = http.wants_input() && read(visit, http)?;
        if wrote || read {
            continue;
        }
        let deadline = http.deadline();
        visit.sleep(http.wants_input(), deadline);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            http.handle_timeout(Instant::now());
        }
    }
}

/// Writes what there is room for. True if anything moved.
fn write(visit: &mut Visit, http: &mut Connection) -> io::Result<bool> {
    let mut moved = false;
    loop {
        let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
        let count = http.pieces(&mut pieces);
        if count > 0 {
            match visit.write(&pieces[..count])? {
                Wrote::Blocked => return Ok(moved),
                Wrote::Some(len) => http.written(len, Instant::now()),
            }
            moved = true;
        } else if visit.flush()? == Tried::Blocked {
            return Ok(moved);
        } else if http.wants_shutdown() {
            if visit.shut_down()? == Tried::Blocked {
                return Ok(moved);
            }
            http.shut_down(Instant::now());
            moved = true;
        } else {
            return Ok(moved);
        }
    }
}

fn read(visit: &mut Visit, http: &mut Connection) -> io::Result<bool> {
    visit.read(|bytes| match bytes {
        [] => http.end_of_input(),
        bytes => http.receive(bytes, Instant::now()),
    })
}
