//! What fields of the protocol look like in JSON, for its documents and its schema.

use parlor_chat::{
    Door, FilterAction, FilterKind, InviteId, PersonId, Retention, Role, RoomId, Sequence, ServerRole,
    Visibility,
};

/// A type of request or line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) fields: &'static [Field],
}

/// A field of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// What a value looks like: the words for people and the schema for programs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) words: &'static str,
    pub(super) schema: &'static str,
}

/// A type that has a shape.
pub(super) trait Shaped {
    const SHAPE: Shape;
    const REQUIRED: bool = true;
}

macro_rules! shapes {
    ($($shape:ty: $words:literal $schema:literal;)*) => {
        $(impl Shaped for $shape {
            const SHAPE: Shape = Shape { words: $words, schema: $schema };
        })*
    };
}

shapes! {
    String: "text" r#"{"type":"string"}"#;
    u64: "number" r#"{"type":"integer","minimum":0}"#;
    i32: "number" r#"{"type":"integer"}"#;
    RoomId: "room" r##"{"$ref":"#/$defs/id"}"##;
    PersonId: "person" r##"{"$ref":"#/$defs/id"}"##;
    Sequence: "place" r#"{"type":"integer","minimum":0}"#;
    Vec<PersonId>: "list of people" r##"{"type":"array","items":{"$ref":"#/$defs/id"}}"##;
    bool: "yes or no" r#"{"type":"boolean"}"#;
    InviteId: "invitation" r##"{"$ref":"#/$defs/id"}"##;
    Vec<RoomId>: "list of rooms" r##"{"type":"array","items":{"$ref":"#/$defs/id"}}"##;
    ServerRole: "role on the server" r#"{"enum":["guest","bot","member","moderator","owner"]}"#;
    Door: "door" r#"{"enum":["open","claimed","invite","closed"]}"#;
    FilterKind: "kind of filter" r#"{"enum":["word","link"]}"#;
    FilterAction: "action" r#"{"enum":["refuse","hold"]}"#;
    Visibility: "visibility" r#"{"enum":["public","private"]}"#;
    Role: "role" r#"{"enum":["member","moderator","owner"]}"#;
    Retention: "retention" r#"{"anyOf":[{"enum":["inherit","forever"]},{"type":"object","properties":{"milliseconds":{"type":"integer","minimum":1000}},"required":["milliseconds"]}]}"#;
}

impl<T: Shaped> Shaped for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const REQUIRED: bool = false;
}
