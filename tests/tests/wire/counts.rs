//! The counts of the running server, on an address of their own.

use parlor_tests::client::Client;
use parlor_tests::http1::ask;

use crate::server::{Server, refusal};
use parlor_tests::process::Folder;

#[tokio::test]
async fn the_counts_are_read_where_the_settings_say_and_nowhere_else() {
    let server = Server::start("counts", &["--metrics", "0"]);
    let counts = server.other_address("counting on http://127.0.0.1:");
    let address = format!("ws://{}", server.address);
    let _anna = Client::new(&address).await;
    let (counts, public) = (counts.clone(), server.address.clone());
    let ask = move || {
        let refused = ask(&public, "GET /chat", &["Upgrade: websocket", "Connection: Upgrade, close"]);
        assert_ne!(refused.status, 101);
        (ask(&counts, "GET /metrics", &[]), ask(&counts, "GET /", &[]), ask(&public, "GET /metrics", &[]))
    };
    let (metrics, elsewhere, public) = tokio::task::spawn_blocking(ask).await.unwrap();
    assert_eq!((metrics.status, elsewhere.status, public.status), (200, 404, 404));
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = metrics.text();
    for line in ["websocket_open 1", "websocket_opened_total 1"] {
        assert!(text.lines().any(|each| each == line), "no {line} in {text}");
    }
    let entries = text.lines().find_map(|line| line.strip_prefix("parlor_log_entries_total "));
    assert!(entries.unwrap().parse::<u64>().unwrap() > 0, "who came stands in the log: {text}");
    assert!(text.lines().any(|line| line.starts_with("websocket_refused_total{reason=")), "{text}");
}

#[test]
fn an_address_for_the_counts_that_cannot_be_listened_on_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = refusal(&Folder::new("counts-taken"), &["--metrics", &address]);
    assert!(error.contains(&format!("cannot listen on {address} for --metrics")), "{error}");
}
