//! Bringing files and having them: what is answered, what is refused, and what no file can do to anybody.

use std::io::{Read, Write};
use std::net::TcpStream;

use parlor_tests::http1::{Answer, ask_with, request};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server, refusal_of};
use crate::shared::{LOBBY, PNG, name, post, room};

#[tokio::test]
async fn a_file_is_brought_and_named_and_then_others_have_it() {
    let server = Server::start("files");
    let (mut ann, bob) = (server.guest().await, server.guest().await);
    assert_eq!(ann.welcome["limits"]["file_octets"], 26_214_400);
    let asked = format!("room={LOBBY}&name=a%20%5Bcat%5D%20(1).png");
    let brought = server.brought(&ann.token, &asked, "image/png", PNG);
    let (id, path) = (brought["id"].as_str().unwrap(), brought["path"].as_str().unwrap());
    assert_eq!(id.len(), 26);
    assert_eq!(path, format!("/files/{id}/a%20%5Bcat%5D%20%281%29.png"));
    assert_eq!(
        brought,
        json!({"id": id, "name": "a [cat] (1).png", "type": "image/png", "size": PNG.len(), "path": path})
    );
    assert!(server.has(&ann.token, path));
    for token in ["", &bob.token] {
        assert!(!server.has(token, path), "until a message names it, it is its owner's alone");
    }
    name(&mut ann, LOBBY, path).await;
    let answer = server.have(&bob.token, path, &[]);
    assert_eq!((answer.status, &answer.body[..]), (200, PNG));
    for (header, expected) in [
        ("content-type", "image/png"),
        ("content-length", &PNG.len().to_string()),
        ("content-disposition", "inline; filename*=UTF-8''a%20%5Bcat%5D%20%281%29.png"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("accept-ranges", "bytes"),
        ("etag", &format!("\"{id}\"")),
    ] {
        assert_eq!(answer.header(header), Some(expected), "{header}");
    }
    assert!(!server.has("", path), "the lobby is not open to the web");
    let head = server.have(&bob.token, &format!("HEAD {path}"), &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*PNG.len().to_string()));
    let known = format!("If-None-Match: \"{id}\"");
    let unchanged = server.have(&bob.token, path, &[&known]);
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
}

#[tokio::test]
async fn a_part_of_a_file_is_had() {
    let server = Server::start("files-ranges");
    let ann = server.guest().await;
    let octets: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let asked = format!("room={LOBBY}&name=x.dat");
    let brought = server.brought(&ann.token, &asked, "", &octets);
    let (path, tag) = (brought["path"].as_str().unwrap(), format!("\"{}\"", brought["id"].as_str().unwrap()));
    let whole = octets.len();
    for (range, status, from, length) in [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=1-131072", 206, 1, 131_072),
        ("bytes=299999-", 206, 299_999, 1),
        ("bytes=-5", 206, 299_995, 5),
        ("bytes=5-999999", 206, 5, 299_995),
        ("bytes=0-1,5-6", 200, 0, whole),
        ("bytes=300000-", 416, 0, 0),
    ] {
        let answer = server.have(&ann.token, path, &[&format!("Range: {range}")]);
        assert_eq!(answer.status, status, "{range}");
        assert!(answer.body == octets[from..from + length], "{range}: {} octets", answer.body.len());
        let said = match status {
            206 => Some(format!("bytes {from}-{}/{whole}", from + length - 1)),
            416 => Some(format!("bytes */{whole}")),
            _ => None,
        };
        assert_eq!(answer.header("content-range"), said.as_deref(), "{range}");
    }
    for (known, status) in [(&*tag, 206), ("\"another\"", 200)] {
        let lines = [&*format!("If-Range: {known}"), "Range: bytes=1-2"];
        assert_eq!(server.have(&ann.token, path, &lines).status, status, "{known}");
    }
    let lines = [&*format!("If-None-Match: {tag}"), "Range: bytes=1-2"];
    assert_eq!(server.have(&ann.token, path, &lines).status, 304);
}

#[tokio::test]
async fn a_file_that_lies_about_its_type_is_never_shown() {
    let server = Server::start("files-lies");
    let ann = server.guest().await;
    let script = b"<html><script>alert(1)</script></html> and so on, for as long as it takes to be looked at";
    for (called, said, octets) in [
        ("a.html", "text/html", &script[..]),
        ("a.png", "image/png", script),
        ("a.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.pdf", "application/pdf", b"%PDF-1.7"),
        ("a.xml", "application/xml", b"<?xml version='1.0'?><a/>"),
        ("a.jpg", "image/jpeg", PNG),
        ("a.png", "text/html", PNG),
        ("a.png", "", PNG),
        ("a.png", "image/png", b""),
    ] {
        let brought = server.brought(&ann.token, &format!("room={LOBBY}&name={called}"), said, octets);
        assert_eq!(brought["type"], "application/octet-stream", "{called} as {said}");
        let answer = server.have(&ann.token, brought["path"].as_str().unwrap(), &[]);
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"), "{called} as {said}");
        let disposition = answer.header("content-disposition").unwrap();
        assert_eq!(disposition, format!("attachment; filename*=UTF-8''{called}"));
        assert_eq!(answer.body, octets);
    }
    let shown = server.brought(&ann.token, &format!("room={LOBBY}&name=a.html"), "image/png", PNG);
    assert_eq!((&shown["name"], &shown["type"]), (&json!("a.html.png"), &json!("image/png")));
}

#[tokio::test]
async fn no_name_says_anything_to_a_header_or_reaches_another_path() {
    let server = Server::start("files-names");
    let ann = server.guest().await;
    for (asked, expected) in [
        ("a%0d%0aSet-Cookie:%20parlor=x.txt", "aSet-Cookie_ parlor=x.txt"),
        ("..%2f..%2fsecret", "secret.bin"),
        ("..%5c..%5cchat.sqlite", "chat.sqlite"),
        ("%2e%2e", "file.bin"),
        ("a%22%3b%20filename=b.txt", "a_; filename=b.txt"),
        ("%e2%80%aegnp.exe", "gnp.exe"),
        ("%ff%fe.txt", "\u{fffd}\u{fffd}.txt"),
        ("", "file.bin"),
    ] {
        let brought = server.brought(&ann.token, &format!("room={LOBBY}&name={asked}"), "", b"octets");
        assert_eq!(brought["name"], expected, "{asked}");
        let path = brought["path"].as_str().unwrap();
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~%/".contains(&octet);
        assert!(path.bytes().all(is_plain), "{path}");
        let answer = server.have(&ann.token, path, &[]);
        assert_eq!((answer.status, answer.header("set-cookie")), (200, None), "{path}");
        assert_eq!(answer.body, b"octets");
        // Under another name it is not there: nobody else says what a file is called.
        let (id, _) = path.strip_prefix("/files/").unwrap().split_once('/').unwrap();
        assert!(!server.has(&ann.token, &format!("/files/{id}/other.exe")));
    }
    assert_eq!(server.stored().len(), 8, "each has a file of its own in the folder: {:?}", server.stored());
    let picture = server.picture(&ann.token, LOBBY);
    let id = &picture["/files/".len()..][..26];
    for path in [
        format!("/files/{}/cat.png", id.to_uppercase()),
        format!("/files/{}/cat.png", &id[1..]),
        format!("/files/{id}%2f..%2f..%2fsecret/cat.png"),
        format!("/files/{id}/../../secret"),
        format!("/files/{id}/cat.png/"),
        format!("/files/{id}/"),
        "/files/../secret".into(),
        "/files/..%2fsecret/secret".into(),
        "/files/%2e%2e/secret".into(),
        "/files/files.sqlite/x".into(),
        "/files/00000000000000000000000000/cat.png".into(),
    ] {
        let answer = server.have(&ann.token, &path, &[]);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_file_is_refused_as_a_message_there_would_be() {
    let server = Server::start("files-rooms");
    let (mut owner, mut ann) = (server.owner().await, server.guest().await);
    let attic = room(&mut owner, "attic", "private").await;
    let garden = room(&mut owner, "garden", "public").await;
    let mute = |room: Value| json!({"type": "mute", "person": ann.id(), "room": room, "reason": "noise"});
    let (mute_there, mute_everywhere) = (mute(json!(garden)), mute(Value::Null));
    let unmute = json!({"type": "unmute", "person": ann.id()});
    let ban = json!({"type": "ban", "person": ann.id(), "reason": "noise"});
    let none = json!(null);
    let steps: [(Value, &str, &str); 6] = [
        (none.clone(), "0000000000009", "no-such-room"),
        (none.clone(), &attic, "no-such-room"),
        (none, &garden, "not-a-member"),
        (mute_everywhere, LOBBY, "muted"),
        (unmute, LOBBY, ""),
        (json!({"type": "set_door", "door": "claimed"}), LOBBY, "claim-first"),
    ];
    for (order, room, expected) in steps {
        if !order.is_null() {
            owner.ok(order).await;
        }
        let answer = server.bring(&ann.token, &format!("room={room}&name=a.txt"), "", b"octets");
        assert_eq!(refusal_of(&answer).1, expected, "{room}: {}", answer.text());
        let said = ann.ask(json!({"type": "post", "room": room, "text": "hello"})).await;
        assert_eq!(said["code"].as_str().unwrap_or_default(), expected, "{room}: {said}");
    }
    owner.ok(json!({"type": "set_door", "door": "open"})).await;
    ann.ok(json!({"type": "join", "room": garden})).await;
    owner.ok(mute_there).await;
    let answer = server.bring(&ann.token, &format!("room={garden}&name=a.txt"), "", b"octets");
    assert_eq!(refusal_of(&answer).1, "muted");
    owner.ok(ban).await;
    let answer = server.bring(&ann.token, &format!("room={LOBBY}&name=a.txt"), "", b"octets");
    assert_eq!(refusal_of(&answer).1, "banned");
    for asked in ["", "room=", "room=lobby", "name=a.txt", "room=0000000000001%00"] {
        let answer = server.bring(&owner.token, asked, "", b"octets");
        assert_eq!(refusal_of(&answer), (400, "bad-request".into()), "{asked}");
    }
    assert_eq!(server.stored().len(), 1, "what was refused is not there");
}

/// Sends a request of which only a part comes, and says whether it was answered by a success.
fn is_taken(server: &Server, octets: &[u8]) -> bool {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(octets).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    // That it is cut off without an answer is one, too.
    let _ = stream.read_to_end(&mut answer);
    !answer.is_empty() && Answer::parse(&answer).status == 201
}

#[tokio::test]
async fn what_is_too_much_is_refused_and_leaves_nothing() {
    let settings = "[files]\nmax-file = 1000\nfiles-a-day = 2500\nmax-files = 5000\n";
    let server = Server::start_with("files-limits", settings);
    let people = [server.guest().await, server.guest().await, server.guest().await];
    let [ann, bob, cid] = people.each_ref().map(|client| client.token.as_str());
    assert_eq!(people[0].welcome["limits"]["file_octets"], 1_000);
    let asked = format!("room={LOBBY}&name=a.dat");
    let bring = |token, length| refusal_of(&server.bring(token, &asked, "", &vec![7; length]));
    let taken = (201, String::new());
    for (token, length, expected) in [
        (ann, 1_001, (413, "too-large".to_owned())),
        (ann, 1_000, taken.clone()),
        (ann, 1_000, taken.clone()),
        (ann, 501, (429, "spent-today".to_owned())),
        (ann, 500, taken.clone()),
        (bob, 1_000, taken.clone()),
        (bob, 1_000, taken.clone()),
        (cid, 501, (507, "files-full".to_owned())),
        (cid, 500, taken),
    ] {
        assert_eq!(bring(token, length), expected, "{length} octets");
    }
    // Without a length said before, it is found out as it comes.
    let bearer = format!("Authorization: Bearer {cid}");
    let lines = ["X-Parlor: 1", &bearer, "Transfer-Encoding: chunked"];
    let head = request(&server.address, &format!("POST /files?{asked}"), &lines, b"");
    let chunked = [&head[..], b"3e9\r\n", &[7; 1_001], b"\r\n0\r\n\r\n"].concat();
    assert!(!is_taken(&server, &chunked));
    server.wait_until_stored(6);
    let again = server.bring(ann, &asked, "", b"octet");
    assert!(again.header("retry-after").unwrap().parse::<u64>().unwrap() <= 86_400, "{}", again.text());
}

#[tokio::test]
async fn a_body_that_is_cut_short_leaves_nothing() {
    let server = Server::start("files-cut");
    let ann = server.guest().await;
    let bearer = format!("Authorization: Bearer {}", ann.token);
    let first = format!("POST /files?room={LOBBY}&name=a.dat");
    for (framing, part) in [
        ("Content-Length: 1000000", vec![7; 600_000]),
        ("Content-Length: 1000000", vec![]),
        ("Transfer-Encoding: chunked", [&b"186A0\r\n"[..], &[7; 100_000], b"\r\n"].concat()),
        ("Transfer-Encoding: chunked", b"zz\r\n".to_vec()),
    ] {
        let head = request(&server.address, &first, &["X-Parlor: 1", &bearer, framing], b"");
        assert!(!is_taken(&server, &[head, part].concat()), "{framing}");
        server.wait_until_stored(0);
    }
    server.picture(&ann.token, LOBBY);
}

#[tokio::test]
async fn somebody_brings_so_many_files_at_once_and_no_more() {
    let server = Server::start_with("files-at-once", "[files]\nuploads-at-once = 2\n");
    let (ann, bob) = (server.guest().await, server.guest().await);
    let bearer = format!("Authorization: Bearer {}", ann.token);
    let lines = ["X-Parlor: 1", &bearer, "Content-Length: 100"];
    let begun = request(&server.address, &format!("POST /files?room={LOBBY}&name=a.dat"), &lines, b"");
    let mut running: Vec<TcpStream> = Vec::new();
    for count in 1..=2 {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(&begun).unwrap();
        running.push(stream);
        server.wait_until_stored(count);
    }
    let asked = format!("room={LOBBY}&name=a.dat");
    let answer = server.bring(&ann.token, &asked, "", b"octets");
    assert_eq!(refusal_of(&answer), (429, "too-many-at-once".into()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.bring(&bob.token, &asked, "", b"octets").status, 201, "others are not held up");
    drop(running);
    server.wait_until_stored(1);
    assert_eq!(server.bring(&ann.token, &asked, "", b"octets").status, 201);
}

#[tokio::test]
async fn a_server_that_takes_no_files_says_so() {
    let server = Server::start_with("files-off", "[files]\nmax-file = 0\n");
    let ann = server.guest().await;
    assert_eq!(ann.welcome["limits"]["file_octets"], 0);
    let answer = server.bring(&ann.token, &format!("room={LOBBY}&name=a.txt"), "", b"octets");
    assert_eq!(refusal_of(&answer), (403, "files-off".into()));
}

#[tokio::test]
async fn a_large_file_keeps_nobody_from_talking() {
    let server = Server::start("files-large");
    let (mut ann, mut bob) = (server.guest().await, server.guest().await);
    bob.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    let bearer = format!("Authorization: Bearer {}", ann.token);
    let octets = vec![7_u8; 26_214_400];
    let lines = ["X-Parlor: 1", &bearer, "Content-Length: 26214400"];
    let head = request(&server.address, &format!("POST /files?room={LOBBY}&name=a.dat"), &lines, b"");
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(&[&head[..], &octets[..20_000_000]].concat()).unwrap();
    // The file is on its way, and stays so until the rest is sent.
    for number in 0..20 {
        post(&mut ann, LOBBY, &format!("{number}")).await;
        assert_eq!(bob.event_of("posted").await["text"], format!("{number}"));
    }
    stream.write_all(&octets[20_000_000..]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = Answer::parse(&answer);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let brought: Value = serde_json::from_slice(&answer.body).unwrap();
    let had = server.have(&ann.token, brought["path"].as_str().unwrap(), &[]);
    assert!(had.body == octets, "{} octets", had.body.len());
}

#[tokio::test]
async fn a_photograph_does_not_tell_where_it_was_taken() {
    let server = Server::start("files-photographs");
    let ann = server.guest().await;
    let drawn = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0 what is drawn \xff\xd9";
    let exif = b"\xff\xe1\0\x1aExif\0\0II*\0 GPS 48.2082 N";
    let octets = [&b"\xff\xd8"[..], exif, drawn, b"MPF: another picture, GPS 48.2082 N"].concat();
    for said in ["image/jpeg", "", "text/plain"] {
        let asked = format!("room={LOBBY}&name=a.jpg");
        let brought = server.brought(&ann.token, &asked, said, &octets);
        let had = server.have(&ann.token, brought["path"].as_str().unwrap(), &[]);
        assert_eq!(had.body, [&b"\xff\xd8"[..], drawn].concat(), "{}", had.body.escape_ascii());
        assert_eq!(brought["size"], had.body.len());
    }
    let answer = server.bring(&ann.token, &format!("room={LOBBY}&name=a.jpg"), "image/jpeg", &octets[..12]);
    assert_eq!(refusal_of(&answer), (422, "picture-damaged".into()));
    assert_eq!(server.stored().len(), 3);
}

#[tokio::test]
async fn what_somebody_brought_is_written_out_and_erased_with_them() {
    let server = Server::start("files-of");
    let (mut ann, token) = server.claimed("Ann").await;
    let (mut bob, cid) = (server.guest().await, server.guest().await);
    let (named, kept) = (server.picture(&token, LOBBY), server.picture(&token, LOBBY));
    drop(ann);
    ann = server.back(&token).await;
    name(&mut ann, LOBBY, &named).await;
    let of_bob = server.picture(&bob.token, LOBBY);
    name(&mut bob, LOBBY, &of_bob).await;
    let export = server.have(&token, "/me/export", &[]).text();
    assert!(export.contains(&named) && export.contains(&kept) && !export.contains(&of_bob), "{export}");
    assert!(export.contains("\"name\":\"cat.png\""), "{export}");
    server.ok("POST /me/delete", &token, &json!({"password": PASSWORD}));
    assert!(!server.has(&cid.token, &named), "it is gone at once");
    server.wait_until_stored(1);
    assert!(server.has(&cid.token, &of_bob));
    // Whoever is a foreign page can bring nothing.
    let cookie = format!("Cookie: parlor={}", bob.token);
    let path = format!("POST /files?room={LOBBY}&name=a.txt");
    for lines in [&[&*cookie][..], &[&*cookie, "X-Parlor: 1", "Origin: https://evil.example"]] {
        assert_eq!(ask_with(&server.address, &path, lines, b"octets").status, 403);
    }
}
