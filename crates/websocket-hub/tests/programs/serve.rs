//! The example `serve`: files and a handler on each backend.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use websocket_client::WebSocket;
use websocket_hub::Backend;

use crate::program::Program;
use crate::text;

fn start(backend: Backend, handler: &str, folder: &[&str]) -> Program {
    let arguments = [&["127.0.0.1:0", "--backend", backend.name(), "--handler", handler], folder].concat();
    Program::start("serve", &arguments)
}

async fn open(program: &Program) -> WebSocket {
    websocket_client::connect(&format!("ws://{}/any/path", program.address())).await.unwrap()
}

/// The status line, the rest of the head, and the body of the answer to a GET.
fn get(program: &Program, path: &str) -> (String, String, String) {
    let mut stream = TcpStream::connect(program.address()).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (status, head) = head.split_once("\r\n").unwrap();
    (status.to_owned(), head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn what_is_sent_goes_back_or_to_everybody() {
    for backend in Backend::ALL {
        let program = start(backend, "echo", &[]);
        let mut ws = open(&program).await;
        ws.send("hello").await.unwrap();
        assert_eq!(text(&mut ws).await, "hello", "{backend}");

        for (handler, prefix) in [("broadcast", ""), ("chat", "user-")] {
            let program = start(backend, handler, &[]);
            let (mut alice, mut bob) = (open(&program).await, open(&program).await);
            bob.send("here").await.unwrap();
            assert!(text(&mut bob).await.ends_with("here"));
            alice.send("hello").await.unwrap();
            let heard = text(&mut bob).await;
            assert!(heard.starts_with(prefix) && heard.ends_with("hello"), "{backend}, {handler}: {heard}");
        }
    }
}

#[test]
fn a_folder_is_served_and_nothing_beside_it() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("serve/site");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<h1>home</h1>").unwrap();
    std::fs::write(folder.with_file_name("secret.txt"), "secret").unwrap();
    for backend in Backend::ALL {
        let program = start(backend, "echo", &["--folder", folder.to_str().unwrap()]);
        let (status, head, body) = get(&program, "/");
        assert_eq!((status.as_str(), body.as_str()), ("HTTP/1.1 200 OK", "<h1>home</h1>"), "{backend}");
        assert!(head.contains("content-type: text/html"), "{backend}: {head}");
        for path in ["/nothing", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"] {
            let (status, _, body) = get(&program, path);
            assert_eq!(status, "HTTP/1.1 404 Not Found", "{backend}: {path}");
            assert!(!body.contains("secret"), "{backend}: {path}");
        }
    }
}

#[test]
fn without_a_folder_there_are_only_websockets() {
    for backend in Backend::ALL {
        let program = start(backend, "echo", &[]);
        let (status, _, body) = get(&program, "/");
        assert_eq!(status, "HTTP/1.1 404 Not Found", "{backend}");
        assert!(body.contains("--folder"), "{backend}: {body}");
    }
}
