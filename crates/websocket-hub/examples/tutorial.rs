//! The chat of the tutorial: whoever connects gets a nickname, and everybody hears everybody.
//!
//! `tutorial [CHAT_PORT [PAGE_PORT]]`, then open <http://localhost:8080> in two tabs.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use websocket_hub::{CloseCode, Handshake, Message, Origins, Refused, Request, Response, Topic};
use websocket_hub::{WebSocket, serve};

/// Everybody who is present: who hears what is said, and under which nickname each speaks.
#[derive(Clone, Default)]
struct Room(Topic, Arc<Mutex<HashMap<u64, String>>>);

impl Room {
    fn nicknames(&self) -> MutexGuard<'_, HashMap<u64, String>> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the newcomer a nickname that nobody else present has.
fn handle_new_connection(room: &Room, ws: &WebSocket) {
    let mut nicknames = room.nicknames();
    let random = RandomState::new().hash_one(ws.id()) % 100_000;
    let mut candidates = (0..100_000).map(|step| format!("user-{}", (random + step) % 100_000));
    let free = candidates.find(|name| !nicknames.values().any(|taken| taken == name));
    nicknames.insert(ws.id(), free.expect("no process holds 100,000 connections"));
    room.0.subscribe(ws);
}

/// Says what one says to everybody, the one included.
fn broadcast_to_room(room: &Room, ws: &WebSocket, message: &Message) {
    match (room.nicknames().get(&ws.id()), message) {
        (Some(nickname), Message::Text(text)) => _ = room.0.publish(format!("{nickname}: {text}")),
        _ => _ = ws.close(CloseCode::UNSUPPORTED, "text only"),
    }
}

/// Tells the rest who has left.
fn handle_close_connection(room: &Room, ws: &WebSocket) {
    if let Some(nickname) = room.nicknames().remove(&ws.id()) {
        room.0.publish(format!(" .... {nickname} has left."));
    }
}

fn chat_server(room: &Room, handshake: &Handshake, request: Request) -> Result<Response, Refused> {
    let (opened, said, closed) = (room.clone(), room.clone(), room.clone());
    let upgrade = handshake.upgrade(request)?.on_open(move |ws| handle_new_connection(&opened, ws));
    let upgrade = upgrade.on_message(move |ws, message| broadcast_to_room(&said, ws, &message));
    Ok(upgrade.on_close(move |ws, _| handle_close_connection(&closed, ws)).start())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut ports = std::env::args().skip(1).map(|port| port.parse::<u16>());
    let chat = TcpListener::bind(("127.0.0.1", ports.next().transpose()?.unwrap_or(12345)))?;
    let page = TcpListener::bind(("127.0.0.1", ports.next().transpose()?.unwrap_or(8080)))?;
    let (chat_port, page_port) = (chat.local_addr()?.port(), page.local_addr()?.port());

    // A page on another port is a page of another origin, which may connect only because it is named here.
    let origins = ["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{page_port}"));
    let handshake = Handshake::new().origins(origins.into_iter().fold(Origins::same(), Origins::allow));
    let room = Room::default();
    let chat = serve(move |request: Request| chat_server(&room, &handshake, request)).listen([chat])?;

    let html = include_str!("tutorial.html").replace("CHAT_PORT", &chat_port.to_string());
    let html_server = serve(move |_: Request| {
        let mut response = Response::new(html.clone().into());
        let html_type = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert("content-type", html_type);
        response
    });
    let page = html_server.listen([page])?;
    println!("chat on ws://{}, page on http://{}", chat.address(), page.address());
    chat.wait();
    Ok(())
}
