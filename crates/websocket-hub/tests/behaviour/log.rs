//! What a server's handlers were told, in order.

use std::sync::{Arc, Condvar, Mutex};

use websocket_hub::{Cause, Closed, Message, ProtocolError};

use crate::waiting::PATIENCE;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// The app was asked; all others are of the connection that came of it.
    Request,
    Open,
    Message(Message<'static>),
    Error(ProtocolError),
    Close(Closed),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: Mutex<Vec<(String, Told)>>,
    changed: Condvar,
}

impl Log {
    pub(crate) fn note(&self, who: &str, told: Told) {
        self.0.entries.lock().unwrap().push((who.to_owned(), told));
        self.0.changed.notify_all();
    }

    /// What was told of one connection.
    pub(crate) fn of(&self, who: &str) -> Vec<Told> {
        of(&self.0.entries.lock().unwrap(), who)
    }

    /// What was told of one connection, once that is enough.
    pub(crate) fn wait(&self, who: &str, enough: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        let Inner { entries, changed } = &*self.0;
        let (entries, _) = changed
            .wait_timeout_while(entries.lock().unwrap(), PATIENCE, |entries| !enough(&of(entries, who)))
            .unwrap();
        let told = of(&entries, who);
        assert!(enough(&told), "{who} never got so far: {told:?}");
        told
    }

    pub(crate) fn wait_open(&self, who: &str) {
        self.wait(who, |told| told.contains(&Told::Open));
    }

    /// How a connection ended, once it has.
    pub(crate) fn wait_closed(&self, who: &str) -> Closed {
        let told = self.wait(who, |told| told.iter().any(|told| matches!(told, Told::Close(_))));
        told.into_iter().find_map(Told::closed).expect("it was waited for")
    }

    /// Everything that was told of a connection, which is over, behind its opening.
    pub(crate) fn after_opening(&self, who: &str) -> Vec<Told> {
        let told = self.of(who);
        assert_eq!(told[..2], [Told::Request, Told::Open], "{who}");
        told[2..].to_vec()
    }
}

fn of(entries: &[(String, Told)], who: &str) -> Vec<Told> {
    entries.iter().filter(|(name, _)| name == who).map(|(_, told)| told.clone()).collect()
}

impl Told {
    pub(crate) fn text(text: &str) -> Told {
        Told::Message(Message::text(text.to_owned()))
    }

    pub(crate) fn close(code: u16, reason: &str, cause: Cause) -> Told {
        Told::Close(closed(code, reason, cause))
    }

    fn closed(self) -> Option<Closed> {
        if let Told::Close(closed) = self { Some(closed) } else { None }
    }
}

pub(crate) fn closed(code: u16, reason: &str, cause: Cause) -> Closed {
    use websocket_hub::CloseCode;
    let code = match code {
        1005 => CloseCode::NO_STATUS,
        1006 => CloseCode::ABNORMAL,
        code => CloseCode::new(code).unwrap(),
    };
    Closed { code, reason: reason.to_owned(), cause }
}
