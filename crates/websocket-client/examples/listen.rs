//! A listener that comes back by itself whatever happens to the server. `listen URL [FIRST MESSAGE]`

use std::error::Error;

use websocket_client::{Connector, Event};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("usage: listen URL [FIRST MESSAGE]")?;
    let greeting = arguments.next();

    let mut feed = Connector::new().reconnecting(address);
    while let Some(event) = feed.recv().await {
        match event {
            Event::Connected => {
                eprintln!("connected");
                // Said again on every connection: the server knows nothing of the one before.
                if let Some(greeting) = &greeting {
                    _ = feed.send(greeting.as_str()).await;
                }
            }
            Event::Message(message) => println!("{}", message.as_text().unwrap_or("(binary)")),
            Event::Disconnected { failure, retry_in: Some(delay) } => {
                eprintln!("{failure}; again in {delay:.1?}");
            }
            Event::Disconnected { failure, retry_in: None } => return Err(failure.into()),
            _ => {}
        }
    }
    Ok(())
}
