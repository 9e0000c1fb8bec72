//! How connections go on at another server, which their peers do not notice.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use websocket_driver::Handler;

use super::{Serve, Server, Stopping};
use crate::backend::Stop;
use crate::carried::Carried;
use crate::config::Config;
use crate::outgoing::Outgoing;
use crate::resumption::Resumption;
use crate::websocket::WebSocket;

impl Serve {
    /// Goes on with a connection that another server [carried over](Stopping::carry_over). `handler` is told that it is
    /// open, as of any other connection. It counts for no [`Limits`](crate::Limits).
    ///
    /// Serving fails on a backend that [cannot](crate::Backend::carries_over).
    pub fn resume(
        mut self,
        carried: Carried,
        config: Arc<Config>,
        handler: impl Handler<WebSocket> + Send + 'static,
    ) -> Self {
        self.resumptions.push(Resumption::new(carried, config, handler));
        self
    }
}

impl Server {
    /// The connections that can be [carried over](Stopping::carry_over) pause: what they receive waits, and what is sent
    /// to them goes out as ever. Says which those are, by their [ids](WebSocket::id): neither those with TLS, nor those
    /// that are streams of HTTP/2, and none on a backend that [cannot](crate::Backend::carries_over). It takes no longer
    /// than `limit`. They are to be carried over or closed; until then they stay as they are, however long a
    /// [goodbye](Server::say_goodbye) to the others may take.
    pub fn pause(&self, limit: Duration) -> HashSet<u64> {
        if !self.backend.carries_over() {
            return HashSet::new();
        }
        let (leaving, open) = (self.tracker.leaving(), self.tracker.open());
        leaving.ask(open.iter().map(WebSocket::id));
        for ws in open {
            if !ws.outbox().direct(Outgoing::Pause(Arc::clone(leaving))) {
                leaving.pauses(ws.id(), false);
            }
        }
        leaving.wait(limit, |id| self.tracker.is_open(id));
        leaving.paused()
    }
}

impl Stopping {
    /// Has those of the [paused](Server::pause) connections leave that `wanted` names, each behind everything that was
    /// sent to it and published to its topics before. Their handlers are told of no end, and from then on nothing can
    /// be sent to them from here. Those that have not left in time, because they do not take what is sent to them or
    /// are in the middle of a message, are told goodbye, and so are those that are not wanted; they have as long to
    /// answer as [`Server::say_goodbye`] was given, from then on. Blocks.
    ///
    /// Another process is given a socket as any other descriptor, beside a message on a Unix socket (`SCM_RIGHTS`,
    /// unix(7)). Within one process it looks like this:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use websocket_hub::{Config, Events, Refused, Request, Response, WebSocket, serve};
    ///
    /// fn echo(request: Request) -> Result<Response, Refused> {
    ///     Ok(WebSocket::upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
    /// }
    ///
    /// let server = serve(echo).bind("127.0.0.1:0")?;
    /// // ... people come, and then:
    /// let everybody = server.pause(Duration::from_secs(1));
    /// let mut stopping = server.say_goodbye(Duration::from_secs(4));
    /// let mut next = serve(echo);
    /// for connection in stopping.carry_over(&everybody, Duration::from_millis(500)) {
    ///     let mut handler = Events::default();
    ///     handler.on_message(|ws: &mut WebSocket, message| _ = ws.send(message));
    ///     next = next.resume(connection, Arc::new(Config::default()), handler);
    /// }
    /// let next = next.bind("127.0.0.1:0")?;
    /// stopping.wait();
    /// # next.stop();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn carry_over(&mut self, wanted: &HashSet<u64>, limit: Duration) -> Vec<Carried> {
        let leaving = Arc::clone(self.tracker.leaving());
        self.stop.send_replace(Stop::By(Instant::now() + limit + self.limit));
        let mut open = self.tracker.open();
        open.retain(|ws| wanted.contains(&ws.id()));
        leaving.ask(open.iter().map(WebSocket::id));
        for ws in open {
            if !ws.outbox().direct(Outgoing::Leave(Arc::clone(&leaving))) {
                leaving.stays(ws.id());
            }
        }
        leaving.wait(limit, |id| self.tracker.is_open(id));
        let carried = leaving.end();
        let mut rest = self.tracker.open();
        let paused = leaving.paused();
        rest.retain(|ws| paused.contains(&ws.id()));
        for (place, ws) in rest.iter().enumerate() {
            self.drain.say_goodbye(ws, place);
        }
        self.stop.send_replace(Stop::By(Instant::now() + self.limit));
        carried
    }
}
