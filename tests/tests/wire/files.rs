//! The page's files: compressed, kept by browsers for as long as they are right, and never of two versions.

use parlor_tests::http1::{Answer, ask};

use crate::server::Server;

const FOREVER: &str = "public, max-age=31536000, immutable";

fn get(server: &Server, path: &str, lines: &[&str]) -> Answer {
    ask(&server.address, &format!("GET {path}"), lines)
}

/// The addresses that the page names.
fn named(page: &str) -> Vec<&str> {
    page.split('"').filter(|part| part.starts_with("/web/")).collect()
}

#[test]
fn every_file_that_the_page_names_is_kept_for_ever_and_comes_compressed_to_who_takes_that() {
    let server = Server::start("files", &[]);
    let page = get(&server, "/", &[]).text();
    let (mut plain_octets, mut gzip_octets) = (0, 0);
    for address in named(&page) {
        let plain = get(&server, address, &[]);
        assert_eq!((plain.status, plain.header("cache-control")), (200, Some(FOREVER)), "{address}");
        assert_eq!(plain.header("vary"), Some("Accept-Encoding"), "{address}");
        assert_eq!(plain.header("content-encoding"), None, "{address}");
        let compressed = get(&server, address, &["Accept-Encoding: gzip, br"]);
        let is_dense = address.ends_with(".png");
        assert_eq!(compressed.header("content-encoding"), (!is_dense).then_some("gzip"), "{address}");
        assert_eq!(compressed.header("etag"), plain.header("etag"), "{address}");
        if !is_dense {
            // The head of gzip, and at its end how long the content is (RFC 1952 §2.3).
            assert_eq!(compressed.body[..3], [0x1f, 0x8b, 8], "{address}");
            let len = u32::try_from(plain.body.len()).unwrap().to_le_bytes();
            assert_eq!(compressed.body[compressed.body.len() - 4..], len, "{address}");
        }
        plain_octets += plain.body.len();
        gzip_octets += compressed.body.len();
    }
    println!("what the page names: {plain_octets} octets, compressed {gzip_octets}");
    assert!(gzip_octets * 2 < plain_octets, "{gzip_octets} of {plain_octets}");
}

#[test]
fn who_has_the_file_or_the_page_already_is_told_so() {
    let server = Server::start("tags", &[]);
    let page = get(&server, "/", &[]);
    let cookie = page.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap();
    let cookie = format!("Cookie: {cookie}");
    let text = page.text();
    for path in [named(&text)[0], "/", "/service-worker.js"] {
        let first = get(&server, path, &[&cookie]);
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path}: {first:?}"));
        let again = get(&server, path, &[&cookie, &format!("If-None-Match: {tag}")]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        for header in ["cache-control", "etag", "vary"] {
            assert_eq!(again.header(header), first.header(header), "{path}");
        }
    }
    for path in ["/", "/service-worker.js"] {
        assert_eq!(get(&server, path, &[&cookie]).header("cache-control"), Some("no-cache"), "{path}");
    }
    // What makes somebody of a new visitor is nobody else's.
    assert_eq!(page.header("cache-control"), Some("no-store"));
}

#[test]
fn an_address_without_a_version_leads_to_the_file_and_one_of_another_version_to_nothing() {
    let server = Server::start("versions", &[]);
    let page = get(&server, "/", &[]).text();
    let address = *named(&page).iter().find(|address| address.ends_with("/icon.svg")).unwrap();
    let led = get(&server, "/web/icon.svg", &[]);
    assert_eq!((led.status, led.header("location")), (302, Some(address)));
    assert_eq!(led.header("cache-control"), Some("no-cache"));
    for path in ["/web/0000000000000000/icon.svg", "/web/nothing.js", "/web/", "/web/../icon.svg"] {
        let answer = get(&server, path, &[]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("cache-control").is_none_or(|caching| caching != FOREVER), "{path}");
    }
}
