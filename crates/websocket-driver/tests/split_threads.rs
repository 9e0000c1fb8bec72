//! The halves of a connection on two threads, with channels for the signals: what they are for.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use websocket_driver::{
    Cause, CloseCode, Closed, Config, Connection, Event, Input, Message, ReceiveHalf, SendHalf, Signal,
    Transmit,
};

/// What a reading thread waits for.
enum ToReceive {
    Octets(Vec<u8>),
    End,
    Reset,
    Signal(Signal),
}

/// What a writing thread waits for.
enum ToSend {
    Message(Message<'static>),
    Ping,
    Close,
    Reset,
    Signal(Signal),
}

/// Waits as long as a half allows; `None` if nothing came.
fn wait<T>(inbox: &Receiver<T>, until: Option<Instant>) -> Option<T> {
    let longest = Duration::from_secs(60);
    let time = until.map_or(longest, |until| until.saturating_duration_since(Instant::now()));
    match inbox.recv_timeout(time) {
        Ok(item) => Some(item),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => panic!("the half was not finished"),
    }
}

/// Reads until there is nothing more to read, and gives all that was told.
fn reads(
    mut half: ReceiveHalf,
    inbox: &Receiver<ToReceive>,
    other: &Sender<ToSend>,
    mut on_message: impl FnMut(Message<'static>) -> Option<ToSend>,
) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    while !half.is_finished() {
        let item = wait(inbox, half.poll_timeout());
        let now = Instant::now();
        match item {
            Some(ToReceive::Octets(mut octets)) => {
                let mut input = Input::new(&mut octets);
                while let Some(event) = half.receive(&mut input, now) {
                    let event = event.into_owned();
                    if let Event::Message(message) = &event
                        && let Some(answer) = on_message(message.clone())
                    {
                        _ = other.send(answer);
                    }
                    events.push(event);
                }
            }
            Some(ToReceive::End) => half.end_of_input(),
            Some(ToReceive::Reset) => half.connection_lost(),
            Some(ToReceive::Signal(signal)) => half.handle_signal(signal, now),
            None => half.handle_timeout(now),
        }
        events.extend(half.poll_event());
        while let Some(signal) = half.poll_signal() {
            // The other thread may be done already.
            _ = other.send(ToSend::Signal(signal));
        }
    }
    events
}

/// Writes until there is nothing more to write; gives how many messages were refused.
fn writes(
    mut half: SendHalf,
    inbox: &Receiver<ToSend>,
    other: &Sender<ToReceive>,
    wire: &Sender<ToReceive>,
) -> usize {
    let mut refused = 0;
    while !half.is_finished() {
        let item = wait(inbox, half.poll_timeout());
        let now = Instant::now();
        match item {
            Some(ToSend::Message(message)) => refused += usize::from(half.send(message).is_err()),
            Some(ToSend::Ping) => _ = half.ping(b"there?"),
            Some(ToSend::Close) => half.close(CloseCode::NORMAL, "bye", now).expect("a code"),
            Some(ToSend::Reset) => half.connection_lost(),
            Some(ToSend::Signal(signal)) => half.handle_signal(signal, now),
            None => half.handle_timeout(now),
        }
        // Before the octets, so that the other half knows of a close when the answer to it comes.
        while let Some(signal) = half.poll_signal() {
            _ = other.send(ToReceive::Signal(signal));
        }
        while let Some(transmit) = half.poll_transmit() {
            _ = wire.send(match transmit {
                Transmit::Bytes(bytes) => ToReceive::Octets(bytes.to_vec()),
                Transmit::Shutdown => ToReceive::End,
            });
        }
    }
    // The transport is dropped.
    _ = wire.send(ToReceive::End);
    refused
}

/// One side: its two threads and the ways to them.
struct End {
    to_receive: Sender<ToReceive>,
    to_send: Sender<ToSend>,
    reading: JoinHandle<Vec<Event<'static>>>,
    writing: JoinHandle<usize>,
}

impl End {
    /// Waits for both threads; what was told, and how it ended.
    fn join(self) -> (Vec<Event<'static>>, Closed) {
        let events = self.reading.join().expect("the reading thread");
        self.writing.join().expect("the writing thread");
        let ends = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
        assert_eq!(ends, 1, "the end is told once");
        let Some(Event::Closed(closed)) = events.last().cloned() else { panic!("the end is told last") };
        (events, closed)
    }
}

/// A client and a server on two threads each; the server answers every message with the same.
fn pair(config: Config) -> (End, End) {
    pair_with(config, |_| None)
}

/// The same with a client that does this on each message.
fn pair_with(
    config: Config,
    on_message: impl FnMut(Message<'static>) -> Option<ToSend> + Send + 'static,
) -> (End, End) {
    let config = Arc::new(config);
    let (client_in, client_inbox) = mpsc::channel();
    let (server_in, server_inbox) = mpsc::channel();
    let now = Instant::now();
    let client = Connection::client(config.clone(), || [1, 2, 3, 4], now);
    let server = Connection::server(config, now);
    let client = start(client, client_in.clone(), client_inbox, server_in.clone(), on_message);
    let server = start(server, server_in, server_inbox, client_in, |message| Some(ToSend::Message(message)));
    (client, server)
}

fn start(
    connection: Connection,
    to_receive: Sender<ToReceive>,
    inbox: Receiver<ToReceive>,
    wire: Sender<ToReceive>,
    on_message: impl FnMut(Message<'static>) -> Option<ToSend> + Send + 'static,
) -> End {
    let (receive, send) = connection.split();
    let (to_send, send_inbox) = mpsc::channel();
    let (other_send, other_receive) = (to_send.clone(), to_receive.clone());
    End {
        reading: thread::spawn(move || reads(receive, &inbox, &other_send, on_message)),
        writing: thread::spawn(move || writes(send, &send_inbox, &other_receive, &wire)),
        to_receive,
        to_send,
    }
}

fn messages(events: &[Event<'static>]) -> Vec<Message<'static>> {
    let message = |event: &Event<'static>| match event {
        Event::Message(message) => Some(message.clone()),
        _ => None,
    };
    events.iter().filter_map(message).collect()
}

/// Messages of many lengths, each of which is another.
fn number(n: usize) -> Message<'static> {
    Message::text(format!("{n} {}", "x".repeat(n % 500)))
}

#[test]
fn many_messages_go_both_ways_at_once() {
    const COUNT: usize = 5_000;
    let (client, server) = pair(Config::default());
    for n in 0..COUNT {
        client.to_send.send(ToSend::Message(number(n))).unwrap();
        server.to_send.send(ToSend::Message(Message::binary(vec![7; n % 300]))).unwrap();
        if n % 100 == 0 {
            client.to_send.send(ToSend::Ping).unwrap();
            server.to_send.send(ToSend::Ping).unwrap();
        }
    }
    client.to_send.send(ToSend::Close).unwrap();
    let (at_server, closed) = server.join();
    assert_eq!(closed, Closed { code: CloseCode::NORMAL, reason: "bye".to_owned(), cause: Cause::Peer });
    let (at_client, closed) = client.join();
    assert_eq!((closed.code, closed.cause), (CloseCode::NORMAL, Cause::Local));

    let all: Vec<Message> = (0..COUNT).map(number).collect();
    assert_eq!(messages(&at_server), all);
    // What had not come back before the close is not delivered any more; what has is in order.
    let (answers, own): (Vec<Message>, Vec<Message>) =
        messages(&at_client).into_iter().partition(|message| message.as_text().is_some());
    assert!(all.starts_with(&answers));
    assert!(own.iter().enumerate().all(|(n, message)| message.len() == n % 300));
}

#[test]
fn an_echo_comes_back_whole_and_a_ping_is_answered() {
    const COUNT: usize = 5_000;
    let (client, server) = pair_with(Config::default(), {
        let mut missing = COUNT;
        move |_| {
            missing -= 1;
            (missing == 0).then_some(ToSend::Close)
        }
    });
    client.to_send.send(ToSend::Ping).unwrap();
    for n in 0..COUNT {
        client.to_send.send(ToSend::Message(number(n))).unwrap();
    }
    let (events, closed) = client.join();
    // The server's reading thread learns of the ping before it learns of any message.
    assert!(events.iter().any(|event| matches!(event, Event::Pong(_))), "the ping was answered");
    assert_eq!(closed.cause, Cause::Local);
    assert!(messages(&events).into_iter().eq((0..COUNT).map(number)));
    assert_eq!(server.join().1.cause, Cause::Peer);
}

#[test]
fn both_may_close_at_once() {
    for _ in 0..50 {
        let (client, server) = pair(Config::default());
        server.to_send.send(ToSend::Close).unwrap();
        // Unless it heard of the server's close already and is done.
        _ = client.to_send.send(ToSend::Close);
        for closed in [client.join().1, server.join().1] {
            assert!(closed.is_clean(), "{closed:?}");
        }
    }
}

#[test]
fn a_peer_that_breaks_the_protocol_is_refused() {
    let (client, server) = pair(Config::default());
    // A frame without a mask, put on the wire behind the client's back.
    server.to_receive.send(ToReceive::Octets(b"\x81\x01x".to_vec())).unwrap();
    let (events, closed) = server.join();
    assert!(matches!(events[..], [Event::Error(_), Event::Closed(_)]));
    assert!(matches!(closed.cause, Cause::ProtocolError(_)));
    let (_, closed) = client.join();
    assert_eq!((closed.code, closed.cause), (CloseCode::PROTOCOL_ERROR, Cause::Peer));
}

#[test]
fn a_transport_that_is_lost_for_one_half_is_lost_for_both() {
    for while_reading in [true, false] {
        let (client, server) = pair(Config::default());
        if while_reading {
            client.to_receive.send(ToReceive::Reset).unwrap();
        } else {
            client.to_send.send(ToSend::Reset).unwrap();
        }
        for closed in [client.join().1, server.join().1] {
            assert_eq!(closed.cause, Cause::ConnectionLost);
        }
    }
}

#[test]
fn deadlines_are_kept_on_threads_too() {
    let quick = Config {
        ping_interval: None,
        idle_timeout: Some(Duration::from_millis(30)),
        close_timeout: Duration::from_millis(30),
        ..Config::default()
    };
    let (client, server) = pair(quick);
    for closed in [client.join().1, server.join().1] {
        assert!(matches!(closed.cause, Cause::IdleTimeout | Cause::ConnectionLost), "{closed:?}");
    }
}
