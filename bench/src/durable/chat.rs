//! Messages through `Chat`: each sender waits for the acknowledgement before the next, and a listener hears them.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Options, Sqlite};
use parlor_chat::{Action, Chat, Key, Origin, PersonId, Proposal, RoomId, Timestamp, Visibility};

use super::{Result, TEXT, Turn, turn};
use crate::rounds::{cpu_time, process_time};
use crate::server::histogram::Histogram;

const PEOPLE: usize = 1_024;
/// How many of the rooms each of them is in, if there are so many.
const ROOMS_OF_EACH: u64 = 5;

/// What the senders hear, in this order for each message.
pub enum Heard {
    /// A sender's message is durable, or why it is not.
    Acknowledged(usize, std::result::Result<(), String>),
    /// A listener was told of messages by these senders.
    Told(Vec<usize>),
}

/// What was heard and not yet taken up. As in the server, whoever asked is woken once for a batch, not for each answer.
#[derive(Default)]
pub struct News {
    heard: Mutex<Vec<Heard>>,
    came: Condvar,
}

impl News {
    pub fn add(&self, heard: Heard, wakes: bool) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        if wakes {
            self.came.notify_one();
        }
    }

    /// What was added without waking is complete.
    pub fn wake(&self) {
        self.came.notify_one();
    }

    /// Waits until something is heard, and takes all of it.
    pub fn take(&self, into: &mut Vec<Heard>) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.came.wait_while(heard, |heard| heard.is_empty());
        std::mem::swap(&mut *waited.unwrap_or_else(PoisonError::into_inner), into);
    }
}

/// Keeps so many senders busy, each with one message under way.
pub fn acknowledgements(path: &Path, in_flight: usize, rooms: u64, duration: Duration) -> Result<Turn> {
    let mut log = LocalLog::open(Sqlite::open(path, Options::default())?)?;
    people_and_rooms(&mut log, rooms)?;
    let news = Arc::new(News::default());
    let listener = news.clone();
    let chat = Chat::start(
        log,
        Box::new(move |outcomes| {
            let events = outcomes.iter().filter_map(|outcome| outcome.event.as_ref());
            let senders = events.map(|event| event.by.0 as usize - 1).collect();
            listener.add(Heard::Told(senders), true);
        }),
    )?;
    keep_under_way(&[chat], &news, in_flight, rooms, duration)
}

/// Keeps so many senders busy, spread over the nodes of a chat.
pub fn keep_under_way(
    chats: &[Chat],
    news: &Arc<News>,
    in_flight: usize,
    rooms: u64,
    duration: Duration,
) -> Result<Turn> {
    let text: Arc<str> = "x".repeat(TEXT).into();
    let start = Instant::now();
    // The load's own thread is not the chat.
    let used = || process_time().saturating_sub(cpu_time());
    let before = used();
    let (mut commit, mut delivery) = (Histogram::default(), Histogram::default());
    let mut asked = vec![start; in_flight];
    let mut answered = asked.clone();
    let mut count = 0;
    for (sender, asked) in asked.iter_mut().enumerate() {
        *asked = Instant::now();
        say(&chats[sender % chats.len()], sender, count + sender as u64, rooms, &text, news.clone())?;
    }
    let mut next = in_flight as u64;
    let mut under_way = in_flight;
    let mut heard = Vec::new();
    while under_way > 0 {
        news.take(&mut heard);
        for heard in heard.drain(..) {
            let now = Instant::now();
            match heard {
                Heard::Acknowledged(sender, outcome) => {
                    outcome?;
                    count += 1;
                    commit.add(now - asked[sender]);
                    answered[sender] = asked[sender];
                    if start.elapsed() >= duration {
                        under_way -= 1;
                        continue;
                    }
                    asked[sender] = now;
                    say(&chats[sender % chats.len()], sender, next, rooms, &text, news.clone())?;
                    next += 1;
                }
                Heard::Told(senders) => {
                    senders.iter().for_each(|sender| delivery.add(now - answered[*sender]));
                }
            }
        }
    }
    Ok(turn(count, start, used() - before, commit, delivery))
}

/// One sender's next message, with a key as a client makes it: a UUID of version 7.
pub fn say(chat: &Chat, sender: usize, number: u64, rooms: u64, text: &str, news: Arc<News>) -> Result<()> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let key = format!("{:08x}-{:04x}-7{:03x}-8000-{number:012x}", at >> 16, at & 0xffff, number & 0xfff);
    let proposal = Proposal {
        at: Timestamp(at),
        by: person(sender),
        key: Some(Key::new(key).map_err(|_| "a UUID is a key")?),
        action: Action::Post {
            room: room(sender as u64 % rooms),
            text: text.into(),
            reply_to: None,
            thread: None,
            mentions: Vec::new(),
        },
    };
    let answer = move |outcome: std::result::Result<&parlor_chat::Outcome, parlor_chat::Trouble>| {
        let accepted = match outcome {
            Ok(outcome) => outcome.verdict.map(drop).map_err(|refusal| refusal.to_string()),
            Err(trouble) => Err(trouble.to_string()),
        };
        // Nobody tells listeners of what failed.
        let wakes = accepted.is_err();
        news.add(Heard::Acknowledged(sender, accepted), wakes);
    };
    chat.submit(proposal, Box::new(answer));
    Ok(())
}

fn person(number: usize) -> PersonId {
    PersonId(1 + number as u64)
}

fn room(number: u64) -> RoomId {
    RoomId(100 + number)
}

/// Everybody comes, and joins the room that they will speak in and some others.
pub fn people_and_rooms(log: &mut impl Log, rooms: u64) -> Result<()> {
    let arrive = |number| {
        let action = Action::Arrive { nickname: format!("user-{number}"), from: Origin::default() };
        (person(number), action)
    };
    let create = |number| {
        let (name, topic) = (format!("room {number}"), String::new());
        let room = room(number);
        (person(0), Action::CreateRoom { room, visibility: Visibility::Public, name, topic })
    };
    let join = |number: usize| {
        let rooms = (0..rooms.min(ROOMS_OF_EACH)).map(move |other| room((number as u64 + other) % rooms));
        rooms.map(move |room| (person(number), Action::Join { room }))
    };
    // A log that several nodes share keeps the order of what one person asks for, and of what comes one after another.
    append(log, (0..PEOPLE).map(arrive))?;
    append(log, (0..rooms).map(create))?;
    append(log, (1..PEOPLE).flat_map(join))
}

fn append(log: &mut impl Log, asked: impl Iterator<Item = (PersonId, Action)>) -> Result<()> {
    let at = Timestamp(1_763_744_400_000);
    let proposals = asked.map(|(by, action)| Proposal { at, by, key: None, action });
    for outcome in log.append(&proposals.collect::<Vec<_>>())? {
        outcome.verdict?;
    }
    Ok(())
}
