//! axum: its chat example, a `tokio::sync::broadcast` and two tasks a connection; its echo example.

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use super::super::peer::Job;

/// The example has 100, and drops what does not fit; here nothing may be lost.
const CAPACITY: usize = 4096;

pub async fn serve(listener: TcpListener, job: Job) {
    let (room, _) = broadcast::channel::<Utf8Bytes>(CAPACITY);
    let router = if job == Job::Echo {
        Router::new().route("/", any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
    } else {
        let route =
            any(async move |upgrade: WebSocketUpgrade| upgrade.on_upgrade(|socket| chat(socket, room)));
        Router::new().route("/", route)
    };
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await.expect("a listener that works");
}

async fn chat(socket: WebSocket, room: broadcast::Sender<Utf8Bytes>) {
    let (mut sender, mut receiver) = socket.split();
    let mut heard = room.subscribe();
    let mut sending = tokio::spawn(async move {
        while let Ok(text) = heard.recv().await {
            if sender.send(Message::Text(text)).await.is_err() {
                break;
            }
        }
    });
    let mut receiving = tokio::spawn(async move {
        while let Some(Ok(Message::Text(text))) = receiver.next().await {
            // Nobody being there is no error.
            let _ = room.send(text);
        }
    });
    tokio::select! {
        _ = &mut sending => receiving.abort(),
        _ = &mut receiving => sending.abort(),
    }
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}
