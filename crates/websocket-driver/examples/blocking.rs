//! An echo server on `std::net`, a thread for each connection: the plainest way to drive a connection.
//!
//! `cargo run -p websocket-driver --example blocking -- 127.0.0.1:9001`
//!
//! One thread reads and writes in turn, so while it waits for a peer to take what was written, it does not
//! read. For an echo that is as it should be. A program in which either side talks when it likes gives each
//! connection two threads and splits it: see `Connection::split`.

mod opening;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use opening::{Opening, PATIENCE};
use websocket_driver::{Driver, Transmit};

/// Who takes nothing of what is written for so long is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    serve(&listener)
}

/// Accepts connections for ever.
pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            if let Err(error) = converse(stream) {
                eprintln!("a connection failed: {error}");
            }
        });
    }
    Ok(())
}

fn converse(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let Some((mut driver, mut first)) = accept(&mut stream)? else { return Ok(()) };
    driver.open();
    driver.receive(&mut first, Instant::now());

    let mut buffer = vec![0; 64 * 1024];
    loop {
        if transmit(&mut driver, &mut stream).is_err() {
            driver.connection_lost();
        }
        if driver.is_finished() {
            return Ok(());
        }
        // The read ends at the next deadline at the latest. A timeout of zero would mean none.
        let now = Instant::now();
        let wait = driver.poll_timeout().map(|due| due.saturating_duration_since(now));
        stream.set_read_timeout(wait.map(|wait| wait.max(Duration::from_millis(1))))?;
        match stream.read(&mut buffer) {
            Ok(0) => driver.end_of_input(),
            Ok(len) => driver.receive(&mut buffer[..len], Instant::now()),
            Err(error) if is_nothing_yet(&error) => {}
            Err(_) => driver.connection_lost(),
        }
        driver.handle_timeout(Instant::now());
    }
}

/// Reads the request and answers it; gives the driver, and what was read beyond the request.
fn accept(stream: &mut TcpStream) -> io::Result<Option<(Driver, Vec<u8>)>> {
    let started = Instant::now();
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while let Some(left) = PATIENCE.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) {
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(len) => head.extend_from_slice(&buffer[..len]),
            Err(error) if is_nothing_yet(&error) => continue,
            Err(error) => return Err(error),
        }
        match opening::open(&head) {
            Opening::More => {}
            Opening::Refused(answer) => {
                stream.write_all(&answer)?;
                return Ok(None);
            }
            Opening::Accepted { answer, len, driver } => {
                stream.write_all(&answer)?;
                return Ok(Some((*driver, head.split_off(len))));
            }
        }
    }
    Ok(None)
}

fn transmit(driver: &mut Driver, stream: &mut TcpStream) -> io::Result<()> {
    while let Some(transmit) = driver.poll_transmit() {
        match transmit {
            Transmit::Bytes(bytes) => stream.write_all(&bytes)?,
            Transmit::Shutdown => stream.shutdown(Shutdown::Write)?,
        }
    }
    Ok(())
}

fn is_nothing_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
