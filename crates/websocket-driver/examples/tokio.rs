//! An echo server on tokio, a task for each connection: reading, writing and the timer wait together.
//!
//! `cargo run -p websocket-driver --example tokio -- 127.0.0.1:9001`

mod opening;

use std::io;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use opening::{Opening, PATIENCE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep_until, timeout};
use websocket_driver::{Driver, Transmit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(listener).await
}

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = converse(stream).await {
                eprintln!("a connection failed: {error}");
            }
        });
    }
}

async fn converse(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let Ok(accepted) = timeout(PATIENCE, accept(&mut stream)).await else { return Ok(()) };
    let Some((mut driver, mut first)) = accepted? else { return Ok(()) };
    driver.open();
    driver.receive(&mut first, Instant::now());

    let (mut reader, mut writer) = stream.split();
    let mut buffer = vec![0; 64 * 1024];
    let mut out = Bytes::new();
    let mut has_ended = false;
    loop {
        // One thing at a time, and the next only when all of it is written.
        if out.is_empty() {
            match driver.poll_transmit() {
                Some(Transmit::Bytes(bytes)) => out = bytes,
                Some(Transmit::Shutdown) => {
                    if writer.shutdown().await.is_err() {
                        driver.connection_lost();
                    }
                    continue;
                }
                None if driver.is_finished() => return Ok(()),
                None => {}
            }
        }
        let wants_read = !has_ended && driver.connection().wants_read();
        // Without a deadline, any time will do.
        let due = driver.poll_timeout().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            read = reader.read(&mut buffer), if wants_read => match read {
                Ok(0) => {
                    has_ended = true;
                    driver.end_of_input();
                }
                Ok(len) => driver.receive(&mut buffer[..len], Instant::now()),
                Err(_) => driver.connection_lost(),
            },
            wrote = writer.write(&out), if !out.is_empty() => match wrote {
                Ok(len) => out.advance(len),
                Err(_) => driver.connection_lost(),
            },
            () = sleep_until(due.into()) => driver.handle_timeout(Instant::now()),
        }
        if driver.is_finished() {
            // Lost or given up: what is left goes if it can go now, and nobody waits for it.
            _ = writer.try_write(&out);
            return Ok(());
        }
    }
}

/// Reads the request and answers it; gives the driver, and what was read beyond the request.
async fn accept(stream: &mut TcpStream) -> io::Result<Option<(Driver, Vec<u8>)>> {
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await? > 0 {
        match opening::open(&head) {
            Opening::More => {}
            Opening::Refused(answer) => {
                stream.write_all(&answer).await?;
                return Ok(None);
            }
            Opening::Accepted { answer, len, driver } => {
                stream.write_all(&answer).await?;
                return Ok(Some((*driver, head.split_off(len))));
            }
        }
    }
    Ok(None)
}
