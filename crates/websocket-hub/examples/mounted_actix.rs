//! A chat room in an actix-web server.
//!
//! Run it with an address: `cargo run --features actix-web --example mounted_actix 127.0.0.1:8080`.

use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use websocket_hub::{Connections, Drain, Handshake, Topic, actix};

#[derive(Clone)]
struct Chat {
    room: Topic,
    handshake: Handshake,
}

async fn chat(chat: web::Data<Chat>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let (heard, said) = (chat.room.clone(), chat.room.clone());
    match actix::upgrade(&chat.handshake, &request) {
        Ok(upgrade) => actix::start(
            upgrade
                .on_open(move |ws| heard.subscribe(ws))
                .on_message(move |_, message| _ = said.publish(message)),
            payload,
        ),
        Err(refused) => actix::refuse(refused),
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let connections = Connections::new();
    let state = Chat { room: Topic::new(), handshake: Handshake::new().connections(&connections) };
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(state.clone())).route("/chat", web::get().to(chat))
    })
    .workers(1)
    .disable_signals()
    .bind(address)?;
    println!("listening on {}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    tokio::signal::ctrl_c().await?;
    // The WebSockets first: to actix-web they are responses that do not end.
    let stopping = handle.stop(true);
    let cut_off = connections.stop_within(Duration::from_secs(5), Drain::default()).await;
    stopping.await;
    println!("stopped; {cut_off} connections had to be cut off");
    serving.await?
}
