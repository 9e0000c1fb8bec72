//! The other process: one server, with one job, for as long as its standard input is open.

use std::io::{self, BufRead};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use super::machine::{pin, raise_descriptor_limit};
use super::peer::{Job, Peer};
use super::peers::{axum, fastwebsockets, ours, sockudo, tokio_tungstenite, yawc};
use super::{floor, process};

/// Connections that were closed because they fell behind.
static FELL_BEHIND: AtomicU64 = AtomicU64::new(0);

/// What `serve-peer NAME JOB CORE` does.
pub fn run(peer: Peer, job: Job, core: usize) -> ExitCode {
    pin(core);
    raise_descriptor_limit();
    match start(peer, job) {
        Ok((address, certificate)) => {
            println!("{address} {}", process::to_hexadecimal(&certificate));
            answer_questions();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{peer} as {}: {error}", job.name());
            ExitCode::FAILURE
        }
    }
}

/// Starts the server on threads of its own.
fn start(peer: Peer, job: Job) -> io::Result<(SocketAddr, Vec<u8>)> {
    if let Peer::Ours(backend) = peer {
        return ours::start(backend, job, &FELL_BEHIND);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    if job == Job::SecureRoom {
        return Err(io::Error::other("only ours is measured over TLS"));
    }
    std::thread::spawn(move || match peer {
        Peer::Axum => on_tokio(listener, |listener| axum::serve(listener, job)),
        Peer::TokioTungstenite => on_tokio(listener, |listener| tokio_tungstenite::serve(listener, job)),
        Peer::Fastwebsockets => on_tokio(listener, |listener| fastwebsockets::serve(listener, job)),
        Peer::Sockudo => on_tokio(listener, |listener| sockudo::serve(listener, job)),
        Peer::Yawc => on_tokio(listener, |listener| yawc::serve(listener, job)),
        Peer::FloorEach => floor::serve(listener, job, floor::Writes::Each),
        Peer::FloorBatch => floor::serve(listener, job, floor::Writes::Batch),
        Peer::Ours(_) => unreachable!("ours was started above"),
    });
    Ok((address, Vec::new()))
}

/// Serves on a runtime of one thread, which is the fastest that tokio has for one core.
fn on_tokio<F: Future>(listener: TcpListener, serve: impl FnOnce(tokio::net::TcpListener) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a listener can be told not to wait");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime with sockets");
        serve(listener).await
    });
}

/// Until the other side is gone.
fn answer_questions() {
    for _ in io::stdin().lock().lines().map_while(Result::ok) {
        println!("{}", FELL_BEHIND.load(Ordering::Relaxed));
    }
}
