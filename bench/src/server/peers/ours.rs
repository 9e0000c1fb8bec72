//! Ours, over any backend: the app is the same.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use websocket_hub::rustls::ServerConfig;
use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::pki_types::PrivateKeyDer;
use websocket_hub::{Backend, CloseCode, Refused, Request, Response, Serve, Topic, WebSocket, serve};

use crate::server::peer::Job;

/// A thread for each connection, where a backend has those.
const MAX_THREADS: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");

/// Starts it and says where it is, and with TLS its certificate.
pub fn start(
    backend: Backend,
    job: Job,
    fell_behind: &'static AtomicU64,
) -> io::Result<(SocketAddr, Vec<u8>)> {
    let (mut server, mut certificate) = (served(job, fell_behind), Vec::new());
    if job == Job::SecureRoom {
        let (config, der) = self_signed().map_err(io::Error::other)?;
        (server, certificate) = (server.tls(config), der);
    }
    let server =
        server.backend(backend).workers(NonZeroUsize::MIN).max_threads(MAX_THREADS).bind("127.0.0.1:0")?;
    let address = server.address();
    std::thread::spawn(move || server.wait());
    Ok((address, certificate))
}

fn served(job: Job, fell_behind: &'static AtomicU64) -> Serve {
    if job == Job::Echo {
        return serve(|request: Request| -> Result<Response, Refused> {
            let echo = WebSocket::upgrade(request)?.on_message(|ws, message| {
                // Who is closing gets no answer.
                let _ = ws.send(message);
            });
            Ok(echo.start())
        });
    }
    let room = Topic::new();
    serve(move |request: Request| -> Result<Response, Refused> {
        let (joined, said) = (room.clone(), room.clone());
        Ok(WebSocket::upgrade(request)?
            .on_open(move |ws| joined.subscribe(ws))
            .on_message(move |_, message| {
                let _ = said.publish(message);
            })
            .on_close(move |_, closed| {
                if closed.code == CloseCode::TRY_AGAIN_LATER {
                    fell_behind.fetch_add(1, Ordering::Relaxed);
                }
            })
            .start())
    })
}

/// A configuration with a certificate that was made just now, and the certificate.
fn self_signed() -> Result<(ServerConfig, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, certificate.to_vec()))
}
