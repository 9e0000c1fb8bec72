//! Pages of other origins, which a browser lends its cookies to.

use parlor_tests::http1::ask;

use crate::server::Server;

const UPGRADE: [&str; 5] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: parlor.v1",
];

#[test]
fn a_cross_site_websocket_is_refused() {
    let server = Server::start("cross-site", &[]);
    for path in ["/", "/chat"] {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
        {
            let origin = format!("Origin: {origin}");
            let lines = [&UPGRADE[..], &[&origin]].concat();
            let answer = ask(&server.address, &format!("GET {path}"), &lines);
            assert_eq!(answer.status, 403, "{path} {origin}");
        }
    }
}

#[test]
fn a_cross_site_request_changes_nothing() {
    let server = Server::start("csrf", &[]);
    let host = format!("Origin: http://{}", server.address);
    for (lines, status) in [
        (vec!["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"], 403),
        (vec!["Origin: https://evil.example", "X-Parlor: 1"], 403),
        (vec!["Sec-Fetch-Site: same-site", "X-Parlor: 1"], 403),
        // A form of our own page cannot either, so nothing can be made to look like one.
        (vec![host.as_str(), "Sec-Fetch-Site: same-origin"], 403),
        (vec![host.as_str(), "Sec-Fetch-Site: same-origin", "X-Parlor: 1"], 404),
        (vec!["X-Parlor: 1"], 404),
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = ask(&server.address, &format!("{method} /nowhere"), &lines);
            assert_eq!(answer.status, status, "{method} {lines:?}");
        }
    }
}
