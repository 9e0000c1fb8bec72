//! Threads, listeners, and the way of a new connection to its worker, where there is no epoll: each is a task.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::negotiate;
use crate::backend::{Start, Stop};
use crate::listener::{Arrival, Socket};
use crate::worker;

/// How long accepting rests after an error, such as a process that has no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Starts the workers. The first accepts, too, and hands connections out in turn, so that they spread evenly.
pub(crate) fn start(mut start: Start) -> io::Result<Vec<JoinHandle<()>>> {
    let mut senders = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..start.workers {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, receiver) = mpsc::unbounded_channel();
        senders.push(sender);
        workers.push((runtime, receiver));
    }
    let mut listeners = Vec::new();
    for listener in start.listeners.iter() {
        let listener = listener.try_clone()?;
        listener.set_nonblocking()?;
        listeners.push(listener);
    }
    // A port is listened on while anybody holds its listener: from here on that is the one who accepts.
    start.listeners = std::sync::Arc::default();
    let mut threads = Vec::new();
    for (index, (runtime, receiver)) in workers.into_iter().enumerate() {
        let start = start.clone();
        let listeners = std::mem::take(&mut listeners);
        let senders = senders.clone();
        let thread = std::thread::Builder::new().name(format!("websocket-hub-{index}"));
        threads.push(thread.spawn(move || work(runtime, start, receiver, listeners, senders))?);
    }
    Ok(threads)
}

fn work(
    runtime: Runtime,
    start: Start,
    receiver: mpsc::UnboundedReceiver<Arrival>,
    listeners: Vec<Socket>,
    senders: Vec<mpsc::UnboundedSender<Arrival>>,
) {
    runtime.block_on(async {
        worker::begin(&worker::Local::shared(start.tracker.metrics().clone()));
        tokio::task::spawn(worker::sweep());
        for listener in listeners {
            tokio::spawn(accept(listener, senders.clone(), start.clone()));
        }
        drop(senders);
        serve(start, receiver).await;
    });
    // What is left has had its time. Dropping it tells the handlers.
    runtime.shutdown_background();
    worker::end();
}

/// Serves what is handed over until the server stops and everything has ended, or the time is up.
async fn serve(start: Start, mut receiver: mpsc::UnboundedReceiver<Arrival>) {
    loop {
        tokio::select! {
            Some(Arrival { stream, remote }) = receiver.recv() => {
                if let Ok(stream) = TcpStream::from_std(stream) {
                    let guard = start.tracker.task();
                    let start = start.clone();
                    tokio::spawn(async move {
                        let opened = Box::pin(negotiate::serve(stream, Vec::new(), remote.into(), &start)).await;
                        // A WebSocket counts by itself and needs nothing of this any more.
                        drop((guard, start));
                        if let Some(opened) = opened {
                            opened.await;
                        }
                    });
                }
            }
            () = start.stopping() => break,
        }
    }
    drop(receiver);
    let Stop::By(deadline) = *start.stop.borrow() else { return };
    if tokio::time::timeout_at(deadline.into(), start.tracker.idle()).await.is_err() {
        start.tracker.give_up();
    }
}

async fn accept(listener: Socket, senders: Vec<mpsc::UnboundedSender<Arrival>>, start: Start) {
    let Ok(listener) = Listener::new(listener) else { return };
    let mut turn = 0;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = start.stopping() => return,
        };
        match accepted.and_then(|arrival| arrival.set_nodelay().map(|()| arrival)) {
            Ok(connection) => {
                // A worker is gone only when the server stops.
                let _ = senders[turn % senders.len()].send(connection);
                turn = turn.wrapping_add(1);
            }
            Err(_) => tokio::time::sleep(ACCEPT_REST).await,
        }
    }
}

/// A listening socket on this runtime.
enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    fn new(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(listener) => TcpListener::from_std(listener).map(Listener::Tcp),
            #[cfg(unix)]
            Socket::Unix(listener) => UnixListener::from_std(listener).map(Listener::Unix),
        }
    }

    async fn accept(&self) -> io::Result<Arrival> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Arrival::tcp(stream.into_std()?, peer))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => Ok(Arrival::unix(listener.accept().await?.0.into_std()?)),
        }
    }
}
