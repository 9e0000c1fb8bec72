//! Names, by a resolver of the test's.

use std::io;
use std::sync::{Arc, Mutex};

use websocket_client::{ConnectError, Connector, Proxy, Resolve, Resolving};

use crate::server::{echo, serve, soon};

/// Knows one name, refuses one, and keeps what it was asked.
#[derive(Clone)]
struct Book {
    server: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Resolve for Book {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        self.asked.lock().unwrap().push(format!("{host} {port}"));
        let unroutable = ([0x0100, 0, 0, 0, 0, 0, 0, 1], 1).into();
        let answer = match host {
            "chat.test" => Ok(vec![unroutable, self.server]),
            "empty.test" => Ok(vec![]),
            _ => Err(io::Error::other("not in the book")),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn every_host_goes_through_the_resolver() {
    let server = serve(|_, stream| echo(stream)).await;
    let book = Book { server: server.parse().unwrap(), asked: Arc::default() };
    let connector = Connector::new().proxy(Proxy::none()).resolver(book.clone());
    let mut ws = soon(connector.connect("ws://chat.test:81/")).await.unwrap();
    assert_eq!(ws.peer_addr(), Some(book.server));
    assert!(ws.local_addr().is_some());
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap().as_text(), Some("hello"));

    for host in ["empty.test", "169.254.169.254", "[::1]"] {
        let error = soon(connector.connect(&format!("ws://{host}/"))).await.unwrap_err();
        assert!(matches!(error, ConnectError::Resolve { .. }), "{error:?}");
    }
    let asked = book.asked.lock().unwrap();
    assert_eq!(*asked, ["chat.test 81", "empty.test 80", "169.254.169.254 80", "::1 80"]);
}
