//! Speaks the client protocol of the Autobahn suite: `autobahn_client URL AGENT`.

use std::error::Error;

use websocket_client::driver::Config;
use websocket_client::driver::deflate::Deflate;
use websocket_client::{Connector, WebSocket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(agent)) = (arguments.next(), arguments.next()) else {
        return Err("usage: autobahn_client URL AGENT, such as ws://127.0.0.1:9001 parlor".into());
    };
    let url = url.trim_end_matches('/');
    // The largest message of the suite.
    let limit = 16 << 20;
    let deflate = Deflate { window_bits: 15, takeover: true, min_len: 0, ..Deflate::default() };
    let connector = Connector::new().deflate(deflate).config(Config {
        max_frame: limit,
        max_message: limit,
        ..Config::default()
    });

    let mut counting = connector.connect(&format!("{url}/getCaseCount")).await?;
    let count = counting.recv().await.ok_or("the suite says no count of cases")?;
    let count: u32 = count.as_text().ok_or("the count of cases is no text")?.parse()?;
    while counting.recv().await.is_some() {}

    for case in 1..=count {
        match connector.connect(&format!("{url}/runCase?case={case}&agent={agent}")).await {
            Ok(ws) => echo(ws).await,
            // Some cases fail the handshake on purpose.
            Err(error) => eprintln!("case {case}: {error}"),
        }
    }
    let mut reporting = connector.connect(&format!("{url}/updateReports?agent={agent}")).await?;
    while reporting.recv().await.is_some() {}
    Ok(())
}

async fn echo(mut ws: WebSocket) {
    while let Some(message) = ws.recv().await {
        if ws.send(message).await.is_err() {
            // The suite closed while we were answering; `recv` sees the rest through.
            continue;
        }
    }
}
