//! Happy eyeballs (RFC 8305): attempts at several addresses, begun one after the other; the first success wins.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

/// How long an attempt is alone before the next one begins (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Puts the addresses of the two families in turn, beginning with the family of the first (RFC 8305 §4).
pub(crate) fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (firsts, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut firsts, mut others) = (firsts.into_iter(), others.into_iter());
    let mut mixed = Vec::with_capacity(firsts.len() + others.len());
    while firsts.len() + others.len() > 0 {
        mixed.extend(firsts.next());
        mixed.extend(others.next());
    }
    mixed
}

/// Calls `connect` for one address after the other, the next when 250 ms are over or the one before has failed.
/// Attempts that were begun go on until one succeeds. Dropping the future drops them all.
pub(crate) async fn race<S, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<S>
where
    F: Future<Output = io::Result<S>>,
{
    let mut waiting = interleave(addresses).into_iter();
    let Some(first) = waiting.next() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
    };
    let mut race = Race { running: vec![Box::pin(connect(first))], error: None };
    let mut delay = Box::pin(tokio::time::sleep(ATTEMPT_DELAY));
    loop {
        let turn = std::future::poll_fn(|cx| race.poll_turn(cx, delay.as_mut(), waiting.len() > 0)).await;
        match turn {
            Turn::Won(stream) => return Ok(stream),
            Turn::Next => match waiting.next() {
                Some(address) => {
                    race.running.push(Box::pin(connect(address)));
                    delay.set(tokio::time::sleep(ATTEMPT_DELAY));
                }
                None if race.running.is_empty() => {
                    return Err(race.error.expect("every attempt has failed"));
                }
                None => {}
            },
        }
    }
}

struct Race<F> {
    running: Vec<Pin<Box<F>>>,
    /// The most telling failure so far.
    error: Option<io::Error>,
}

enum Turn<S> {
    Won(S),
    /// An attempt failed, or it has been alone for long enough.
    Next,
}

impl<S, F: Future<Output = io::Result<S>>> Race<F> {
    fn poll_turn(&mut self, cx: &mut Context<'_>, delay: Pin<&mut Sleep>, more: bool) -> Poll<Turn<S>> {
        for at in 0..self.running.len() {
            match self.running[at].as_mut().poll(cx) {
                Poll::Ready(Ok(stream)) => return Poll::Ready(Turn::Won(stream)),
                Poll::Ready(Err(error)) => {
                    drop(self.running.remove(at));
                    self.note(error);
                    return Poll::Ready(Turn::Next);
                }
                Poll::Pending => {}
            }
        }
        if !more {
            return Poll::Pending;
        }
        ready!(delay.poll(cx));
        Poll::Ready(Turn::Next)
    }

    /// That this machine has no IPv6 says less about the server than that it refused.
    fn note(&mut self, error: io::Error) {
        let of_ours = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::AddrNotAvailable
                    | io::ErrorKind::Unsupported
            )
        };
        if self.error.as_ref().is_none_or(of_ours) {
            self.error = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::time::Instant;

    use super::*;

    fn v4(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 80))
    }

    fn v6(last: u16) -> SocketAddr {
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 80))
    }

    #[test]
    fn families_take_turns() {
        for (given, mixed) in [
            (vec![], vec![]),
            (vec![v6(1), v6(2), v6(3), v4(1), v4(2)], vec![v6(1), v4(1), v6(2), v4(2), v6(3)]),
            (vec![v4(1), v6(1), v6(2)], vec![v4(1), v6(1), v6(2)]),
            (vec![v4(1), v4(2)], vec![v4(1), v4(2)]),
        ] {
            assert_eq!(interleave(given), mixed);
        }
    }

    /// Runs a race in invented time. An address has the milliseconds that its attempt takes and how it ends.
    /// Gives back the result, when it came, and which attempts began when.
    async fn run(
        table: &[(SocketAddr, u64, Result<(), io::ErrorKind>)],
    ) -> (Result<SocketAddr, io::ErrorKind>, u64, Vec<u64>) {
        let start = Instant::now();
        let begun = RefCell::new(Vec::new());
        let elapsed = || u64::try_from(start.elapsed().as_millis()).unwrap();
        let connect = |address: SocketAddr| {
            begun.borrow_mut().push(elapsed());
            let (_, time, end) = *table.iter().find(|(known, ..)| *known == address).unwrap();
            async move {
                tokio::time::sleep(Duration::from_millis(time)).await;
                end.map(|()| address).map_err(io::Error::from)
            }
        };
        let addresses = table.iter().map(|(address, ..)| *address).collect();
        let result = race(addresses, connect).await.map_err(|error| error.kind());
        (result, elapsed(), begun.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn races() {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset, NetworkUnreachable, NotFound};
        for (table, result, time, begun) in [
            (vec![], Err(NotFound), 0, vec![]),
            (vec![(v6(1), 20, Ok(())), (v4(1), 0, Ok(()))], Ok(v6(1)), 20, vec![0]),
            // A silent first address costs 250 ms and no more.
            (vec![(v6(1), 90_000, Ok(())), (v4(1), 20, Ok(()))], Ok(v4(1)), 270, vec![0, 250]),
            // One that was begun and is slow can still win.
            (vec![(v6(1), 300, Ok(())), (v4(1), 100, Ok(()))], Ok(v6(1)), 300, vec![0, 250]),
            // A failure makes room at once, and the delay begins anew.
            (
                vec![(v6(1), 10, Err(ConnectionRefused)), (v4(1), 9000, Ok(())), (v4(2), 5, Ok(()))],
                Ok(v4(2)),
                265,
                vec![0, 10, 260],
            ),
            (
                vec![(v6(1), 0, Err(NetworkUnreachable)), (v4(1), 5, Err(ConnectionRefused))],
                Err(ConnectionRefused),
                5,
                vec![0, 0],
            ),
            (
                vec![(v4(1), 1, Err(ConnectionRefused)), (v4(2), 1, Err(ConnectionReset))],
                Err(ConnectionRefused),
                2,
                vec![0, 1],
            ),
            (
                vec![(v4(1), 500, Err(ConnectionRefused)), (v4(2), 0, Err(ConnectionReset))],
                Err(ConnectionReset),
                500,
                vec![0, 250],
            ),
        ] {
            let (got, at, starts) = run(&table).await;
            // The timer's grain is a millisecond.
            let near = |a: u64, b: u64| a.abs_diff(b) <= 2 * (table.len() as u64);
            assert_eq!(got, result, "{table:?}");
            assert!(near(at, time), "{table:?} took {at} ms");
            assert_eq!(starts.len(), begun.len(), "{table:?} began at {starts:?}");
            assert!(starts.iter().zip(&begun).all(|(a, b)| near(*a, *b)), "{table:?} began at {starts:?}");
        }
    }
}
