//! Refusing what comes too fast: at once, on the connection's own loop, and not for ever.

use websocket_hub::{CloseCode, WebSocket};

use crate::rate::Rate;

/// Requests in a row that are refused because they come too fast; the next one ends the connection.
const STRIKES: u32 = 100;

/// Refuses a request without troubling anybody else. Who goes on all the same is closed with 1008.
pub(super) fn refuse(ws: &WebSocket, rate: &Rate, line: &str) {
    // Who is gone or closing needs neither.
    if rate.refused_in_a_row() > STRIKES {
        let _ = ws.close(CloseCode::POLICY, "too many requests; see limits in the welcome");
    } else {
        let _ = ws.send(line);
    }
}
