//! Sends every message back, at any path: `echo ADDR`. Conformance suites run against it.

use std::sync::Arc;

use websocket_hub::driver::deflate::Deflate;
use websocket_hub::{Config, Handshake, Origins, Refused, Request, Response, serve};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: echo ADDR, such as 127.0.0.1:9001")?;
    // The largest message of the Autobahn suite, which also sends one in 65,537 fragments.
    let limit = 16 << 20;
    let connection =
        websocket_hub::driver::Config { max_frame: limit, max_message: limit, ..Default::default() };
    let config = Config { connection: Arc::new(connection), queue_limit: 64 << 20 };
    // Every parameter that a client can ask for, context takeover too.
    let deflate = Deflate { window_bits: 15, takeover: true, min_len: 0, ..Deflate::default() };
    let handshake = Handshake::new().origins(Origins::any()).config(config).deflate(deflate);
    let app = move |request: Request| -> Result<Response, Refused> {
        let upgrade = handshake.upgrade(request)?;
        // Sending fails only once the connection is closing, and then nobody waits for the echo.
        Ok(upgrade.on_message(|ws, message| _ = ws.send(message)).start())
    };
    let server = serve(app).bind(address)?;
    println!("listening on ws://{}", server.address());
    server.wait();
    Ok(())
}
