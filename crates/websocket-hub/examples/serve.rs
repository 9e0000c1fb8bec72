//! A folder of files and a WebSocket handler on any backend, for trying things out and for load tests.
//!
//! `serve 127.0.0.1:8080 --backend tokio --handler chat --folder site`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use http::StatusCode;
use tower_http::services::ServeDir;
use tower_service::Service;
use websocket_hub::{
    Backend, Body, Handshake, IntoResponse, Message, Origins, Refused, Request, Response, TlsConfig, Topic,
    WebSocket, serve,
};

/// Serves a folder of files, and WebSockets on any path of it.
#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 lets the system pick.
    #[arg(default_value = "127.0.0.1:8080")]
    address: String,
    /// The server that everything runs on.
    #[arg(long, default_value_t, value_name = "NAME")]
    backend: Backend,
    /// What happens to what a WebSocket sends.
    #[arg(long, value_enum, default_value_t)]
    handler: Handler,
    /// The folder whose files are served.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Event loops; one per core unless set.
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    /// Speaks TLS with this certificate chain and key (PEM).
    #[arg(long, num_args = 2, value_names = ["CHAIN", "KEY"])]
    tls: Option<Vec<PathBuf>>,
    /// Lets pages of every origin connect, not only those of this server.
    #[arg(long)]
    any_origin: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Handler {
    /// It goes back to whoever sent it.
    #[default]
    Echo,
    /// It goes to everybody, with a name in front of it.
    Chat,
    /// It goes to everybody as it is.
    Broadcast,
}

#[derive(Clone)]
struct App {
    handler: Handler,
    handshake: Handshake,
    room: Topic,
    files: Option<ServeDir>,
}

impl App {
    async fn answer(self, request: Request) -> Response {
        // In HTTP/2 it is the method that asks for a WebSocket.
        if request.headers().contains_key("upgrade") || request.method() == http::Method::CONNECT {
            return self.open(request).unwrap_or_else(IntoResponse::into_response);
        }
        match self.files {
            Some(mut files) => match files.call(request).await {
                Ok(response) => response.map(Body::new),
                Err(never) => match never {},
            },
            None => status(StatusCode::NOT_FOUND, "No --folder is served here, only WebSockets.\n"),
        }
    }

    fn open(self, request: Request) -> Result<Response, Refused> {
        let upgrade = self.handshake.upgrade(request)?;
        let (heard, room) = (self.room.clone(), self.room);
        Ok(match self.handler {
            Handler::Echo => upgrade.on_message(echo).start(),
            Handler::Broadcast => upgrade
                .on_open(move |ws| heard.subscribe(ws))
                .on_message(move |_, message| _ = room.publish(message))
                .start(),
            Handler::Chat => upgrade
                .on_open(move |ws| heard.subscribe(ws))
                .on_message(move |ws, message| {
                    if let Message::Text(text) = message {
                        room.publish(format!("user-{}: {text}", ws.id()));
                    }
                })
                .start(),
        })
    }
}

fn echo(ws: &mut WebSocket, message: Message<'_>) {
    // Whoever does not read is being closed, and needs no answer.
    let _ = ws.send(message);
}

fn status(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let origins = if options.any_origin { Origins::any() } else { Origins::same() };
    let app = App {
        handler: options.handler,
        handshake: Handshake::new().origins(origins),
        room: Topic::new(),
        files: options.folder.as_ref().map(ServeDir::new),
    };
    let mut server = serve(move |request: Request| app.clone().answer(request)).backend(options.backend);
    if let Some(workers) = options.workers {
        server = server.workers(workers);
    }
    let is_secure = options.tls.is_some();
    if let Some([chain, key]) = options.tls.as_deref() {
        server = server.tls(TlsConfig::from_pem_files(chain, key)?);
    }
    let server = server.bind(&options.address)?;
    println!("listening on {}", server.address());
    let scheme = if is_secure { "https" } else { "http" };
    println!("{scheme}://{} on the backend {}", server.address(), options.backend);
    server.wait();
    Ok(())
}
