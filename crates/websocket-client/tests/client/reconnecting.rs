//! A connection that comes back by itself.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use websocket_client::{
    Backoff, Cause, CloseCode, ConnectError, Connector, Event, Failure, Reconnecting, SendError,
};

use crate::server::{Ws, answer, echo, serve, soon};

/// Steps so short that a test does not wait for them.
fn quick() -> Backoff {
    Backoff { first: Duration::from_millis(10), ..Backoff::default() }
}

fn reconnecting(server: &str) -> Reconnecting {
    Connector::new().reconnecting(format!("ws://{server}/")).backoff(quick())
}

/// Waits for the next failure, and says when it goes on.
async fn failure(feed: &mut Reconnecting) -> (Failure, Option<Duration>) {
    match soon(feed.recv()).await.unwrap() {
        Event::Disconnected { failure, retry_in } => (failure, retry_in),
        other => panic!("{other:?}"),
    }
}

async fn connected(feed: &mut Reconnecting) {
    let event = soon(feed.recv()).await;
    assert!(matches!(event, Some(Event::Connected)), "{event:?}");
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_found_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut feed = reconnecting(&address.to_string());
    assert_eq!(feed.send("too early").await, Err(SendError::NotConnected));

    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo(stream).await;
    });
    connected(&mut feed).await;
    assert_eq!(feed.websocket().unwrap().peer_addr(), Some(address));
    feed.send("one").await.unwrap();
    assert!(
        matches!(soon(feed.recv()).await, Some(Event::Message(message)) if message.as_text() == Some("one"))
    );

    // The server dies.
    serving.abort();
    let (lost, retry_in) = failure(&mut feed).await;
    assert!(matches!(lost, Failure::Closed(closed) if closed.cause == Cause::ConnectionLost));
    assert!(retry_in.is_some());
    assert!(feed.websocket().is_none());
    assert_eq!(feed.send("nobody there").await, Err(SendError::NotConnected));
    let mut delays = vec![retry_in.unwrap()];
    for _ in 0..4 {
        let (refused, retry_in) = failure(&mut feed).await;
        assert!(matches!(refused, Failure::Connect(ConnectError::Connect { .. })), "{refused:?}");
        delays.push(retry_in.unwrap());
    }
    for (failures, delay) in (0..).zip(delays) {
        let whole = Duration::from_millis(10 << failures);
        assert!(delay >= whole / 2 && delay <= whole, "{delay:?} after {failures}");
    }

    // It comes back at the same address.
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(echo(stream));
        }
    });
    loop {
        match soon(feed.recv()).await.unwrap() {
            Event::Connected => break,
            Event::Disconnected { retry_in: Some(_), .. } => {}
            other => panic!("{other:?}"),
        }
    }
    feed.send("two").await.unwrap();
    assert!(matches!(soon(feed.recv()).await, Some(Event::Message(_))));
    let closed = soon(feed.close(CloseCode::NORMAL, "bye")).await.unwrap().unwrap();
    assert!(closed.is_clean());
    assert!(feed.recv().await.is_none());
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back() {
    let server = serve(|number, stream| async move {
        match number {
            0 => answer(stream, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n").await,
            1 => {
                let dates =
                    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:59:37 GMT";
                answer(stream, &format!("HTTP/1.1 429 Enough\r\n{dates}\r\nContent-Length: 0\r\n\r\n")).await;
            }
            _ => echo(stream).await,
        }
    })
    .await;
    let backoff = Backoff { max_retry_after: Duration::from_millis(1500), ..quick() };
    let mut feed = reconnecting(&server).backoff(backoff);
    let (_, first) = failure(&mut feed).await;
    let begin = Instant::now();
    let second = Duration::from_secs(1);
    assert!(first.is_some_and(|delay| delay >= second && delay <= second + quick().first), "{first:?}");
    let (_, ten_minutes) = failure(&mut feed).await;
    assert!(begin.elapsed() >= second, "it waited");
    assert!(
        ten_minutes.is_some_and(|delay| delay >= second * 3 / 2 && delay < second * 2),
        "{ten_minutes:?}"
    );
    connected(&mut feed).await;
}

#[tokio::test]
async fn closes_that_ask_to_come_back_and_one_that_does_not() {
    let server = serve(|number, stream| async move {
        let Some(mut ws) = Ws::accept(stream).await else { return };
        let codes =
            [CloseCode::RESTART, CloseCode::TRY_AGAIN_LATER, CloseCode::GOING_AWAY, CloseCode::NORMAL];
        ws.close(codes[number], "").await;
    })
    .await;
    let mut feed = reconnecting(&server);
    let first = quick().first;
    for (least, most) in [(first, first * 2), (first, first * 2), (first * 2, first * 4)] {
        connected(&mut feed).await;
        let (_, retry_in) = failure(&mut feed).await;
        assert!(retry_in.is_some_and(|delay| delay >= least && delay <= most), "{retry_in:?}");
    }
    connected(&mut feed).await;
    let (last, retry_in) = failure(&mut feed).await;
    assert!(matches!(last, Failure::Closed(closed) if closed.code == CloseCode::NORMAL));
    assert_eq!(retry_in, None);
    assert!(feed.recv().await.is_none());
    assert_eq!(feed.send("over").await, Err(SendError::NotConnected));
}

#[tokio::test]
async fn a_connection_that_held_makes_the_delays_small_again() {
    let server = serve(|number, stream| async move {
        let Some(mut ws) = Ws::accept(stream).await else { return };
        if number % 4 == 3 {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        ws.close(CloseCode::GOING_AWAY, "").await;
    })
    .await;
    let mut feed = reconnecting(&server).backoff(Backoff { steady: Duration::from_millis(100), ..quick() });
    for round in 0..8 {
        connected(&mut feed).await;
        let (_, retry_in) = failure(&mut feed).await;
        // The fourth connection held, so its end is the first failure of a new row.
        let whole = quick().first * [1, 2, 4, 1, 2, 4, 8, 1][round];
        assert!(retry_in.is_some_and(|delay| delay >= whole / 2 && delay <= whole), "{round}: {retry_in:?}");
    }
}

#[tokio::test]
async fn what_cannot_heal_ends_it_unless_the_program_thinks_otherwise() {
    let server = serve(|_, stream| answer(stream, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")).await;
    for address in [format!("ws://{server}/"), "no address".into()] {
        let mut feed = Connector::new().reconnecting(address.clone());
        assert_eq!(failure(&mut feed).await.1, None, "{address}");
        assert!(feed.recv().await.is_none());
    }
    let mut stubborn = reconnecting(&server).give_up_when(|_| false);
    for _ in 0..3 {
        assert!(failure(&mut stubborn).await.1.is_some());
    }
    let echoing = serve(|_, stream| async move {
        let Some(mut ws) = Ws::accept(stream).await else { return };
        ws.close(CloseCode::POLICY, "never again").await;
    })
    .await;
    let never_again = |failure: &Failure| {
        matches!(failure, Failure::Closed(closed) if closed.code == CloseCode::POLICY)
            || failure.is_permanent()
    };
    let mut meek = reconnecting(&echoing).give_up_when(never_again);
    connected(&mut meek).await;
    assert_eq!(failure(&mut meek).await.1, None);
}
