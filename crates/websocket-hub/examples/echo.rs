//! Sends every message back, at any path: `echo ADDR [--backend NAME] [--tls CHAIN KEY]`. Conformance suites run against it.

use std::sync::Arc;

use websocket_hub::driver::deflate::Deflate;
use websocket_hub::{Backend, Config, Handshake, Origins, Refused, Request, Response, TlsConfig, serve};

const USAGE: &str =
    "usage: echo ADDR [--backend NAME] [--tls CHAIN.pem KEY.pem], with an ADDR such as 127.0.0.1:9001";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (address, backend, options) = match arguments[..] {
        [address, "--backend", name, ref options @ ..] => (address, name.parse()?, options),
        [address, ref options @ ..] => (address, Backend::default(), options),
        [] => return Err(USAGE.into()),
    };
    let tls = match options {
        [] => None,
        ["--tls", chain, key] => Some(TlsConfig::from_pem_files(chain, key)?),
        _ => return Err(USAGE.into()),
    };
    // The largest message of the Autobahn suite, which also sends one in 65,537 fragments.
    let limit = 16 << 20;
    let connection =
        websocket_hub::driver::Config { max_frame: limit, max_message: limit, ..Default::default() };
    let config = Config { connection: Arc::new(connection), queue_limit: 64 << 20, ..Config::default() };
    // Every parameter that a client can ask for, context takeover too.
    let deflate = Deflate { window_bits: 15, takeover: true, min_len: 0, ..Deflate::default() };
    let handshake = Handshake::new().origins(Origins::any()).config(config).deflate(deflate);
    let app = move |request: Request| -> Result<Response, Refused> {
        let upgrade = handshake.upgrade(request)?;
        // Sending fails only once the connection is closing, and then nobody waits for the echo.
        Ok(upgrade.on_message(|ws, message| _ = ws.send(message)).start())
    };
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let mut serve = serve(app).backend(backend);
    if let Some(tls) = tls {
        serve = serve.tls(tls);
    }
    let server = serve.bind(address)?;
    println!("listening on {scheme}://{}", server.address());
    server.wait();
    Ok(())
}
