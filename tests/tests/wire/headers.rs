//! What every answer says to a browser.

use std::collections::BTreeSet;

use parlor_tests::http1::ask;

use crate::server::Server;

#[test]
fn every_answer_says_what_a_browser_may_do_with_it_and_has_a_number() {
    let server = Server::start("headers", &[]);
    let mut numbers = BTreeSet::new();
    for (line, status) in [
        ("GET /", 200),
        ("GET /room/0000000000001", 404),
        ("GET /web/icon.svg", 302),
        ("GET /chat", 426),
        ("GET /nowhere", 404),
        ("POST /", 403),
        ("GET /healthz", 200),
        ("GET /readyz", 200),
        ("BREW /", 403),
    ] {
        let answer = ask(&server.address, line, &["X-Request-Id: chosen"]);
        assert_eq!(answer.status, status, "{line}: {answer:?}");
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self' 'sha256-",
            "style-src 'self' 'sha256-",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types parlor",
        ] {
            assert!(policy.contains(part), "{line}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{line}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{line}");
        }
        assert!(answer.header("permissions-policy").unwrap().contains("camera=()"), "{line}");
        assert_eq!(answer.header("strict-transport-security"), None, "{line} came by http");
        let number = answer.header("x-request-id").unwrap().to_owned();
        assert!(number.len() == 16 && number.bytes().all(|octet| octet.is_ascii_hexdigit()), "{number}");
        assert!(numbers.insert(number), "{line} has the number of another");
    }
}

#[test]
fn the_number_of_an_answer_is_in_the_log() {
    let server = Server::start("numbers", &["--log", "debug"]);
    let answer = ask(&server.address, "GET /healthz?secret=hidden", &[]);
    let number = answer.header("x-request-id").unwrap();
    server.wait_until_told(number);
    let told = server.told();
    let line = told.lines().find(|line| line.contains(number)).unwrap();
    assert!(line.contains("/healthz") && line.contains("200"), "{line}");
    assert!(!told.contains("hidden"), "{told}");
}
