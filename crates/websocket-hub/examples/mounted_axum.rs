//! A chat room in an axum server, whose graceful shutdown takes the WebSockets along.
//!
//! Run it with an address: `cargo run --example mounted_axum 127.0.0.1:8080`.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::routing::{any, get};
use websocket_hub::{Connections, Drain, Handshake, Response, Topic};

#[derive(Clone)]
struct Chat {
    room: Topic,
    handshake: Handshake,
}

async fn chat(
    State(chat): State<Chat>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Response> {
    let (heard, said) = (chat.room.clone(), chat.room);
    Ok(chat
        .handshake
        .upgrade_from(request, peer)?
        .on_open(move |ws| heard.subscribe(ws))
        .on_message(move |_, message| _ = said.publish(message))
        .start())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let connections = Connections::new();
    let chat_state = Chat { room: Topic::new(), handshake: Handshake::new().connections(&connections) };
    let app = Router::new()
        .route("/", get(|| async { "Connect to /chat.\n" }))
        .route("/chat", any(chat))
        .with_state(chat_state)
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let interrupted = async { _ = tokio::signal::ctrl_c().await };
    axum::serve(listener, app).with_graceful_shutdown(interrupted).await?;
    let cut_off = connections.stop_within(Duration::from_secs(5), Drain::default()).await;
    println!("stopped; {cut_off} connections had to be cut off");
    Ok(())
}
