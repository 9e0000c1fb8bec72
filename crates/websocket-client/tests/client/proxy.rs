//! Two small proxies for tests: HTTP `CONNECT` and SOCKS 5. They lead to one server, whatever they are asked for,
//! and remember what that was.

use std::sync::{Arc, Mutex};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::server::{read_request, serve};

pub(crate) struct RunningProxy {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl RunningProxy {
    /// What was asked for, once each.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// A SOCKS proxy.
#[derive(Clone, Default)]
pub(crate) struct Socks {
    /// Where it leads to.
    pub(crate) server: String,
    pub(crate) credentials: Option<(&'static str, &'static str)>,
    /// What it replies, if it refuses.
    pub(crate) reply: u8,
}

pub(crate) async fn socks_proxy(settings: Socks) -> RunningProxy {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let address = serve(move |_, stream| {
        let (settings, log) = (settings.clone(), log.clone());
        async move { _ = socks(stream, settings, &log).await }
    })
    .await;
    RunningProxy { address, asked }
}

async fn socks(mut client: TcpStream, settings: Socks, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    assert_eq!(client.read_u8().await?, 5);
    let methods = read_field(&mut client).await?;
    let method = if settings.credentials.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        return client.write_all(&[5, 0xff]).await;
    }
    client.write_all(&[5, method]).await?;
    if let Some((user, password)) = settings.credentials {
        assert_eq!(client.read_u8().await?, 1);
        let given = (read_field(&mut client).await?, read_field(&mut client).await?);
        let right = given.0 == user.as_bytes() && given.1 == password.as_bytes();
        client.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(());
        }
    }
    let mut command = [0; 4];
    client.read_exact(&mut command).await?;
    assert_eq!(command[..3], [5, 1, 0]);
    let host = match command[3] {
        1 => std::net::Ipv4Addr::from(client.read_u32().await?).to_string(),
        3 => String::from_utf8(read_field(&mut client).await?).unwrap(),
        kind => panic!("kind of address {kind}"),
    };
    let port = client.read_u16().await?;
    log.lock().unwrap().push(format!("{host}:{port}"));
    client.write_all(&[5, settings.reply, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    if settings.reply == 0 {
        copy_bidirectional(&mut client, &mut TcpStream::connect(&settings.server).await?).await?;
    }
    Ok(())
}

async fn read_field(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut field = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut field).await?;
    Ok(field)
}

/// An HTTP proxy that leads to `server`, to those with these credentials, if it has any.
pub(crate) async fn http_proxy(server: &str, credentials: Option<&'static str>) -> RunningProxy {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, server) = (asked.clone(), server.to_owned());
    let address = serve(move |_, mut client| {
        let (log, server) = (log.clone(), server.clone());
        async move {
            let Some(request) = read_request(&mut client).await else { return };
            assert_eq!(request.method(), "CONNECT");
            assert_eq!(request.headers()["host"], request.uri().to_string());
            log.lock().unwrap().push(request.uri().to_string());
            let wanted =
                credentials.map(|credentials| format!("Basic {}", BASE64_STANDARD.encode(credentials)));
            let given = request.headers().get("proxy-authorization").map(|value| value.to_str().unwrap());
            if wanted.as_deref() != given {
                _ = client.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n").await;
                return;
            }
            let Ok(mut server) = TcpStream::connect(&server).await else {
                _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
                return;
            };
            client.write_all(b"HTTP/1.1 200 Go ahead\r\n\r\n").await.unwrap();
            _ = copy_bidirectional(&mut client, &mut server).await;
        }
    })
    .await;
    RunningProxy { address, asked }
}
