//! Rooms that are open to the web, for readers without a script and for programs that search the web; and all others,
//! which are not there for them.

use std::collections::BTreeSet;

use parlor_tests::client::Client;
use parlor_tests::http1::{Answer, ask};
use serde_json::{Value, json};

use crate::server::Server;

/// More than one document has.
const MANY: usize = 120;

fn get(server: &Server, path: &str) -> Answer {
    ask(&server.address, &format!("GET {path}"), &[])
}

async fn come(server: &Server, name: &str) -> Client {
    let mut client = Client::new(&format!("ws://{}", server.address)).await;
    client.ok(json!({"type": "rename", "nickname": name})).await;
    client
}

/// A room of somebody's own.
async fn room(client: &mut Client, visibility: &str, name: &str) -> Value {
    let wish =
        json!({"type": "create_room", "visibility": visibility, "name": name, "topic": "Green <things>"});
    client.ok(wish).await["room"].clone()
}

async fn say(client: &mut Client, room: &Value, text: &str) -> u64 {
    let said = client.ok(json!({"type": "post", "room": room, "text": text})).await;
    said["sequence"].as_u64().unwrap_or_else(|| panic!("{said}"))
}

async fn open(client: &mut Client, room: &Value, open: bool) {
    client.ok(json!({"type": "set_web_access", "room": room, "open": open})).await;
}

fn start(name: &str) -> Server {
    Server::start(name, &["--requests-per-second", "1000000", "--request-burst", "1000000"])
}

#[tokio::test]
async fn only_what_its_moderators_open_can_be_read_and_the_rest_is_as_if_it_were_not_there() {
    let server = start("open");
    let (mut ann, mut bob) = (come(&server, "ann").await, come(&server, "bob").await);
    let public = room(&mut ann, "public", "a garden/№1").await;
    let private = room(&mut ann, "private", "secret").await;
    let said = say(&mut ann, &public, "**roses** & <tulips>").await;
    say(&mut ann, &private, "between us").await;
    let path = "/room/a%20garden%2F%E2%84%961";
    let all = [path.to_owned(), format!("{path}/{said}"), format!("{path}/feed.atom")];
    for path in &all {
        let closed = get(&server, path);
        assert_eq!(closed.status, 404, "{path}");
        assert!(!closed.text().contains("roses"), "{path}");
    }
    for (asker, room) in [(&mut bob, &public), (&mut ann, &private)] {
        let wish = json!({"type": "set_web_access", "room": room, "open": true});
        let code = asker.refused(wish).await;
        assert!(["not-allowed", "not-a-member"].contains(&code.as_str()), "{code}");
    }
    open(&mut ann, &public, true).await;
    for path in &all {
        let open = get(&server, path);
        assert_eq!((open.status, open.header("cache-control")), (200, Some("no-cache")), "{path}: {open:?}");
        assert!(
            open.text().contains("roses") && !open.text().contains("<tulips>"),
            "{path}: {}",
            open.text()
        );
        assert_eq!(open.header("set-cookie"), None, "{path}: who only reads is nobody");
        let tag = open.header("etag").unwrap();
        let again = ask(&server.address, &format!("GET {path}"), &[&format!("If-None-Match: {tag}")]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let compressed = ask(&server.address, &format!("GET {path}"), &["Accept-Encoding: gzip"]);
        assert_eq!(compressed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(compressed.body.len() < open.body.len() / 2, "{path}");
    }
    for nowhere in
        ["/room/secret", "/room/secret/feed.atom", "/room/lobby", "/room/none", "/room/a/b/c", "/room/%ff"]
    {
        let answer = get(&server, nowhere);
        assert_eq!(answer.status, 404, "{nowhere}");
        assert!(!answer.text().contains("between us"), "{nowhere}");
    }
    // Somebody who has come in is given the page, with what they may read.
    let page =
        ask(&server.address, &format!("GET {path}"), &[&format!("Authorization: Bearer {}", bob.token)]);
    assert!(page.status == 200 && page.text().contains("<ol class=\"rows early end\""), "{page:?}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    open(&mut ann, &public, false).await;
    for path in &all {
        assert_eq!(get(&server, path).status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_document_says_what_it_is_and_leads_to_all_others() {
    let server = start("pages");
    let mut ann = come(&server, "ann").await;
    let garden = room(&mut ann, "public", "garden").await;
    open(&mut ann, &garden, true).await;
    let mut first = 0;
    for number in 0..MANY {
        let said = say(&mut ann, &garden, &format!("flower number {number}")).await;
        first = if number == 0 { said } else { first };
    }
    let base = format!("http://{}", server.address);
    let newest = get(&server, "/room/garden").text();
    for part in [
        "<title>garden · Parlor</title>".to_owned(),
        "<meta name=\"description\" content=\"Green &lt;things&gt;\">".to_owned(),
        format!("<link rel=\"canonical\" href=\"{base}/room/garden\">"),
        "href=\"/room/garden/feed.atom\"".to_owned(),
        format!("<meta property=\"og:url\" content=\"{base}/room/garden\">"),
        "<bdi>ann</bdi>".to_owned(),
        "<time datetime=\"20".to_owned(),
    ] {
        assert!(newest.contains(&part), "{part} is not in {newest}");
    }
    // From page to page, down to the first message: none is left out.
    let (mut path, mut seen) = ("/room/garden".to_owned(), BTreeSet::new());
    loop {
        let page = get(&server, &path).text();
        let texts = page.split("dir=\"auto\">flower number ").skip(1);
        seen.extend(texts.map(|text| text.split('<').next().unwrap().parse::<usize>().unwrap()));
        let Some(link) = page.split("<link rel=\"prev\" href=\"").nth(1) else { break };
        path = link.split('"').next().unwrap().to_owned();
    }
    assert_eq!(seen, (0..MANY).collect());
    let one = get(&server, &format!("/room/garden/{first}")).text();
    assert!(one.contains("<title>ann: flower number 0 · garden · Parlor</title>"), "{one}");
    assert!(one.contains("<meta property=\"og:type\" content=\"article\">"), "{one}");
    let links = one.matches("<link rel=\"next\"").count();
    assert_eq!(links, 1, "{one}");
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_everything_at_once() {
    let server = start("deleted");
    let mut ann = come(&server, "ann").await;
    let garden = room(&mut ann, "public", "garden").await;
    open(&mut ann, &garden, true).await;
    let stays = say(&mut ann, &garden, "this stays").await;
    let goes = say(&mut ann, &garden, "this goes").await;
    let shown =
        ["/room/garden".to_owned(), format!("/room/garden/{stays}"), "/room/garden/feed.atom".to_owned()];
    for path in &shown {
        assert!(get(&server, path).text().contains("this goes"), "{path}");
    }
    let tag = get(&server, "/room/garden").header("etag").unwrap().to_owned();
    ann.ok(json!({"type": "delete", "room": garden, "message": goes})).await;
    for path in &shown {
        let text = get(&server, path).text();
        assert!(text.contains("this stays") && !text.contains("this goes"), "{path}: {text}");
    }
    assert_eq!(get(&server, &format!("/room/garden/{goes}")).status, 404);
    let again = ask(&server.address, "GET /room/garden", &[&format!("If-None-Match: {tag}")]);
    assert_eq!(again.status, 200, "what was kept is not the same any more");
    // Who erases themselves is gone with all they said.
    ann.ok(json!({"type": "erase_me"})).await;
    for path in ["/room/garden", "/room/garden/feed.atom"] {
        let text = get(&server, path).text();
        assert!(!text.contains("this stays") && !text.contains("<bdi>ann"), "{path}: {text}");
    }
}

#[tokio::test]
async fn programs_find_the_open_rooms_and_what_is_new_there() {
    let server = start("found");
    let mut ann = come(&server, "ann <b>").await;
    let garden = room(&mut ann, "public", "garden & co").await;
    room(&mut ann, "public", "kitchen").await;
    open(&mut ann, &garden, true).await;
    let said = say(&mut ann, &garden, "one ]]> two & `three`").await;
    let base = format!("http://{}", server.address);
    let robots = get(&server, "/robots.txt").text();
    assert!(
        robots.contains(&format!("Sitemap: {base}/sitemap.xml\n"))
            && robots.contains("Disallow: /private/\nDisallow: /direct/\n")
    );
    let map = get(&server, "/sitemap.xml");
    assert_eq!(map.header("content-type"), Some("application/xml; charset=utf-8"));
    assert!(
        map.text().contains(&format!("<loc>{base}/room/garden%20%26%20co</loc><lastmod>20")),
        "{}",
        map.text()
    );
    assert_eq!(map.text().matches("<url>").count(), 1, "{}", map.text());
    let feed = get(&server, "/room/garden%20%26%20co/feed.atom");
    assert_eq!(feed.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    for part in [
        "<title>garden &amp; co</title>".to_owned(),
        "<title>ann &lt;b&gt;: one ]]&gt; two &amp; `three`</title>".to_owned(),
        "<content type=\"html\">one ]]&amp;gt; two &amp;amp; &lt;code&gt;three&lt;/code&gt;</content>"
            .to_owned(),
        format!("href=\"{base}/room/garden%20%26%20co/{said}\"/>"),
        format!("<id>tag:{},2026:{}/{said}</id>", server.address, garden.as_str().unwrap()),
    ] {
        assert!(feed.text().contains(&part), "{part} is not in {}", feed.text());
    }
    // A name that a stranger chose does not become markup.
    let answer = ask(&server.address, "GET /room/garden%20%26%20co", &["Host: \"><script>alert(1)</script>"]);
    assert!(!answer.text().contains("alert(1)"), "{}", answer.text());
}
