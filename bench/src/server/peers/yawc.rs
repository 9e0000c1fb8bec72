//! yawc: as its own benchmark's server is tuned, up to 32 messages that are there already before a flush; for a
//! room, a `tokio::sync::broadcast` beside.

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use yawc::{Frame, OpCode, Options, UpgradeFut, WebSocket};

use super::super::peer::Job;

/// Messages fed before a flush.
const BATCH: usize = 32;
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
) -> yawc::Result<Response<Empty<Bytes>>> {
    // Its limits are exclusive and default to 1 MiB.
    let mut options = Options::default().without_compression().with_utf8().with_limits(4 << 20, 8 << 20);
    if job == Job::Echo {
        options = options.with_read_buffer_capacity(128 << 10).with_backpressure_boundary(64 << 10);
    }
    let (response, upgraded) = WebSocket::upgrade_with_options(&mut request, options)?;
    tokio::spawn(async move {
        // Its end is the client's business.
        let _ = if job == Job::Echo { echo(upgraded).await } else { chat(upgraded, room).await };
    });
    Ok(response)
}

async fn echo(upgraded: UpgradeFut) -> yawc::Result<()> {
    let mut socket = upgraded.await?;
    while let Some(frame) = socket.next().await {
        let mut next = Some(frame);
        let mut fed = 0;
        while let Some(frame) = next {
            if matches!(frame.opcode(), OpCode::Text | OpCode::Binary) {
                socket.feed(frame).await?;
            }
            fed += 1;
            next = if fed < BATCH { socket.next().now_or_never().flatten() } else { None };
        }
        socket.flush().await?;
    }
    Ok(())
}

async fn chat(upgraded: UpgradeFut, room: broadcast::Sender<Bytes>) -> yawc::Result<()> {
    let (mut sender, mut receiver) = upgraded.await?.split();
    let mut heard = room.subscribe();
    loop {
        tokio::select! {
            frame = receiver.next() => match frame {
                Some(frame) if frame.opcode() == OpCode::Text => drop(room.send(frame.into_payload())),
                Some(_) => {}
                None => return Ok(()),
            },
            text = heard.recv() => {
                let Ok(text) = text else { return Ok(()) };
                sender.feed(Frame::text(text)).await?;
                for _ in 1..BATCH {
                    let Ok(text) = heard.try_recv() else { break };
                    sender.feed(Frame::text(text)).await?;
                }
                sender.flush().await?;
            }
        }
    }
}
