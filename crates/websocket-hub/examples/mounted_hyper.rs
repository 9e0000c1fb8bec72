//! A chat room in a server made of hyper alone.
//!
//! Run it with an address: `cargo run --example mounted_hyper 127.0.0.1:8080`.

use std::convert::Infallible;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use websocket_hub::{Connections, Drain, Handshake, IntoResponse, Response, Topic};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let connections = Connections::new();
    let (room, handshake) = (Topic::new(), Handshake::new().connections(&connections));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = tokio::signal::ctrl_c() => break,
        };
        stream.set_nodelay(true)?;
        let (room, handshake) = (room.clone(), handshake.clone());
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (heard, said) = (room.clone(), room.clone());
            let response: Response = match handshake.upgrade_from(request, peer) {
                Ok(upgrade) => upgrade
                    .on_open(move |ws| heard.subscribe(ws))
                    .on_message(move |_, message| _ = said.publish(message))
                    .start(),
                Err(refused) => refused.into_response(),
            };
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that breaks HTTP was told what can be told.
            let _ = connection.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
    let cut_off = connections.stop_within(Duration::from_secs(5), Drain::default()).await;
    println!("stopped; {cut_off} connections had to be cut off");
    Ok(())
}
