//! Who has lost what they sign in with is let in again by whoever runs the server.

use std::process::Command;

use parlor_tests::process::built;
use serde_json::json;

use super::server::{PASSWORD, Server, token_of};

/// What `parlor admin reset` says, and whether it did it.
fn reset(server: &Server, name: &str) -> (bool, String) {
    let mut command = Command::new(built("parlor"));
    let output = command.args(["admin", "reset", name]).current_dir(server.folder.path()).output().unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn link(server: &Server, name: &str) -> String {
    let (done, said) = reset(server, name);
    assert!(done, "{said}");
    let link = said.lines().next().unwrap().strip_prefix("http://127.0.0.1:8080/link#").unwrap();
    link.to_owned()
}

#[tokio::test]
async fn a_link_lets_in_once_and_everybody_else_is_signed_out() {
    let mut server = Server::start("link");
    let (_, token) = server.claimed("Ada").await;
    let mut ada = server.back(&token).await;
    let first = link(&server, "ada");
    // The same without a running server.
    server.stop();
    let second = link(&server, "Ada");
    server.start_again();
    let come = |link: &str| json!({"link": link, "password": "another horse"});
    assert_eq!(server.refused("POST /session/link", "", &come(&first)), (409, "link-invalid".into()));
    let again = server.back(&token).await;
    let you = server.ok("POST /session/link", "", &come(&second));
    drop(again);
    assert_eq!(you["name"], "Ada");
    assert_eq!(server.turned_away(&token).await, 1008);
    assert_eq!(server.refused("POST /session/link", "", &come(&second)), (409, "link-invalid".into()));
    let old = json!({"name": "Ada", "password": PASSWORD});
    assert_eq!(server.refused("POST /session", "", &old), (401, "wrong-password".into()));
    server.ok("POST /session", "", &json!({"name": "Ada", "password": "another horse"}));
    assert_eq!(server.back(&token_of(&you)).await.id(), ada.id());
    assert_eq!(ada.ended().await, 1012, "it was the restart that ended it");
}

#[tokio::test]
async fn there_is_no_link_for_nobody_and_none_for_a_guest() {
    let server = Server::start("no-link");
    let guest = server.guest().await;
    for (name, part) in [("Nobody", "nobody here is called that"), (guest.name(), "a guest's name")] {
        let (done, said) = reset(&server, name);
        assert!(!done && said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn orders_are_taken_only_from_who_may_look_into_the_data_folder() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    let server = Server::start("control");
    let socket = server.folder.path().join("parlor-data/control");
    let metadata = std::fs::metadata(socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o077, 0);
}
