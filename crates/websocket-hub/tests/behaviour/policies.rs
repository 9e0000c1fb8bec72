//! A subscriber that reads more slowly than is published: what each policy spares it, counted to the last message.

use std::sync::{Arc, Mutex};

use websocket_hub::{
    Backend, CloseCode, Handshake, Message, Origins, Policy, Refused, Request, Response, Server, Topic,
    WebSocket,
};

use crate::client::Client;
use crate::log::{Log, Told};
use crate::on_each_backend_and_version;
use crate::peer::{Peer, frame, text};
use crate::transport::serve;
use crate::waiting::eventually;

/// So far a subscriber may be behind.
const LIMIT: usize = 128 * 1024;

/// More messages than any kernel keeps for a connection whose peer does not read.
const ENOUGH: usize = 4096;

const LENGTH: usize = 16 * 1024;

/// A topic that everybody who connects is in.
struct Stage {
    server: Server,
    topic: Topic,
    log: Log,
    sockets: Arc<Mutex<Vec<WebSocket>>>,
}

impl Stage {
    fn serve(backend: Backend, policy: Policy) -> Stage {
        let (topic, log) = (Topic::with_policy(policy), Log::default());
        let sockets = Arc::<Mutex<Vec<WebSocket>>>::default();
        let (joined, noted, kept) = (topic.clone(), log.clone(), sockets.clone());
        let handshake = Handshake::new().origins(Origins::any());
        let app = move |request: Request| -> Result<Response, Refused> {
            let name = request.uri().path().trim_start_matches('/').to_owned();
            let (joined, kept) = (joined.clone(), kept.clone());
            let [opened, said, closed] = std::array::from_fn(|_| (noted.clone(), name.clone()));
            Ok(handshake
                .upgrade(request)?
                .on_open(move |ws| {
                    joined.subscribe(ws);
                    kept.lock().unwrap().push(ws.clone());
                    opened.0.note(&opened.1, Told::Open);
                })
                .on_message(move |_, message| said.0.note(&said.1, Told::Message(message.into_owned())))
                .on_close(move |_, how| closed.0.note(&closed.1, Told::Close(how.clone())))
                .start())
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        Stage { server, topic, log, sockets }
    }

    /// A client that reads, and a peer that does not; the server's handle of the latter.
    fn fast_and_slow(&self) -> (Client, Peer, WebSocket) {
        let fast = Client::connect(&self.server, "fast");
        self.log.wait_open("fast");
        let slow = Peer::open_small(&self.server, "slow");
        self.log.wait_open("slow");
        let ws = self.sockets.lock().unwrap().last().unwrap().clone();
        (fast, slow, ws)
    }

    /// The server counts what the topic does, under the name of the policy.
    fn assert_counted(&self, reason: &str) {
        let dropped = self.server.metrics().snapshot().dropped;
        assert_eq!(dropped.get(reason), Some(&self.topic.dropped()), "{dropped:?}");
    }

    /// Publishes numbered messages, each once the fast one has the last, until this many were dropped. Says how many
    /// there were.
    fn publish_until_dropped(&self, fast: &mut Client, dropped: u64) -> usize {
        for number in 0..ENOUGH {
            if self.topic.dropped() >= dropped {
                return number;
            }
            let key = (number % KEYS).to_string();
            assert_eq!(self.topic.publish_keyed(key, format!("{number:0LENGTH$}")), 2);
            assert_eq!(fast.text().parse(), Ok(number), "nobody else misses anything");
        }
        panic!("nothing was ever dropped");
    }
}

/// How many kinds of publications there are.
const KEYS: usize = 4;

/// The numbers that a peer reads until it is told the end.
fn read_until_end(peer: &mut Peer) -> Vec<usize> {
    let texts = std::iter::repeat_with(|| peer.text()).take_while(|text| text != "end");
    texts.map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_slow_subscriber_is_spared_what_the_policy_says_and_every_loss_is_counted() {
    for policy in [Policy::drop_new(), Policy::drop_old(), Policy::keep_latest()] {
        on_each_backend_and_version(|backend| {
            let stage = Stage::serve(backend, policy.limit(LIMIT));
            let (mut fast, mut slow, ws) = stage.fast_and_slow();
            let published = stage.publish_until_dropped(&mut fast, 50);
            assert!(ws.is_open(), "it is not closed");
            ws.send("end").unwrap();
            let mut heard = read_until_end(&mut slow);
            assert_eq!(heard.len() + usize::try_from(stage.topic.dropped()).unwrap(), published);
            stage.assert_counted(match policy {
                _ if policy == Policy::drop_new() => "drop-new",
                _ if policy == Policy::drop_old() => "drop-old",
                _ => "keep-latest",
            });
            assert!(heard.is_sorted(), "{heard:?}");
            let newest: Vec<usize> = (published - KEYS..published).collect();
            match policy {
                _ if policy == Policy::drop_new() => assert!(heard.iter().copied().eq(0..heard.len())),
                _ => assert!(heard.ends_with(&newest), "{newest:?} of {heard:?}"),
            }
            // From here on it keeps up, and misses nothing more.
            let dropped = stage.topic.dropped();
            heard.clear();
            for number in published..published + 10 {
                stage.topic.publish_keyed("0", format!("{number:0LENGTH$}"));
                heard.push(slow.text().parse().unwrap());
            }
            assert!(heard.into_iter().eq(published..published + 10));
            assert_eq!(stage.topic.dropped(), dropped);
        });
    }
}

#[test]
fn what_a_subscriber_was_not_given_when_it_was_closed_is_counted_too() {
    on_each_backend_and_version(|backend| {
        let stage = Stage::serve(backend, Policy::close().limit(LIMIT));
        let (mut fast, mut slow, ws) = stage.fast_and_slow();
        let mut said_to_slow = 0;
        for number in 0.. {
            assert!(number < ENOUGH, "it was never behind");
            let said_to = stage.topic.publish(format!("{number:0LENGTH$}"));
            assert_eq!(fast.text().parse(), Ok(number));
            if said_to == 1 {
                break;
            }
            said_to_slow += 1;
        }
        eventually("it is closing", || !ws.is_open());
        assert_eq!(stage.topic.publish("later"), 1);
        let mut heard = 0;
        let goodbye = loop {
            let frame = slow.frame().expect("a close frame before the end");
            if frame.first == 0x88 {
                break frame;
            }
            heard += 1;
        };
        assert_eq!(goodbye, crate::peer::Frame::close(1013, "fell behind"));
        eventually("all is counted", || heard + stage.topic.dropped() == said_to_slow);
        stage.assert_counted("fell-behind");
    });
}

/// What a peer that does not read is owed beside publications goes before all that waits of them.
#[test]
fn control_frames_wait_for_no_publication() {
    on_each_backend_and_version(|backend| {
        let stage = Stage::serve(backend, Policy::drop_old().limit(8 << 20));
        let (mut fast, mut slow, ws) = stage.fast_and_slow();
        let published = 512;
        for number in 0..published {
            stage.topic.publish(format!("{number:0LENGTH$}"));
            assert_eq!(fast.text().parse(), Ok(number));
        }
        eventually("it lags", || ws.queued() > 1 << 20);
        let lag = ws.queued() / LENGTH;
        slow.write([frame(0x89, b"are you there?"), text("still here")].concat());
        stage.log.wait("slow", |told| told.contains(&Told::text("still here")));
        // Its own pings and pongs are seen to although it reads nothing.
        let mut before = 0;
        loop {
            let frame = slow.frame().expect("an answer");
            if frame.first == 0x8A {
                assert_eq!(frame.payload, b"are you there?");
                break;
            }
            before += 1;
        }
        ws.send("end").unwrap();
        let after = read_until_end(&mut slow).len();
        assert_eq!(before + after, published);
        assert!(after > lag / 2, "{before} before the answer, {after} after it");
    });
}

#[test]
fn who_unsubscribes_while_behind_is_given_what_was_published_before() {
    on_each_backend_and_version(|backend| {
        let stage = Stage::serve(backend, Policy::close().limit(8 << 20));
        let (mut fast, mut slow, ws) = stage.fast_and_slow();
        for number in 0..400 {
            stage.topic.publish(format!("{number:0LENGTH$}"));
            assert_eq!(fast.text().parse(), Ok(number));
        }
        eventually("it lags", || ws.queued() > 0);
        stage.topic.unsubscribe(&ws);
        assert_eq!(stage.topic.publish(format!("{:0LENGTH$}", 400)), 1);
        assert_eq!(fast.text().parse(), Ok(400));
        stage.topic.subscribe(&ws);
        assert_eq!(stage.topic.publish(format!("{:0LENGTH$}", 401)), 2);
        ws.send("end").unwrap();
        assert!(read_until_end(&mut slow).into_iter().eq((0..400).chain([401])));
        assert_eq!(stage.topic.dropped(), 0);
    });
}

#[test]
fn a_goodbye_stands_behind_what_was_published_before_it() {
    on_each_backend_and_version(|backend| {
        let stage = Stage::serve(backend, Policy::close().limit(8 << 20));
        let (mut fast, mut slow, ws) = stage.fast_and_slow();
        for number in 0..400 {
            stage.topic.publish(format!("{number:0LENGTH$}"));
            assert_eq!(fast.text().parse(), Ok(number));
        }
        ws.close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(stage.topic.publish("later"), 1);
        for number in 0..400 {
            assert_eq!(slow.text().parse(), Ok(number));
        }
        assert_eq!(slow.close_code(), 1000);
    });
}

/// A stall of one is no stall of others, however many messages flow.
#[test]
fn a_subscriber_that_ends_while_it_is_behind_holds_up_nobody() {
    on_each_backend_and_version(|backend| {
        let stage = Stage::serve(backend, Policy::drop_old().limit(LIMIT));
        let (mut fast, slow, _) = stage.fast_and_slow();
        stage.publish_until_dropped(&mut fast, 1);
        slow.reset();
        stage.log.wait_closed("slow");
        eventually("it has left", || stage.topic.len() == 1);
        for number in 0..200 {
            assert_eq!(stage.topic.publish(Message::text(format!("{number:0LENGTH$}"))), 1);
            assert_eq!(fast.text().parse(), Ok(number));
        }
    });
}
