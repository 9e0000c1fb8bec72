//! Answers that open no WebSocket, and none at all.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use websocket_client::{ConnectError, Connector, Refusal};

use crate::server::{answer, read_request, serve, soon};

async fn refused(reply: &'static str, connector: &Connector) -> Box<Refusal> {
    let server = serve(move |_, stream| answer(stream, reply)).await;
    match soon(connector.connect(&format!("ws://{server}/"))).await.unwrap_err() {
        ConnectError::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_refusal_keeps_status_headers_and_body() {
    for (reply, status, body) in [
        ("HTTP/1.1 503 Busy\r\nX: y\r\nContent-Length: 5\r\n\r\nlater", 503, "later"),
        (
            "HTTP/1.1 403 No\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n",
            403,
            "no!",
        ),
        ("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 6\r\n\r\n<html>", 200, "<html>"),
        ("HTTP/1.1 204 Nothing\r\nX: y\r\n\r\n", 204, ""),
        ("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 404 No\r\nX: y\r\nContent-Length: 0\r\n\r\n", 404, ""),
        // Not the proof of our key.
        (
            "HTTP/1.1 101 Yes\r\nX: y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            101,
            "",
        ),
    ] {
        let refusal = refused(reply, &Connector::new()).await;
        assert_eq!((refusal.status.as_u16(), refusal.body.as_str()), (status, body), "{reply}");
        assert_eq!(refusal.headers["x"], "y");
    }
}

#[tokio::test]
async fn a_body_ends_with_the_connection_or_with_time_or_at_its_limit() {
    let server = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.0 500 Oh\r\n\r\nthat ").await.unwrap();
        stream.write_all(b"is all").await.unwrap();
    })
    .await;
    let error = soon(Connector::new().connect(&format!("ws://{server}/"))).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Refused(refusal) if refusal.body == "that is all"), "{error}");

    // The connection stays open after the beginning.
    let connector = Connector::new().timeout(Duration::from_millis(300));
    let refusal = refused("HTTP/1.1 500 Oh\r\nContent-Length: 99\r\n\r\nbut", &connector).await;
    assert_eq!(refusal.body, "but", "what came in time is kept");

    let server = serve(|_, mut stream| async move {
        read_request(&mut stream).await.unwrap();
        _ = stream.write_all(b"HTTP/1.1 500 Oh\r\n\r\n").await;
        while stream.write_all(&[b'x'; 1000]).await.is_ok() {}
    })
    .await;
    let error = soon(Connector::new().connect(&format!("ws://{server}/"))).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Refused(refusal) if refusal.body.len() == 4096), "{error}");
}

#[tokio::test]
async fn other_failures_are_told_apart() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = Connector::new().connect(&format!("ws://{nobody}/")).await.unwrap_err();
    let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    assert!(matches!(&error, ConnectError::Connect { error, .. } if refused(error)), "{error:?}");

    let mute = serve(|_, mut stream| async move { drop(read_request(&mut stream).await) }).await;
    let error = Connector::new().connect(&format!("ws://{mute}/")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Io(_)), "{error:?}");

    let strange = serve(|_, stream| answer(stream, "SSH-2.0-OpenSSH_9.2\r\n")).await;
    let error = Connector::new().connect(&format!("ws://{strange}/")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Response(_)), "{error:?}");

    let slow = serve(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let connector = Connector::new().timeout(Duration::from_millis(100));
    let error = soon(connector.connect(&format!("ws://{slow}/"))).await.unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut(_)), "{error:?}");

    for address in ["", "http://a/", "ws://a:99999/", "ws://user:secret@a/"] {
        let error = Connector::new().connect(address).await.unwrap_err();
        assert!(matches!(error, ConnectError::Address(_)), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("secret"));
    }
    let error = Connector::new().subprotocols(["a b"]).connect(&format!("ws://{nobody}/")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Request(_)), "it is not even dialled: {error:?}");
}
