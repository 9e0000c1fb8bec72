//! tokio-tungstenite: its server example, an unbounded channel a peer; its echo example.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::{StreamExt, TryStreamExt, future};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::super::peer::Job;

type Peers = Arc<Mutex<HashMap<SocketAddr, UnboundedSender<Message>>>>;

pub async fn serve(listener: TcpListener, job: Job) {
    let peers = Peers::default();
    while let Ok((stream, address)) = listener.accept().await {
        // A client that is gone already takes nothing from anybody.
        let _ = stream.set_nodelay(true);
        if job == Job::Echo {
            tokio::spawn(echo(stream));
        } else {
            tokio::spawn(chat(Arc::clone(&peers), stream, address));
        }
    }
}

async fn chat(peers: Peers, stream: TcpStream, address: SocketAddr) {
    let Ok(socket) = accept_async(stream).await else { return };
    let (sender, receiver) = unbounded();
    peers.lock().expect("no panic").insert(address, sender);
    let (outgoing, incoming) = socket.split();
    let receiving = incoming.try_for_each(|message| {
        if message.is_text() {
            for peer in peers.lock().expect("no panic").values() {
                // A peer whose task is over is about to be taken out.
                let _ = peer.unbounded_send(message.clone());
            }
        }
        future::ok(())
    });
    let sending = receiver.map(Ok).forward(outgoing);
    future::select(Box::pin(receiving), Box::pin(sending)).await;
    peers.lock().expect("no panic").remove(&address);
}

async fn echo(stream: TcpStream) {
    let Ok(socket) = accept_async(stream).await else { return };
    let (outgoing, incoming) = socket.split();
    let messages = incoming.try_filter(|message| future::ready(message.is_text() || message.is_binary()));
    // Its end is the client's business.
    let _ = messages.forward(outgoing).await;
}
