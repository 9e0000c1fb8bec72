//! Ways through proxies, and what happens when there is none.

use websocket_client::{ConnectError, Connector, Proxy, ProxyError};

use crate::proxy::{Socks, http_proxy, socks_proxy};
use crate::server::{answer, echo, serve, soon};
use crate::tls::{Identity, serve_tls};

/// Connects and says something, or says why not.
async fn talk(connector: &Connector, address: &str) -> Result<(), ConnectError> {
    let mut ws = soon(connector.connect(address)).await?;
    ws.send("hello").await.unwrap();
    assert_eq!(soon(ws.recv()).await.unwrap().as_text(), Some("hello"));
    Ok(())
}

fn failure(result: Result<(), ConnectError>) -> ProxyError {
    match result.unwrap_err() {
        ConnectError::Proxy { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_http_proxy_leads_to_both_kinds_of_server() {
    let plain = serve(|_, stream| echo(stream)).await;
    let identity = Identity::of("chat.test");
    let encrypted = serve_tls(&identity, |_, stream| echo(stream)).await;
    for (server, address, asked) in
        [(plain, "ws://chat.test/", "chat.test:80"), (encrypted, "wss://chat.test/room", "chat.test:443")]
    {
        let proxy = http_proxy(&server, None).await;
        let connector = Connector::new()
            .proxy(Proxy::http(&format!("http://{}", proxy.address)).unwrap())
            .tls(identity.client());
        talk(&connector, address).await.unwrap();
        assert_eq!(proxy.asked(), [asked]);
    }
}

#[tokio::test]
async fn a_socks_proxy_leads_to_both_kinds_of_server_and_gets_the_name() {
    let plain = serve(|_, stream| echo(stream)).await;
    let identity = Identity::of("chat.test");
    let encrypted = serve_tls(&identity, |_, stream| echo(stream)).await;
    for (server, address, asked) in [
        (plain.clone(), "ws://chat.test:8080/", "chat.test:8080"),
        (plain, "ws://192.0.2.7/", "192.0.2.7:80"),
        (encrypted, "wss://chat.test/room", "chat.test:443"),
    ] {
        for scheme in ["socks5", "socks5h"] {
            let settings = Socks { server: server.clone(), ..Socks::default() };
            let proxy = socks_proxy(settings).await;
            let connector = Connector::new()
                .proxy(Proxy::socks5(&format!("{scheme}://{}", proxy.address)).unwrap())
                .tls(identity.client());
            talk(&connector, address).await.unwrap();
            assert_eq!(proxy.asked(), [asked]);
        }
    }
}

#[tokio::test]
async fn credentials_for_proxies() {
    let server = serve(|_, stream| echo(stream)).await;
    let http = http_proxy(&server, Some("me:p@ss")).await;
    let settings = Socks { server, credentials: Some(("me", "p@ss")), ..Socks::default() };
    let socks = socks_proxy(settings).await;
    for (credentials, welcome) in [("me:p%40ss@", true), ("me:wrong@", false), ("", false)] {
        for proxy in [
            Proxy::http(&format!("http://{credentials}{}", http.address)).unwrap(),
            Proxy::socks5(&format!("socks5://{credentials}{}", socks.address)).unwrap(),
        ] {
            let told = format!("{proxy:?}");
            assert!(!told.contains("p@ss") && !told.contains("wrong"), "{told}");
            let result = talk(&Connector::new().proxy(proxy), "ws://chat.test/").await;
            if welcome {
                result.unwrap();
                continue;
            }
            assert!(result.as_ref().unwrap_err().is_permanent());
            assert!(matches!(failure(result), ProxyError::Authentication), "{credentials}");
        }
    }
}

#[tokio::test]
async fn what_proxies_say_is_told_apart_from_what_servers_say() {
    let socks = socks_proxy(Socks { reply: 5, ..Socks::default() }).await;
    let connector = Connector::new().proxy(Proxy::socks5(&format!("socks5://{}", socks.address)).unwrap());
    assert!(matches!(failure(talk(&connector, "ws://chat.test/").await), ProxyError::Reply(5)));

    // A proxy that leads nowhere.
    let nowhere = http_proxy("127.0.0.1:1", None).await;
    let connector = Connector::new().proxy(Proxy::http(&format!("http://{}", nowhere.address)).unwrap());
    let error = failure(talk(&connector, "ws://chat.test/").await);
    assert!(matches!(error, ProxyError::Status(status) if status == 502), "{error}");

    // No proxy at all.
    let connector = Connector::new().proxy(Proxy::http("http://127.0.0.1:1").unwrap());
    let error = failure(talk(&connector, "ws://chat.test/").await);
    assert!(matches!(error, ProxyError::Connect(_)), "{error}");

    // The server's own refusal, through a proxy.
    let server = serve(|_, stream| answer(stream, "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope")).await;
    let proxy = http_proxy(&server, None).await;
    let connector = Connector::new().proxy(Proxy::http(&format!("http://{}", proxy.address)).unwrap());
    let error = talk(&connector, "ws://chat.test/").await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused(refusal) if refusal.status == 403));
}

#[tokio::test]
async fn the_environment_chooses_the_proxy() {
    let server = serve(|_, stream| echo(stream)).await;
    let proxy = http_proxy(&server, None).await;
    let address = proxy.address.clone();
    let environment = Proxy::from_variables(move |name| match name {
        "http_proxy" => Some(format!("http://{address}")),
        "no_proxy" => Some("direct.test".into()),
        _ => None,
    });
    let connector = Connector::new().proxy(environment);
    talk(&connector, "ws://chat.test/").await.unwrap();
    assert_eq!(proxy.asked(), ["chat.test:80"]);
    // This machine is reached directly.
    talk(&connector, &format!("ws://{server}/")).await.unwrap();
    assert_eq!(proxy.asked(), [""; 0]);

    let broken = Proxy::from_variables(|name| (name == "ALL_PROXY").then(|| "ftp://u:secret@x".into()));
    let error = talk(&Connector::new().proxy(broken), "ws://chat.test/").await.unwrap_err();
    assert!(error.is_permanent());
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
}
