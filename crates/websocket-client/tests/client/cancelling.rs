//! Every `async` method may be dropped at any time: each is cut at every point where it waits.

use std::time::Duration;

use websocket_client::{
    Backoff, Cause, CloseCode, Connector, Event, Message, Proxy, Reconnecting, WebSocket, connect,
};

use crate::cut::{Slow, cut};
use crate::peer::{Peer, Wire};
use crate::proxy::{Socks, socks_proxy};
use crate::server::{Ws, echo, serve, soon};

/// Futures that are cut after every so many polls.
const RHYTHMS: [usize; 6] = [1, 2, 3, 5, 8, 40];

async fn open(wire: Wire) -> WebSocket {
    Connector::new().over(Slow::new(wire), "ws://peer/").await.unwrap()
}

/// Three messages, the second one in three fragments with a ping inside.
fn greeting() -> Vec<u8> {
    let long = "x".repeat(200);
    [
        b"\x81\x7e\x00\xc8".as_slice(),
        long.as_bytes(),
        b"\x01\x02ab",
        b"\x89\x02hi",
        b"\x00\x02cd",
        b"\x80\x00",
    ]
    .into_iter()
    .chain([b"\x82\x01z".as_slice()])
    .flatten()
    .copied()
    .collect()
}

fn expected() -> Vec<Message<'static>> {
    vec![Message::text("x".repeat(200)), Message::text("abcd"), Message::binary(&b"z"[..]).into_owned()]
}

#[tokio::test]
async fn recv_cut_anywhere_loses_and_repeats_no_message() {
    for polls in 0.. {
        let (wire, peer) = Peer::new(&greeting());
        let mut ws = open(wire).await;
        let first = cut(ws.recv(), polls).await;
        let was_whole = first.is_some();
        let mut messages: Vec<_> = first.flatten().into_iter().collect();
        while messages.len() < 3 {
            messages.push(ws.recv().await.unwrap());
        }
        assert_eq!(messages, expected(), "cut after {polls}");
        ws.close(CloseCode::NORMAL, "").await.unwrap();
        assert_eq!(peer.events(), ["pong hi", "closed 1000 "], "cut after {polls}");
        if was_whole {
            assert!(polls > 200, "the message came in {polls} pieces");
            break;
        }
    }
    for polls in RHYTHMS {
        let (wire, _peer) = Peer::new(&greeting());
        let mut ws = open(wire).await;
        let mut messages = Vec::new();
        while messages.len() < 3 {
            if let Some(message) = cut(ws.recv(), polls).await {
                messages.push(message.unwrap());
            }
        }
        assert_eq!(messages, expected(), "cut after every {polls}");
    }
}

#[tokio::test]
async fn send_cut_anywhere_sends_whole_messages_once() {
    let long = "y".repeat(150);
    for polls in 0.. {
        let (wire, peer) = Peer::new(b"");
        let mut ws = open(wire).await;
        let first = cut(ws.send(long.as_str()), polls).await;
        ws.send("b").await.unwrap();
        ws.close(CloseCode::NORMAL, "").await.unwrap();
        let mut events = vec![format!("message {long}"), "message b".into(), "closed 1000 ".into()];
        if polls == 0 {
            // A future that was never polled has done nothing.
            events.remove(0);
        }
        assert_eq!(peer.events(), events, "cut after {polls}");
        if first.is_some() {
            assert!(polls > 150, "the message went in {polls} pieces");
            break;
        }
    }
    for polls in RHYTHMS {
        let (wire, peer) = Peer::new(b"");
        let mut ws = open(wire).await;
        let lines: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
        for line in &lines {
            cut(ws.send(line.as_str()), polls).await;
        }
        while cut(ws.flush(), polls).await.is_none() {}
        assert_eq!(ws.queued(), 0);
        let events: Vec<String> = lines.iter().map(|line| format!("message {line}")).collect();
        assert_eq!(peer.events(), events, "cut after every {polls}");
    }
}

#[tokio::test]
async fn send_and_recv_in_turn_disturb_each_other_nowhere() {
    for polls in RHYTHMS {
        for others in RHYTHMS {
            let (wire, peer) = Peer::new(&greeting());
            let mut ws = open(wire).await;
            let (mut received, mut sent) = (Vec::new(), Vec::new());
            while received.len() < 3 {
                if let Some(message) = cut(ws.recv(), polls).await {
                    received.push(message.unwrap());
                }
                if sent.len() < 30 {
                    let line = format!("line {}", sent.len());
                    cut(ws.send(line.as_str()), others).await;
                    sent.push(format!("message {line}"));
                }
            }
            ws.flush().await;
            assert_eq!(received, expected(), "{polls} {others}");
            // The pong overtakes messages, between two frames.
            let mut events = peer.events();
            assert_eq!(events.extract_if(.., |event| event == "pong hi").count(), 1, "{polls} {others}");
            assert_eq!(events, sent, "{polls} {others}");
        }
    }
}

#[tokio::test]
async fn close_cut_anywhere_says_goodbye_once() {
    for polls in 0.. {
        let (wire, peer) = Peer::new(b"\x81\x01a");
        let mut ws = open(wire).await;
        let first = cut(ws.close(CloseCode::NORMAL, "bye"), polls).await;
        let was_whole = first.is_some();
        let closed = ws.close(CloseCode::NORMAL, "bye").await.unwrap();
        assert_eq!((closed.code, closed.cause), (CloseCode::NORMAL, Cause::Local), "cut after {polls}");
        assert_eq!(ws.recv().await, None);
        assert_eq!(peer.events(), ["closed 1000 bye"], "cut after {polls}");
        if was_whole {
            assert!(polls > 10, "the close went in {polls} pieces");
            break;
        }
    }
}

#[tokio::test]
async fn connecting_cut_anywhere_leaves_nothing_behind() {
    let connector = Connector::new();
    for polls in 0.. {
        let (wire, peer) = Peer::new(b"");
        let opened = cut(connector.over(Slow::new(wire), "ws://peer/"), polls).await;
        assert_eq!(peer.is_held(), opened.is_some(), "cut after {polls}");
        let Some(ws) = opened else { continue };
        assert!(polls > 200, "the handshake went in {polls} pieces");
        let mut ws = ws.unwrap();
        ws.send("a").await.unwrap();
        assert_eq!(peer.events(), ["message a"]);
        break;
    }
    let (wire, _peer) = Peer::new(b"");
    let mut ws = connector.over(Slow::new(wire), "ws://peer/").await.unwrap();
    ws.send("the next one works").await.unwrap();
}

/// Over real sockets and a proxy, where a future waits for each of them.
#[tokio::test]
async fn dialling_cut_anywhere_closes_what_it_opened() {
    let (opened, mut open) = tokio::sync::mpsc::unbounded_channel();
    let server = serve(move |_, stream| {
        let opened = opened.clone();
        async move {
            opened.send(true).unwrap();
            echo(stream).await;
            opened.send(false).unwrap();
        }
    })
    .await;
    let proxy = socks_proxy(Socks { server: server.clone(), ..Socks::default() }).await;
    let connector = Connector::new().proxy(Proxy::socks5(&format!("socks5://{}", proxy.address)).unwrap());
    let mut balance = 0;
    for polls in 0.. {
        match soon(cut(connector.connect("ws://chat.test/"), polls)).await {
            None => continue,
            Some(ws) => {
                let mut ws = ws.unwrap();
                ws.send("works").await.unwrap();
                assert_eq!(soon(ws.recv()).await.unwrap().as_text(), Some("works"));
                assert!(polls > 3, "connecting waited {polls} times");
                break;
            }
        }
    }
    // Whatever reached the server has ended.
    while balance > 0 || !open.is_empty() {
        balance += if soon(open.recv()).await.unwrap() { 1 } else { -1 };
    }
}

#[tokio::test]
async fn events_of_a_reconnecting_client_come_once_and_in_order() {
    let server = serve(|number, stream| async move {
        let Some(mut ws) = Ws::accept(stream).await else { return };
        ws.send(format!("a{number}")).await;
        ws.send(format!("b{number}")).await;
        ws.close(CloseCode::GOING_AWAY, "").await;
    })
    .await;
    for polls in RHYTHMS {
        let backoff = Backoff { first: Duration::from_millis(2), ..Backoff::default() };
        let mut feed = Connector::new().reconnecting(format!("ws://{server}/")).backoff(backoff);
        let mut events = Vec::new();
        while events.len() < 12 {
            if let Some(event) = cut(feed.recv(), polls).await {
                events.push(event.unwrap());
            }
            // Lets the sockets come to their word.
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        for events in events.chunks(4) {
            let [Event::Connected, Event::Message(a), Event::Message(b), Event::Disconnected { .. }] = events
            else {
                panic!("{events:?} by {polls}");
            };
            let (a, b) = (a.as_text().unwrap(), b.as_text().unwrap());
            assert_eq!((&a[..1], &b[..1], &a[1..]), ("a", "b", &b[1..]), "by {polls}");
        }
    }
}

#[tokio::test]
async fn a_reconnecting_clients_close_is_kept_when_it_is_cut() {
    let server = serve(|_, stream| echo(stream)).await;
    for polls in [0, 1, 2, 100] {
        let mut feed: Reconnecting = Connector::new().reconnecting(format!("ws://{server}/"));
        assert!(matches!(soon(feed.recv()).await, Some(Event::Connected)));
        cut(feed.close(CloseCode::NORMAL, "bye"), polls).await;
        if polls == 0 {
            feed.send("still there").await.unwrap();
            assert!(matches!(soon(feed.recv()).await, Some(Event::Message(_))));
            continue;
        }
        loop {
            match soon(feed.recv()).await {
                Some(Event::Disconnected { retry_in, .. }) => assert_eq!(retry_in, None),
                Some(event) => panic!("{event:?}"),
                None => break,
            }
        }
    }
    assert!(connect(&format!("ws://{server}/")).await.is_ok());
}
