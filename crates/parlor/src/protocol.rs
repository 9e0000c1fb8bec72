//! The JSON that `parlor.v1` speaks, as docs/protocol.md tells it.

use serde::{Deserialize, Serialize};

/// The subprotocol's name.
pub(crate) const SUBPROTOCOL: &str = "parlor.v1";

/// What a client asks for.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Say this in the lobby.
    Post {
        /// What to say.
        text: String,
    },
}

/// What a client is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// The first thing that is told.
    Welcome { you: &'a str, room: &'a str, present: usize, at: u64 },
    /// Somebody said something; oneself, too.
    Message { id: u64, from: &'a str, text: &'a str, at: u64 },
    /// Somebody came.
    Joined { who: &'a str, present: usize, at: u64 },
    /// Somebody left.
    Left { who: &'a str, present: usize, at: u64 },
    /// What was asked for was not done.
    Error { code: &'a str, message: &'a str },
}

impl Event<'_> {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("these types have a JSON form")
    }
}

/// Reads a request, or says in a sentence what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Request, String> {
    serde_json::from_str(text).map_err(|error| format!("This is no request: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests() {
        let post = Request::Post { text: "hi".to_owned() };
        assert_eq!(parse(r#"{"type":"post","text":"hi"}"#), Ok(post));
        let post = Request::Post { text: String::new() };
        assert_eq!(parse(r#"{"type":"post","text":"","later":1}"#), Ok(post));
        for bad in
            ["", "hi", "[]", "{}", r#"{"type":"fly"}"#, r#"{"type":"post"}"#, r#"{"type":"post","text":1}"#]
        {
            assert!(parse(bad).unwrap_err().starts_with("This is no request: "), "{bad}");
        }
    }

    #[test]
    fn events() {
        for (event, json) in [
            (
                Event::Welcome { you: "user-1", room: "lobby", present: 2, at: 3 },
                r#"{"type":"welcome","you":"user-1","room":"lobby","present":2,"at":3}"#,
            ),
            (
                Event::Message { id: 1, from: "user-1", text: "a \"b\"\n", at: 3 },
                r#"{"type":"message","id":1,"from":"user-1","text":"a \"b\"\n","at":3}"#,
            ),
            (
                Event::Joined { who: "user-1", present: 2, at: 3 },
                r#"{"type":"joined","who":"user-1","present":2,"at":3}"#,
            ),
            (
                Event::Left { who: "user-1", present: 2, at: 3 },
                r#"{"type":"left","who":"user-1","present":2,"at":3}"#,
            ),
            (
                Event::Error { code: "bad-request", message: "No." },
                r#"{"type":"error","code":"bad-request","message":"No."}"#,
            ),
        ] {
            assert_eq!(event.to_json(), json);
        }
    }
}
