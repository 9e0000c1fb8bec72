//! What a server says, as far as the checker looks at it.

use serde::Deserialize;
use serde_json::Value;

/// One line: a welcome, an answer, or something that happened. Whatever it lacks is empty.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    pub(super) r#type: String,
    pub(super) id: Option<Value>,

    /// Of an error, with a sentence in `message`.
    pub(super) code: String,
    pub(super) retry_after: Option<u64>,

    /// Of an event, a message or an acknowledgement.
    pub(super) room: String,
    pub(super) sequence: u64,
    pub(super) position: u64,
    pub(super) by: String,
    pub(super) text: String,
    pub(super) mentions: Vec<String>,
    /// Which message an event is about.
    pub(super) message: Value,

    /// Of an answer about watching.
    pub(super) events: Vec<Line>,
    pub(super) up_to: u64,
    pub(super) last: u64,
    pub(super) more: bool,
    pub(super) gap: bool,

    /// Of a welcome.
    pub(super) you: You,
    pub(super) token: Option<String>,
    pub(super) limits: Option<Limits>,

    /// Of the list of one's rooms.
    pub(super) rooms: Vec<Room>,

    /// Of a page of history.
    pub(super) messages: Vec<Line>,
    pub(super) before: bool,
    pub(super) after: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct You {
    pub(super) id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Limits {
    pub(super) text: usize,
    pub(super) requests_per_second: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Room {
    pub(super) room: String,
    pub(super) last: u64,
    pub(super) read_up_to: u64,
    pub(super) unread: Option<Unread>,
}

/// What is unread, as a server counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Unread {
    pub(super) messages: u64,
    pub(super) mentions: u64,
    pub(super) more: bool,
}

impl Line {
    /// The message that an event is about; 0 if it is about none.
    pub(super) fn about(&self) -> u64 {
        self.message.as_u64().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind_are_read() {
        let welcome = r#"{"type":"welcome","you":{"id":"a","name":"b"},"token":"t","rooms":[],"people":{},
            "limits":{"text":1,"requests_per_second":2,"request_burst":3},"server":"0","at":1}"#;
        let line: Line = serde_json::from_str(welcome).unwrap();
        assert_eq!(line.limits, Some(Limits { text: 1, requests_per_second: 2 }));
        let edited =
            r#"{"type":"edited","message":3,"text":"x","room":"r","sequence":5,"position":9,"by":"a"}"#;
        let line: Line = serde_json::from_str(edited).unwrap();
        assert_eq!((line.about(), line.sequence, line.position), (3, 5, 9));
        let error = r#"{"type":"error","id":7,"code":"busy","message":"Later.","retry_after":250}"#;
        let line: Line = serde_json::from_str(error).unwrap();
        assert_eq!((line.code.as_str(), line.retry_after, line.about()), ("busy", Some(250), 0));
    }
}
