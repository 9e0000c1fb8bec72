//! What becomes of files: they stay as long as a message names them, through crashes, and then nothing of them is left.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use parlor_tests::http1::request;
use parlor_tests::process::{Folder, Process, built};
use serde_json::{Value, json};

use crate::server::{Server, refusal_of};
use crate::shared::{LOBBY, PNG, name, post, room};

#[tokio::test]
async fn what_nobody_reads_any_more_is_removed_from_the_disk() {
    let server = Server::start("files-erased");
    let mut owner = server.owner().await;
    let (mut ann, bob) = (server.guest().await, server.guest().await);
    owner.ok(json!({"type": "set_filter", "kind": "word", "pattern": "spam", "action": "hold"})).await;
    for what in ["deleted", "edited away", "deleted by a moderator", "thrown away", "undone and purged"] {
        let path = server.picture(&ann.token, LOBBY);
        let text = format!("{} [cat]({path})", if what == "thrown away" { "spam" } else { "see" });
        let message = post(&mut ann, LOBBY, &text).await;
        assert_eq!(server.stored().len(), 1, "{what}");
        let own = |kind: &str| json!({"type": kind, "room": LOBBY, "message": message, "text": "nothing"});
        match what {
            "deleted" => _ = ann.ok(own("delete")).await,
            "edited away" => _ = ann.ok(own("edit")).await,
            "deleted by a moderator" => _ = owner.ok(own("delete")).await,
            _ => {
                if what == "undone and purged" {
                    owner.ok(json!({"type": "undo", "people": [ann.id()], "minutes": 5})).await;
                    assert!(!server.has(&bob.token, &path), "undone");
                }
                let withheld = owner.ok(json!({"type": "withheld"})).await;
                let newest = withheld["withheld"].as_array().unwrap().last().unwrap()["withheld"].clone();
                assert_eq!(server.stored().len(), 1, "it can be brought back");
                owner.ok(json!({"type": "purge", "withheld": newest})).await;
            }
        }
        assert!(!server.has(&bob.token, &path), "{what}");
        server.wait_until_stored(0);
    }
}

#[tokio::test]
async fn a_file_stays_as_long_as_one_message_names_it() {
    let server = Server::start("files-claims");
    let (mut ann, mut bob) = (server.guest().await, server.guest().await);
    let path = server.picture(&ann.token, LOBBY);
    let first = name(&mut ann, LOBBY, &path).await;
    let second = name(&mut ann, LOBBY, &path).await;
    let quote = name(&mut bob, LOBBY, &path).await;
    let other = room(&mut ann, "other", "public").await;
    name(&mut ann, &other, &path).await;
    let delete = |message: u64| json!({"type": "delete", "room": LOBBY, "message": message});
    ann.ok(delete(first)).await;
    assert!(server.has(&bob.token, &path), "another message of its owner names it");
    bob.ok(delete(quote)).await;
    assert!(server.has(&bob.token, &path), "a quotation is no claim");
    ann.ok(delete(second)).await;
    assert!(!server.has(&bob.token, &path), "a message elsewhere is no claim");
    server.wait_until_stored(0);
}

#[tokio::test]
async fn what_nobody_names_is_removed_after_a_while() {
    let mut server = Server::start("files-unclaimed");
    let mut ann = server.guest().await;
    let kept = server.picture(&ann.token, LOBBY);
    name(&mut ann, LOBBY, &kept).await;
    server.picture(&ann.token, LOBBY);
    let token = ann.vanish();
    server.stop();
    // Only now, so that a slow machine has time to name one of them.
    std::fs::write(server.folder.path().join("parlor.toml"), "[files]\nkeep-unclaimed = 1\n").unwrap();
    server.start_again();
    let mut ann = server.back(&token).await;
    for number in 0..150 {
        if server.stored().len() == 1 {
            break;
        }
        // Whoever goes on talking wakes the thread that looks; otherwise it does so once a minute.
        post(&mut ann, LOBBY, &format!("{number}")).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(server.stored().len(), 1);
    assert!(server.has(&token, &kept));
}

#[tokio::test]
async fn what_is_withheld_is_shown_to_nobody_but_who_decides_and_comes_back_whole() {
    let server = Server::start("files-withheld");
    let mut owner = server.owner().await;
    let (mut ann, bob) = (server.guest().await, server.guest().await);
    owner.ok(json!({"type": "set_filter", "kind": "word", "pattern": "spam", "action": "hold"})).await;
    let (held, undone) = (server.picture(&ann.token, LOBBY), server.picture(&ann.token, LOBBY));
    post(&mut ann, LOBBY, &format!("spam [cat]({held})")).await;
    assert!(!server.has(&bob.token, &held), "held");
    assert!(server.has(&owner.token, &held), "who decides sees what");
    assert!(server.has(&ann.token, &held));
    let restore = |list: &Value| json!({"type": "restore", "withheld": list["withheld"][0]["withheld"]});
    let list = owner.ok(json!({"type": "withheld"})).await;
    owner.ok(restore(&list)).await;
    assert!(server.has(&bob.token, &held), "let through");
    name(&mut ann, LOBBY, &undone).await;
    assert!(server.has(&bob.token, &undone));
    owner.ok(json!({"type": "undo", "people": [ann.id()], "minutes": 5})).await;
    for path in [&held, &undone] {
        assert!(!server.has(&bob.token, path), "undone");
    }
    let list = owner.ok(json!({"type": "withheld"})).await;
    owner.ok(restore(&list)).await;
    for path in [&held, &undone] {
        assert!(server.has(&bob.token, path), "brought back");
    }
}

#[tokio::test]
async fn a_killed_server_keeps_what_is_named_and_nothing_unfinished() {
    let mut server = Server::start("files-killed");
    let mut ann = server.guest().await;
    let (named, later) = (server.picture(&ann.token, LOBBY), server.picture(&ann.token, LOBBY));
    let first = name(&mut ann, LOBBY, &named).await;
    let bearer = format!("Authorization: Bearer {}", ann.token);
    let lines = ["X-Parlor: 1", &bearer, "Content-Length: 1000000"];
    let head = request(&server.address, &format!("POST /files?room={LOBBY}&name=a.dat"), &lines, b"");
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&[head, vec![7; 600_000]].concat()).unwrap();
    server.wait_until_stored(3);
    let token = ann.vanish();
    server.kill_and_start();
    assert_eq!(server.stored().len(), 2, "what was unfinished is gone: {:?}", server.stored());
    let mut ann = server.back(&token).await;
    let bob = server.guest().await;
    assert!(server.has(&bob.token, &named) && server.has(&ann.token, &later));
    name(&mut ann, LOBBY, &later).await;
    server.kill_and_start();
    assert!(server.has(&bob.token, &later), "whatever was known of it when it was killed");
    let mut ann = server.back(&token).await;
    ann.ok(json!({"type": "delete", "room": LOBBY, "message": first})).await;
    server.kill_and_start();
    assert!(!server.has(&bob.token, &named));
    server.wait_until_stored(1);
    assert!(server.has(&bob.token, &later));
}

#[tokio::test]
async fn what_is_known_of_files_is_made_anew_from_them_and_the_log() {
    let mut server = Server::start("files-anew");
    let (mut ann, bob) = (server.guest().await, server.guest().await);
    let [named, gone, unnamed] = [(); 3].map(|()| server.picture(&ann.token, LOBBY));
    name(&mut ann, LOBBY, &named).await;
    let message = name(&mut ann, LOBBY, &gone).await;
    let token = ann.vanish();
    server.stop();
    let data = server.folder.path().join("parlor-data");
    let id = |path: &str| path["/files/".len()..][..26].to_owned();
    for what in ["lost", "damaged"] {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(data.join(format!("files.sqlite{end}")));
        }
        if what == "damaged" {
            std::fs::write(data.join("files.sqlite"), [7; 8_192]).unwrap();
        }
        std::fs::write(data.join("files").join("0123456789abcdefghjkmnpqrs.part"), b"unfinished").unwrap();
        server.start_again();
        assert_eq!(server.stored().len(), 3, "{what}");
        assert!(server.has(&bob.token, &named) && server.has(&bob.token, &gone), "{what}");
        assert!(server.has(&token, &unnamed) && !server.has(&bob.token, &unnamed), "{what}");
        server.stop();
    }
    // A file that is lost is no reason not to start.
    std::fs::remove_file(data.join("files").join(id(&named))).unwrap();
    server.start_again();
    assert!(!server.has(&bob.token, &named));
    let mut ann = server.back(&token).await;
    ann.ok(json!({"type": "delete", "room": LOBBY, "message": message})).await;
    server.wait_until_stored(1);
}

#[tokio::test]
async fn a_full_disk_refuses_a_file_and_nothing_else() {
    let folder = Folder::new("files-disk");
    // No file of this process may grow beyond 4 MiB: what would is told that it is too large, which is no signal here.
    let script = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" --listen 127.0.0.1:0";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(built("parlor")).current_dir(folder.path());
    let process = Process::spawn("parlor", &mut command);
    let line = process.line_with("listening on http://", Duration::from_secs(30));
    let server = Server::running(process, folder, line.replace("listening on http://", ""));
    let mut ann = server.guest().await;
    let asked = format!("room={LOBBY}&name=a.dat");
    let answer = server.bring(&ann.token, &asked, "", &vec![7; 12 << 20]);
    assert_eq!(refusal_of(&answer), (507, "disk-full".into()));
    server.wait_until_stored(0);
    post(&mut ann, LOBBY, "still talking").await;
    assert_eq!(server.bring(&ann.token, &asked, "image/png", PNG).status, 201);
}
