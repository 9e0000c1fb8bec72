//! Redirects of real servers.

use std::sync::{Arc, Mutex};

use http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, ORIGIN};
use tokio::io::AsyncWriteExt;
use websocket_client::{ConnectError, Connector, RedirectError};

use crate::server::{echo, read_request, serve, soon};
use crate::tls::{Identity, serve_tls};

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// Redirects `count` times from path to path, then opens.
async fn maze(count: usize, status: u16) -> String {
    let asked = Arc::new(Mutex::new(0));
    serve(move |_, mut stream| {
        let turn = {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            *asked
        };
        async move {
            if turn > count {
                return echo(stream).await;
            }
            read_request(&mut stream).await.unwrap();
            stream.write_all(redirect(status, &format!("room-{turn}?a=b")).as_bytes()).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn redirects_are_followed_five_times() {
    for status in [301, 302, 303, 307, 308] {
        let server = maze(1, status).await;
        let mut ws = soon(Connector::new().connect(&format!("ws://{server}/x"))).await.unwrap();
        ws.send("hello").await.unwrap();
        assert_eq!(soon(ws.recv()).await.unwrap().as_text(), Some("hello"));
    }
    let server = maze(5, 302).await;
    soon(Connector::new().connect(&format!("ws://{server}/x"))).await.unwrap();
    let server = maze(6, 302).await;
    let error = soon(Connector::new().connect(&format!("ws://{server}/x"))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::TooMany(5))), "{error}");
}

#[tokio::test]
async fn without_redirects_they_are_refusals() {
    let server = maze(1, 307).await;
    let error = soon(Connector::new().redirects(0).connect(&format!("ws://{server}/x"))).await.unwrap_err();
    let ConnectError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!(refusal.status, 307);
    assert_eq!(refusal.headers["location"], "room-1?a=b");
}

#[tokio::test]
async fn a_circle_ends() {
    let server = serve(|_, mut stream| async move {
        let request = read_request(&mut stream).await.unwrap();
        let location = if request.uri() == "/a" { "/b" } else { "/a" };
        stream.write_all(redirect(302, location).as_bytes()).await.unwrap();
    })
    .await;
    let error = soon(Connector::new().connect(&format!("ws://{server}/a"))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::Loop(_))), "{error}");
}

#[tokio::test]
async fn up_to_tls_but_never_down() {
    let identity = Identity::of("localhost");
    let plain = serve(|_, stream| echo(stream)).await;
    let port = plain.rsplit_once(':').unwrap().1.to_owned();
    let encrypted = serve_tls(&identity, move |_, mut stream| {
        let port = port.clone();
        async move {
            let Some(request) = read_request(&mut stream).await else { return };
            let location = format!("http://localhost:{port}{}", request.uri());
            stream.write_all(redirect(302, &location).as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    })
    .await;
    let connector = Connector::new().tls(identity.client());
    let port = encrypted.rsplit_once(':').unwrap().1.to_owned();
    let error = soon(connector.connect(&format!("wss://localhost:{port}/"))).await.unwrap_err();
    assert!(matches!(error, ConnectError::Redirect(RedirectError::Downgrade(_))), "{error}");

    let encrypted = serve_tls(&identity, |_, stream| echo(stream)).await;
    let port = encrypted.rsplit_once(':').unwrap().1.to_owned();
    let upward = serve(move |_, mut stream| {
        let port = port.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            let location = redirect(301, &format!("https://localhost:{port}/up"));
            stream.write_all(location.as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut ws = soon(connector.connect(&format!("ws://{upward}/"))).await.unwrap();
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap().as_text(), Some("hello"));
}

#[tokio::test]
async fn secrets_do_not_travel() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let foreign = serve(move |_, mut stream| {
        let log = log.clone();
        async move {
            let request = read_request(&mut stream).await.unwrap();
            log.lock().unwrap().extend(request.headers().keys().cloned());
        }
    })
    .await;
    let server = serve(move |_, mut stream| {
        let foreign = foreign.clone();
        async move {
            let request = read_request(&mut stream).await.unwrap();
            assert!(request.headers().contains_key(AUTHORIZATION), "it is told to whom it was given for");
            // First within the house, where everything is still told, then out of it.
            let location = if request.uri() == "/" { "/2".into() } else { format!("ws://{foreign}/") };
            stream.write_all(redirect(302, &location).as_bytes()).await.unwrap();
        }
    })
    .await;
    let secret = HeaderValue::from_static("secret");
    let connector = Connector::new()
        .header(AUTHORIZATION, secret.clone())
        .header(COOKIE, secret.clone())
        .header(HeaderName::from_static("proxy-authorization"), secret.clone())
        .header(ORIGIN, HeaderValue::from_static("https://page.test"));
    soon(connector.connect(&format!("ws://{server}/"))).await.unwrap_err();
    let seen = seen.lock().unwrap();
    assert!(seen.contains(&ORIGIN), "{seen:?}");
    for name in ["authorization", "cookie", "proxy-authorization"] {
        assert!(!seen.iter().any(|header| header == name), "{seen:?}");
    }
}
