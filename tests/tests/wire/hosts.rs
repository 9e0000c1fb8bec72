//! Names under which the server is asked, some of them invented.

use parlor_tests::http1::ask;

use crate::server::Server;

#[test]
fn host_header_tricks_come_to_nothing() {
    let server = Server::start("hosts", &["--allowed-hosts", "chat.example.org,localhost"]);
    for (line, lines, status) in [
        ("GET /", vec!["Host: chat.example.org"], 200),
        ("GET /", vec!["Host: LOCALHOST:8080"], 200),
        ("GET http://localhost/", vec!["Host: localhost"], 200),
        ("GET /", vec!["Host: evil.example"], 421),
        ("GET /", vec!["Host: evil.example", "X-Forwarded-Host: chat.example.org"], 421),
        ("GET /", vec!["Host: chat.example.org.evil.example"], 421),
        ("GET /", vec!["Host: chat.example.org@evil.example"], 400),
        ("GET http://evil.example/", vec!["Host: chat.example.org"], 421),
        ("GET /", vec!["Host: chat.example.org", "Host: evil.example"], 400),
        ("GET /healthz", vec!["Host: 10.0.0.1"], 200),
    ] {
        let answer = ask(&server.address, line, &lines);
        assert_eq!(answer.status, status, "{line} {lines:?}");
        assert!(!answer.text().contains("evil"), "{answer:?}");
    }
}

#[test]
fn without_names_in_the_settings_any_will_do() {
    let server = Server::start("any-host", &[]);
    assert_eq!(ask(&server.address, "GET /", &["Host: whatever.example"]).status, 200);
}
