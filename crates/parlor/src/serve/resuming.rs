//! Going on with the connections of the server before.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use websocket_hub::{Config, Serve};

use crate::handover::People;
use crate::publisher::News;
use crate::session::Resumed;
use crate::space::Space;

/// How long it may take until they are all there. Who comes later comes back.
const GATHERING: Duration = Duration::from_secs(10);

/// Those who are on their way to their place.
pub(super) struct Awaited(Receiver<()>);

/// Has a server go on with these.
pub(super) fn resume(
    mut server: Serve,
    people: People,
    config: Config,
    space: &Arc<Space>,
) -> (Serve, Awaited) {
    let (sender, awaited) = mpsc::channel();
    let config = Arc::new(config);
    for (carried, sitting) in people.seats {
        let resumed = Resumed::new(Arc::clone(space), sitting, people.position, sender.clone());
        server = server.resume(carried, Arc::clone(&config), resumed);
    }
    (server, Awaited(awaited))
}

impl Awaited {
    /// Waits until all of them are there, and lets the publisher begin.
    pub(super) fn wait(self, space: &Space) {
        // Nothing is sent: it ends when everybody has let go of the sender.
        let _ = self.0.recv_timeout(GATHERING);
        space.tell(News::Gathered);
    }
}
