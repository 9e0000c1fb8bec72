//! Proxies in front of the server: what the trusted ones say is believed, and nobody else.

use std::io::{Read, Write};
use std::net::TcpStream;

use parlor_tests::http1::{ask, exchange, request};
use parlor_tests::process::Folder;

use crate::server::{SOON, Server, refusal};

/// Whether the cookie is for https alone, and whether the browser is told to stay with https.
fn is_secure(server: &Server, lines: &[&str]) -> (bool, bool) {
    let answer = ask(&server.address, "GET /", lines);
    let cookie = answer.header("set-cookie").expect("who is new is given a cookie");
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
    (cookie.contains("; Secure"), answer.header("strict-transport-security").is_some())
}

#[test]
fn a_proxy_that_is_trusted_says_that_its_client_came_by_https() {
    for (arguments, line, expected) in [
        (&["--trusted-proxies", "127.0.0.1"][..], "X-Forwarded-Proto: https", true),
        (&["--trusted-proxies", "10.0.0.0/8,127.0.0.0/8"], "X-Forwarded-Proto: https", true),
        (&["--trusted-proxies", "127.0.0.1"], "X-Forwarded-Proto: http", false),
        (&["--trusted-proxies", "127.0.0.1"], "Forwarded: proto=https", false),
        (
            &["--trusted-proxies", "127.0.0.1", "--forwarded-header", "forwarded"],
            "Forwarded: proto=https",
            true,
        ),
        (&["--trusted-proxies", "10.0.0.0/8"], "X-Forwarded-Proto: https", false),
        (&[], "X-Forwarded-Proto: https", false),
    ] {
        let server = Server::start("forwarded", arguments);
        assert_eq!(is_secure(&server, &[line]), (expected, expected), "{arguments:?} {line}");
    }
}

#[test]
fn a_proxy_that_is_trusted_begins_with_the_proxy_protocol() {
    let server = Server::start("proxy-protocol", &["--proxy-protocol", "--trusted-proxies", "127.0.0.1"]);
    let connect = || {
        let stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream
    };
    let get = request(&server.address, "GET /healthz", &[], b"");
    let header = b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n";
    assert_eq!(exchange(connect(), &[&header[..], &get].concat()).status, 200);

    let mut without = connect();
    without.write_all(&get).unwrap();
    let mut answer = Vec::new();
    // The connection may be reset, which is an end, too.
    let _ = without.read_to_end(&mut answer);
    assert!(answer.is_empty(), "{}", answer.escape_ascii());
}

#[test]
fn the_client_whom_the_proxy_protocol_names_is_not_believed_what_a_proxy_is() {
    let server = Server::start("proxy-client", &["--proxy-protocol", "--trusted-proxies", "127.0.0.1"]);
    let lines = ["X-Forwarded-Proto: https"];
    let header = b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n";
    let octets = [&header[..], &request(&server.address, "GET /", &lines, b"")].concat();
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let answer = exchange(stream, &octets);
    assert_eq!(answer.header("strict-transport-security"), None, "{answer:?}");
}

#[test]
fn the_proxy_protocol_of_nobody_is_a_mistake() {
    let error = refusal(&Folder::new("proxy-of-nobody"), &["--proxy-protocol"]);
    assert!(error.contains("--proxy-protocol needs --trusted-proxies"), "{error}");
}
