//! Three servers that are one cluster.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;

use super::runtime;
use super::server::{PATIENCE, Server};

/// Servers that know each other.
pub(crate) struct Cluster(Vec<Server>);

impl Cluster {
    /// Three of them, once they have a leader.
    pub(crate) fn start() -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Whoever gets a port first has it: then others are tried.
            if let Some(servers) = try_start() {
                let cluster = Cluster(servers);
                cluster.wait_until_it_has_a_leader();
                return cluster;
            }
            assert!(Instant::now() < deadline, "three servers cannot be started");
        }
    }

    pub(crate) fn addresses(&self) -> String {
        self.0.iter().map(Server::address).collect::<Vec<_>>().join(",")
    }

    /// Kills the server that leads a stream, and says which.
    pub(crate) fn kill_leader_of(&mut self, stream: &str) -> usize {
        let leader = runtime().block_on(async {
            let addresses: Vec<_> = self.0.iter().map(|server| server.address().parse().unwrap()).collect();
            let client = async_nats::connect::<Vec<async_nats::ServerAddr>>(addresses).await.unwrap();
            let stream = async_nats::jetstream::new(client).get_stream(stream).await.unwrap();
            stream.cached_info().cluster.clone().unwrap().leader.unwrap()
        });
        let number: usize = leader.strip_prefix('n').unwrap().parse().unwrap();
        self.0[number].kill();
        number
    }

    pub(crate) fn restart(&mut self, number: usize) {
        self.0[number].restart();
    }

    fn wait_until_it_has_a_leader(&self) {
        let deadline = Instant::now() + PATIENCE;
        runtime().block_on(async {
            let client = async_nats::connect(self.0[0].address()).await.unwrap();
            let context = async_nats::jetstream::new(client);
            // Who answers that there is no such stream leads.
            while !matches!(
                context.get_stream("none").await.map_err(|error| error.kind()),
                Err(GetStreamErrorKind::JetStream(error)) if error.error_code() == ErrorCode::STREAM_NOT_FOUND
            ) {
                assert!(Instant::now() < deadline, "three servers find no leader: {}", self.0[0].report());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }
}

fn try_start() -> Option<Vec<Server>> {
    let ports: Vec<u16> = (0..6).map(|_| free_port()).collect();
    let (routes, ports) = ports.split_at(3);
    let servers = (0..3).map(|number| {
        let others = (0..3).filter(|other| *other != number);
        let others: Vec<String> = others.map(|other| format!("nats://127.0.0.1:{}", routes[other])).collect();
        let configuration = format!(
            "server_name: n{number}\ncluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [{}] }}",
            routes[number],
            others.join(", ")
        );
        Server::start_at(ports[number], &configuration)
    });
    servers.collect()
}

/// A port below those that the system gives to connections, which nobody has now.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let next = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        // Processes that run beside each other have numbers beside each other.
        let port = u16::try_from(10_000 + (std::process::id() * 31 + next) % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
