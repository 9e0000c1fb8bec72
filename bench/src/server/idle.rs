//! `idle`: what a connection weighs that is open and says nothing.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use websocket_hub::rustls::crypto::aws_lc_rs;
use websocket_hub::rustls::pki_types::{CertificateDer, ServerName};
use websocket_hub::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::chart::{self, Panel};
use super::crowd::Crowd;
use super::document::Report;
use super::goals::{Bound, Goals};
use super::options::Options;
use super::peer::{Job, Peer};
use super::process::Process;
use super::table::{Table, thousands};
use super::turns::Turns;
use super::{handshake, machine};

const CONNECTIONS: usize = 10_000;
/// The first of them are not measured, since what is made once is made for them.
const WARM: usize = 200;
/// Memory hardly depends on the machine's mood.
const ROUNDS: usize = 2;
/// How long it is quiet before memory is looked at.
const QUIET: Duration = Duration::from_millis(1500);

/// Octets for each connection.
#[derive(Clone, Copy)]
struct Weight {
    /// Growth of the server's resident memory.
    resident: f64,
    /// Growth of the kernel's slab on the machine: the server's end and the load's.
    slab: f64,
}

pub fn run(options: &Options) -> Report {
    let count = options.subscribers.unwrap_or(if options.quick { 700 } else { CONNECTIONS }).max(2 * WARM);
    let rounds = options.rounds(ROUNDS);
    let plain = Turns::take(options.with_floors(&[Peer::FloorEach]), rounds, |peer| plain(peer, count));
    let ours = options.peers.iter().copied().filter(|peer| peer.is_ours()).collect();
    let secure = Turns::take(ours, rounds, |peer| secure(peer, count));
    let mut table = Table::new(["", "resident, B", "slab of both ends, B", "resident with TLS, B"]);
    let mut goals = Goals::default();
    let mut bars = Vec::new();
    for &peer in &plain.peers {
        let whole = |found: Option<crate::rounds::Spread>| {
            found.map_or("–".to_owned(), |found| thousands(found.median.max(0.0) as usize))
        };
        let resident = plain.spread(peer, |weight| weight.resident);
        let slab = whole(plain.spread(peer, |weight| weight.slab));
        let with_tls = whole(secure.spread(peer, |weight| weight.resident));
        table.row([peer.to_string(), whole(resident), slab, with_tls]);
        bars.push(resident.map(|found| (found.median, whole(resident))));
        let limit = match peer.name() {
            "tokio" => 1200.0,
            "uring" => 460.0,
            _ => continue,
        };
        goals.number(format!("{peer}, resident"), Bound::AtMost(limit), resident);
    }
    let mut failures = plain.failures();
    failures.extend(secure.failures());
    let mut markdown = format!("{} connections:\n\n{}\n", thousands(count), table.markdown());
    markdown += &plain.remarks();
    markdown += &secure.remarks();
    markdown += &format!("Load average at the end: {}.\n\n{}", machine::load_average(), goals.markdown());
    println!("{markdown}");
    let panel = Panel { title: "octets; shorter is better".to_owned(), bars };
    let plot = chart::bars("Resident memory of an idle connection", &plain.peers, &[panel]);
    Report { name: "idle", markdown, plots: vec![("idle".to_owned(), plot)], failures }
}

/// A room in which one thing has been said, so that nobody is new.
fn plain(peer: Peer, count: usize) -> io::Result<Weight> {
    let server = Process::start(peer, Job::Room)?;
    let mut crowd = Crowd::connect(&server, WARM, 64)?;
    say(&mut crowd)?;
    let before = look(&server);
    crowd.join(&server, count - WARM)?;
    say(&mut crowd)?;
    Ok(before.to(look(&server), count - WARM))
}

fn say(crowd: &mut Crowd) -> io::Result<()> {
    crowd.next_speaks(Instant::now())?;
    crowd.settle()
}

fn secure(peer: Peer, count: usize) -> io::Result<Weight> {
    let server = Process::start(peer, Job::SecureRoom)?;
    let client = client(&server.certificate).map_err(io::Error::other)?;
    let _warm = connect(server.address, &client, WARM)?;
    let before = look(&server);
    let _open = connect(server.address, &client, count - WARM)?;
    Ok(before.to(look(&server), count - WARM))
}

/// Memory once it is quiet.
fn look(server: &Process) -> Weight {
    sleep(QUIET);
    Weight { resident: server.resident() as f64, slab: machine::slab() as f64 }
}

impl Weight {
    fn to(self, later: Weight, count: usize) -> Weight {
        Weight {
            resident: (later.resident - self.resident) / count as f64,
            slab: (later.slab - self.slab) / count as f64,
        }
    }
}

/// A client that trusts this certificate alone.
fn client(certificate: &[u8]) -> Result<Arc<ClientConfig>, websocket_hub::rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate))?;
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn connect(address: SocketAddr, client: &Arc<ClientConfig>, count: usize) -> io::Result<Vec<Secure>> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(handshake::PATIENCE))?;
        let session = ClientConnection::new(Arc::clone(client), name.clone()).map_err(io::Error::other)?;
        let mut secure = StreamOwned::new(session, stream);
        handshake::ask(&mut secure)?;
        secure.flush()?;
        handshake::finish(&mut secure)?;
        open.push(secure);
    }
    Ok(open)
}
