//! A chat client: what is typed is sent, what arrives is shown. `chat [URL]`

use std::error::Error;

use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use websocket_client::{CloseCode, connect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/chat".into());
    let mut ws = connect(&address).await?;
    eprintln!("connected to {address}; end the input (Ctrl-D) to leave");

    let mut lines = BufReader::new(stdin()).lines();
    loop {
        // Whichever comes first; the other is dropped and loses nothing.
        tokio::select! {
            message = ws.recv() => match message {
                Some(message) => println!("{}", message.as_text().unwrap_or("(binary)")),
                None => break,
            },
            line = lines.next_line() => match line? {
                // An error means that the connection is closing; `recv` tells how it ended.
                Some(line) => _ = ws.send(line).await,
                None => {
                    ws.close(CloseCode::NORMAL, "").await?;
                    break;
                }
            },
        }
    }
    if let Some(closed) = ws.closed() {
        eprintln!("over: {} {}", closed.code, closed.reason);
    }
    Ok(())
}
