//! fastwebsockets: its hyper examples; for a room, its two halves with a `tokio::sync::broadcast` between.

use std::convert::Infallible;

use bytes::Bytes;
use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use super::super::peer::Job;

/// As much as axum's.
const CAPACITY: usize = 4096;

pub async fn serve(listener: TcpListener, job: Job) {
    let (room, _) = broadcast::channel::<Bytes>(CAPACITY);
    while let Ok((stream, _)) = listener.accept().await {
        // A client that is gone already takes nothing from anybody.
        let _ = stream.set_nodelay(true);
        let room = room.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, job, room.clone()));
            // Its end is the client's business.
            let _ =
                http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
}

async fn answer(
    mut request: Request<Incoming>,
    job: Job,
    room: broadcast::Sender<Bytes>,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, upgraded) = upgrade(&mut request)?;
    tokio::spawn(tokio::task::unconstrained(async move {
        // Its end is the client's business.
        let _ = if job == Job::Echo { echo(upgraded).await } else { chat(upgraded, room).await };
    }));
    Ok(response)
}

async fn echo(upgraded: UpgradeFut) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            OpCode::Continuation | OpCode::Ping | OpCode::Pong => {}
        }
    }
}

async fn chat(upgraded: UpgradeFut, room: broadcast::Sender<Bytes>) -> Result<(), WebSocketError> {
    let (receiver, mut sender) = upgraded.await?.split(tokio::io::split);
    let mut receiver = FragmentCollectorRead::new(receiver);
    let mut heard = room.subscribe();
    let sending = async move {
        while let Ok(text) = heard.recv().await {
            sender.write_frame(Frame::text(Payload::Borrowed(&text))).await?;
        }
        Ok::<(), WebSocketError>(())
    };
    let receiving = async move {
        loop {
            // The load neither pings nor closes, so there is nothing to answer by itself.
            let mut answer = async |_: Frame<'_>| Ok::<(), Infallible>(());
            let frame = receiver.read_frame(&mut answer).await?;
            match frame.opcode {
                OpCode::Close => return Ok(()),
                OpCode::Text => drop(room.send(Bytes::copy_from_slice(&frame.payload))),
                OpCode::Binary | OpCode::Continuation | OpCode::Ping | OpCode::Pong => {}
            }
        }
    };
    // Two tasks, as its split is meant for; whichever ends takes the other with it.
    let mut sending = tokio::spawn(tokio::task::unconstrained(sending));
    tokio::select! {
        result = receiving => { sending.abort(); result }
        _ = &mut sending => Ok(()),
    }
}
