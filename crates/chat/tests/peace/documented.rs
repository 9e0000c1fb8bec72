//! docs/permissions.md says what the tables in the code say. `UPDATE=1 cargo test -p parlor-chat` writes it.

use std::fmt::Write;
use std::path::PathBuf;

use parlor_chat::{Allowed, Permission, RoomPermission};

use crate::matrix::{room_name, server_name};
use crate::rows::{self, Does};

fn server() -> String {
    let mut text = "| Permission | | guest | bot | member | moderator | owner |\n".to_owned();
    text += "| --- | --- | --- | --- | --- | --- | --- |\n";
    for (_, name, about, allowed) in Permission::TABLE {
        let cells = allowed.map(|cell| match cell {
            Allowed::Always => "yes",
            Allowed::UnlessClaimed => "unless the door is `claimed`",
            Allowed::Never => "",
        });
        let _ = writeln!(text, "| `{name}` | {about} | {} |", cells.join(" | "));
    }
    text
}

fn room() -> String {
    let mut text = "| Permission | | anybody | member | moderator | owner |\n".to_owned();
    text += "| --- | --- | --- | --- | --- | --- |\n";
    for (_, name, about, allowed) in RoomPermission::TABLE {
        let cells = allowed.map(|cell| if cell { "yes" } else { "" });
        let _ = writeln!(text, "| `{name}` | {about} | {} |", cells.join(" | "));
    }
    text
}

/// What each request takes, once for each way to ask it.
fn requests() -> String {
    let mut text = "| Request | on the server | in the room |\n| --- | --- | --- |\n".to_owned();
    for row in rows::all() {
        let server = server_name(row.server);
        let room = row.room.map(|room| format!("`{}`", room_name(room))).unwrap_or_default();
        let member = if row.as_member { ", as a member" } else { "" };
        let public = if row.public { ", of a public room" } else { "" };
        let how = if let Does::Elsewhere(how) = row.does { how } else { "" };
        let _ = writeln!(text, "| `{}` | `{server}` | {room}{member}{public}{how} |", row.name);
    }
    text
}

#[test]
fn the_document_has_the_tables() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md"));
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (name, table) in [("server", server()), ("room", room()), ("requests", requests())] {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let first = text.find(&start).unwrap() + start.len();
        let last = text.find(&end).unwrap();
        text.replace_range(first..last, &table);
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == text,
        "docs/permissions.md is out of date: run UPDATE=1 cargo test -p parlor-chat"
    );
}
