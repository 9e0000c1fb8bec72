//! sockudo-ws: its PubSub example, an unbounded channel a subscriber; its echo example.

use std::sync::Arc;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use sockudo_ws::error::Result;
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::pubsub::PubSub;
use sockudo_ws::{Config, Message, WebSocketStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::super::peer::Job;

const TOPIC: &str = "room";

pub async fn serve(listener: TcpListener, job: Job) {
    sockudo_ws::init_clock();
    let room = Arc::new(PubSub::new());
    while let Ok((stream, _)) = listener.accept().await {
        // A client that is gone already takes nothing from anybody.
        let _ = stream.set_nodelay(true);
        let room = Arc::clone(&room);
        tokio::spawn(async move {
            // Its end is the client's business.
            let _ = if job == Job::Echo { echo(stream).await } else { chat(stream, room).await };
        });
    }
}

async fn handshake(mut stream: TcpStream) -> Result<TcpStream> {
    let mut head = BytesMut::with_capacity(4096);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(sockudo_ws::Error::ConnectionClosed);
        }
        if let Some((request, _)) = parse_request(&head)? {
            let answer = build_response(&generate_accept_key(request.key), None, None);
            stream.write_all(&answer).await?;
            return Ok(stream);
        }
    }
}

async fn echo(stream: TcpStream) -> Result<()> {
    let mut socket = WebSocketStream::server(handshake(stream).await?, config());
    while let Some(message) = socket.next().await {
        match message? {
            message @ (Message::Text(_) | Message::Binary(_)) => socket.send(message).await?,
            Message::Close(_) => break,
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
    Ok(())
}

async fn chat(stream: TcpStream, room: Arc<PubSub>) -> Result<()> {
    let (sender, mut heard) = mpsc::unbounded_channel();
    let (mut reader, mut writer) = WebSocketStream::server(handshake(stream).await?, config()).split();
    let subscriber = room.create_subscriber(sender);
    room.subscribe(subscriber, TOPIC);
    loop {
        tokio::select! {
            message = reader.next() => match message {
                Some(Ok(message @ Message::Text(_))) => drop(room.publish(TOPIC, message)),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
            Some(message) = heard.recv() => if writer.send(message).await.is_err() {
                break;
            },
        }
    }
    room.remove_subscriber(subscriber);
    Ok(())
}

fn config() -> Config {
    Config::default()
}
