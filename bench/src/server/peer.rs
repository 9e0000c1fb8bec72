//! Who is compared, and what they are asked to do.

use std::fmt;

use websocket_hub::Backend;

/// A server that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Ours, over one of its backends.
    Ours(Backend),
    Axum,
    TokioTungstenite,
    Fastwebsockets,
    Sockudo,
    Yawc,
    /// A loop that writes prepared octets: one write for each message and socket.
    FloorEach,
    /// The same, with one write for each socket and turn.
    FloorBatch,
}

/// What a server does with what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Everything goes to everybody, the sender too.
    Room,
    /// The same over TLS.
    SecureRoom,
    /// Everything goes back.
    Echo,
}

impl Peer {
    /// All of them: ours first, the floors last.
    pub fn all() -> Vec<Peer> {
        let mut all = Peer::ours();
        all.extend([Peer::Axum, Peer::TokioTungstenite, Peer::Fastwebsockets, Peer::Sockudo, Peer::Yawc]);
        all.extend([Peer::FloorEach, Peer::FloorBatch]);
        all
    }

    pub fn ours() -> Vec<Peer> {
        Backend::ALL.into_iter().map(Peer::Ours).collect()
    }

    pub fn is_ours(self) -> bool {
        matches!(self, Peer::Ours(_))
    }

    pub fn is_floor(self) -> bool {
        matches!(self, Peer::FloorEach | Peer::FloorBatch)
    }

    pub fn name(self) -> &'static str {
        match self {
            Peer::Ours(backend) => backend.name(),
            Peer::Axum => "axum",
            Peer::TokioTungstenite => "tokio-tungstenite",
            Peer::Fastwebsockets => "fastwebsockets",
            Peer::Sockudo => "sockudo-ws",
            Peer::Yawc => "yawc",
            Peer::FloorEach => "floor each",
            Peer::FloorBatch => "floor batch",
        }
    }

    pub fn from_name(name: &str) -> Option<Peer> {
        Peer::all().into_iter().find(|peer| peer.name() == name)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Job {
    const ALL: [Job; 3] = [Job::Room, Job::SecureRoom, Job::Echo];

    pub fn name(self) -> &'static str {
        match self {
            Job::Room => "room",
            Job::SecureRoom => "secure-room",
            Job::Echo => "echo",
        }
    }

    pub fn from_name(name: &str) -> Option<Job> {
        Job::ALL.into_iter().find(|job| job.name() == name)
    }
}
