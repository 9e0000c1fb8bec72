//! What a witness beside each monkey writes down, what the server has of it, and what the pages show of that.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::room::{Guest, PATIENCE, Room};

/// How long all that was said may take to arrive, once everything works again.
const ARRIVAL: std::time::Duration = std::time::Duration::from_secs(120);

/// Writes down, where a reload does not reach, what a box took care of when it was sent and was no edit; and keeps hands
/// off what takes a text away on purpose, and what makes somebody else of them: keys reach all buttons.
pub(super) const WITNESS: &str = "(() => {
    addEventListener('click', (event) => {
        const { does, testid } = event.target.closest?.('[data-does], [data-testid=delete]')?.dataset ?? {};
        if (testid === 'delete' || (does && !ALLOWED.includes(does))) {
            event.stopImmediatePropagation();
            event.preventDefault();
        }
    }, true);
    // Another language loads the page anew.
    addEventListener('change', (event) => {
        if (event.target.dataset.testid === 'set-language') event.stopImmediatePropagation();
    }, true);
    const boxOf = ({ target }) => target.querySelector(':scope textarea');
    document.addEventListener('submit', (event) => {
        const box = boxOf(event);
        if (box) box.about = { text: box.value.trimEnd(), place: box.dataset.place };
    }, true);
    document.addEventListener('submit', (event) => {
        const box = boxOf(event);
        if (!box?.about.text || box.value !== '' || box.about.place.includes('/edit/')) return;
        const said = JSON.parse(localStorage.getItem('said') ?? '[]');
        localStorage.setItem('said', JSON.stringify([...said, box.about.text]));
    });
})();";

/// Everything that the server shows the person of this tab, asked without the page: who they are, and the messages
/// of their rooms.
const TRUTH: &str = "new Promise((done, failed) => {
    const socket = new WebSocket(`ws://${location.host}/chat`, 'parlor.v1');
    const rooms = {};
    let you = '', open = 0;
    const ids = [];
    const ask = (id, after) => {
        open += 1;
        socket.send(JSON.stringify({ type: 'history', id, room: ids[id], after, limit: 200 }));
    };
    socket.onerror = () => failed(new Error('the server cannot be asked'));
    socket.onmessage = ({ data }) => {
        const line = JSON.parse(data);
        if (line.type === 'welcome') {
            you = line.you.id;
            for (const { room } of line.rooms) { rooms[room] = []; ids.push(room); ask(ids.length - 1, 0); }
        } else if (line.type === 'ok') {
            open -= 1;
            rooms[ids[line.id]].push(...line.messages);
            if (line.after) ask(line.id, line.messages.at(-1).sequence);
        } else if (line.type === 'error') {
            failed(new Error(data));
        }
        if (open === 0 && you !== '') { socket.close(); done({ you, rooms }); }
    };
})";

/// A message as the server has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    by: String,
    text: String,
    is_edited: bool,
    is_beside: bool,
}

/// Messages by their room and their place in it.
type Rooms = BTreeMap<String, BTreeMap<u64, Message>>;

/// What the server shows one person.
struct Truth {
    you: String,
    rooms: Rooms,
}

async fn truth(guest: &Guest) -> Truth {
    let told = guest.tab.evaluate(TRUTH).await;
    let rooms = told["rooms"].as_object().expect("rooms").iter();
    let rooms = rooms.map(|(room, messages)| {
        let messages = messages.as_array().expect("messages").iter().map(|message| {
            let text = |field: &str| message[field].as_str().expect("a text").to_string();
            let has = |field: &str| message.get(field).is_some_and(|value| !value.is_null());
            let (by, is_edited, is_beside) = (text("by"), has("edited_at"), has("thread"));
            let known = Message { by, text: text("text"), is_edited, is_beside };
            (message["sequence"].as_u64().expect("a place"), known)
        });
        (room.clone(), messages.collect())
    });
    Truth { rooms: rooms.collect(), you: told["you"].as_str().expect("an id").to_string() }
}

/// What the witness of a person has written down.
async fn said(guest: &Guest) -> Vec<String> {
    let said = guest.tab.evaluate("JSON.parse(localStorage.getItem('said') ?? '[]')").await;
    said.as_array().expect("a list").iter().filter_map(Value::as_str).map(String::from).collect()
}

/// Waits until everything that was said has arrived, exactly once, and nothing else has.
///
/// Of what was edited since, the first text is known no more, so it counts for one of what is not found.
pub(super) async fn everything_has_arrived(guests: &[Guest]) -> usize {
    let mut total = 0;
    for guest in guests {
        let said = said(guest).await;
        total += said.len();
        let deadline = std::time::Instant::now() + ARRIVAL;
        let wrong = loop {
            let mut all = Rooms::new();
            let mut you = String::new();
            for other in guests {
                let truth = truth(other).await;
                if std::ptr::eq(other, guest) {
                    you = truth.you;
                }
                for (room, messages) in truth.rooms {
                    all.entry(room).or_default().extend(messages);
                }
            }
            let own = all.values().flat_map(BTreeMap::values).filter(|message| message.by == you);
            let wrong = difference(&said, own);
            if wrong.is_empty() || std::time::Instant::now() > deadline {
                break wrong;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        };
        assert!(wrong.is_empty(), "of {}: {wrong:#?}", guest.name);
    }
    total
}

fn difference<'a>(said: &[String], arrived: impl Iterator<Item = &'a Message>) -> Vec<String> {
    let mut missing: Vec<&str> = said.iter().map(String::as_str).collect();
    let mut wrong = Vec::new();
    let mut edited = 0;
    for message in arrived {
        match missing.iter().position(|said| *said == message.text) {
            _ if message.is_edited => edited += 1,
            Some(found) => _ = missing.swap_remove(found),
            None => wrong.push(format!("too much: {}", message.text)),
        }
    }
    if missing.len() != edited {
        let missing = missing.iter().map(|text| format!("missing: {text}"));
        wrong.extend(missing.chain([format!("{edited} were edited")]));
    }
    wrong
}

/// Everybody's page shows the end of every room that they are in as the server has it, and all pages the same.
pub(super) async fn pages_agree(room: &Room, guests: &[Guest]) {
    let mut seen: BTreeMap<(String, u64), String> = BTreeMap::new();
    for guest in guests {
        let truth = truth(guest).await;
        for (id, messages) in truth.rooms {
            let wanted: Vec<u64> =
                messages.iter().filter(|(_, message)| !message.is_beside).map(|(place, _)| *place).collect();
            let shown = shown(guest, &id, wanted.last().copied()).await;
            let places: Vec<u64> = shown.iter().map(|(place, _)| *place).collect();
            assert!(wanted.ends_with(&places), "{id} of {}: {places:?}, not {wanted:?}", guest.name);
            for (place, text) in shown {
                let first = seen.entry((id.clone(), place)).or_insert_with(|| text.clone()).clone();
                assert_eq!(text, first, "{id} {place} of {} at {}", guest.name, room.address());
            }
        }
    }
}

/// Goes to a room, to its end, and answers with the places and the texts that are shown.
async fn shown(guest: &Guest, id: &str, last: Option<u64>) -> Vec<(u64, String)> {
    let (id, last) = (Value::from(id), Value::from(last));
    guest.tab.evaluate(&format!("document.querySelector(`.place[data-room='${{{id}}}']`).click()")).await;
    // The way to the end may be open for a moment only: it is taken whenever it is.
    let is_there = format!(
        "(() => {{
            const pill = document.querySelector('[data-testid=newer]');
            if (!pill.hidden) pill.click();
            const rows = [...document.querySelectorAll('.stage .message')];
            const isSettled = rows.every((row) => row.classList.contains('settled'));
            return document.querySelector('#composer').dataset.place.split('/')[0] === {id} && isSettled
                && pill.hidden && (rows.at(-1)?.dataset.sequence ?? null) === ({last}?.toString() ?? null);
        }})()"
    );
    guest.tab.wait_for(&is_there, PATIENCE).await;
    let rows = "[...document.querySelectorAll('.stage .message')].map((row) => \
        [Number(row.dataset.sequence), row.querySelector('[data-testid=text]').textContent])";
    let rows = guest.tab.evaluate(rows).await;
    let rows = rows.as_array().expect("a list").iter();
    rows.map(|row| (row[0].as_u64().expect("a place"), row[1].as_str().expect("a text").to_string()))
        .collect()
}
