//! The end of a connection, of which its handler is told exactly once.

use websocket_driver::{Cause, CloseCode, Closed};

use super::Connection;

impl Connection {
    pub(super) fn tell_closed(&mut self, closed: &Closed) {
        if !std::mem::replace(&mut self.closed, true) {
            self.ws.outbox().end(self.ws.id());
            if self.opened {
                self.account.metrics.closed(closed.code.get());
                self.call(|handler, ws| handler.close(ws, closed));
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let closed =
            Closed { code: CloseCode::ABNORMAL, reason: String::new(), cause: Cause::ConnectionLost };
        // A panic in a drop would end the process; this one is caught.
        self.tell_closed(&closed);
        self.ws.outbox().let_go();
    }
}
