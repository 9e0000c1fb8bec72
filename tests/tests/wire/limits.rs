//! How large requests may be.

use parlor_tests::http1::{ask, ask_with};

use crate::server::Server;

#[test]
fn requests_are_as_large_as_the_settings_allow_on_every_route() {
    let server = Server::start("limits", &["--max-head", "2000", "--max-body", "100"]);
    let (fits, does_not) = (format!("X: {}", "y".repeat(1500)), format!("X: {}", "y".repeat(2000)));
    for path in ["/", "/chat", "/nowhere", "/web/main.js", "/healthz"] {
        assert_ne!(ask(&server.address, &format!("GET {path}"), &[&fits]).status, 431, "{path}");
        assert_eq!(ask(&server.address, &format!("GET {path}"), &[&does_not]).status, 431, "{path}");
        let post = |len| {
            ask_with(&server.address, &format!("POST {path}"), &["X-Parlor: 1"], &vec![b'x'; len]).status
        };
        assert_ne!(post(100), 413, "{path}");
        assert_eq!(post(101), 413, "{path}");
    }
}
