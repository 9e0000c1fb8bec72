//! How connections are told that the server stops, so that they do not all come back at once.

use std::time::Duration;

use websocket_driver::{CloseCode, reason_with_retry_after};

use crate::websocket::WebSocket;

/// How a server that stops says goodbye: in batches, each connection with the time after which it may come back.
///
/// The times are spread evenly, so that a restart is no stampede. They stand in the close frame's reason; see
/// [`reason_with_retry_after`]. Programs of ours and the reconnecting client keep to them; any other client sees
/// an ordinary close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// The close code. Default: 1012, which asks to come back.
    pub code: CloseCode,
    /// How many connections are told at a time. Default: 1,000.
    pub batch: usize,
    /// The pause between two batches. Default: 50 ms. All pauses together take at most half of the time that
    /// stopping may take.
    pub pause: Duration,
    /// When the first of them may come back: what the server needs for itself. Default: 1 s.
    pub head_start: Duration,
    /// How quickly clients should come back, in connections a second. Default: 1,000.
    pub return_rate: u32,
}

impl Default for Drain {
    fn default() -> Self {
        Drain {
            code: CloseCode::RESTART,
            batch: 1000,
            pause: Duration::from_millis(50),
            head_start: Duration::from_secs(1),
            return_rate: 1000,
        }
    }
}

impl Drain {
    /// What the connection in this place is told.
    pub(crate) fn say_goodbye(&self, ws: &WebSocket, place: usize) {
        let reason = reason_with_retry_after("the server restarts", self.return_after(place));
        // A connection that is closing already needs no other goodbye.
        let _ = ws.close(self.code, &reason);
    }

    /// When the connection in this place may come back.
    fn return_after(&self, place: usize) -> Duration {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        self.head_start + Duration::from_secs(1) * place / self.return_rate.max(1)
    }

    /// How many are told at a time, and the pause behind them, when stopping may take no longer than `limit`.
    pub(crate) fn pace(&self, connections: usize, limit: Duration) -> (usize, Duration) {
        let batch = self.batch.max(1);
        let pauses = u32::try_from(connections.div_ceil(batch).saturating_sub(1)).unwrap_or(u32::MAX);
        (batch, (limit / 2).checked_div(pauses).map_or(self.pause, |longest| self.pause.min(longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_come_back_are_spread_evenly() {
        let drain = Drain { return_rate: 100, ..Drain::default() };
        for (place, millis) in [(0, 1000), (1, 1010), (100, 2000), (12_345, 124_450)] {
            assert_eq!(drain.return_after(place), Duration::from_millis(millis), "{place}");
        }
        let all_at_once = Drain { return_rate: 0, ..Drain::default() };
        assert_eq!(all_at_once.return_after(1), Duration::from_secs(2), "none a second is taken as one");
    }

    #[test]
    fn pauses_take_no_more_than_half_of_the_time() {
        let drain = Drain::default();
        let second = Duration::from_secs(1);
        for (connections, limit, pause) in [
            (0, second, drain.pause),
            (1000, second, drain.pause),
            (1001, second, drain.pause),
            (11_000, second, drain.pause),
            (21_000, second, second / 40),
            (1001, Duration::ZERO, Duration::ZERO),
        ] {
            assert_eq!(drain.pace(connections, limit), (1000, pause), "{connections} in {limit:?}");
        }
    }
}
