//! Unix sockets: served like TCP, by their files.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use websocket_hub::{
    Backend, Endpoint, Handshake, Limits, Listener, Proxies, Request, Response, Server, ToListeners,
    UnixSocket,
};

use crate::on_each_backend;
use crate::peer::{GOOD, Peer, request, text};
use crate::room::Room;
use crate::transport::serve;

/// A directory that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("websocket-hub-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("chat.sock")
    }

    /// What `bind` takes.
    fn name(&self) -> String {
        format!("unix:{}", self.socket().display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn page(_: Request) -> Response {
    Response::new("page".into())
}

fn bind(backend: Backend, name: impl ToListeners) -> std::io::Result<Server> {
    serve(page).backend(backend).bind(name)
}

fn assert_serves(path: &Path) {
    let mut peer = Peer::connect_unix(path);
    peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
    assert_eq!(peer.response().1, "page");
}

#[test]
fn who_comes_by_a_unix_socket_and_who_comes_by_tcp_are_in_one_room() {
    on_each_backend(|backend| {
        let (folder, room) = (Folder::new(), Room::default());
        let mut listeners = folder.name().to_listeners().unwrap();
        listeners.extend("127.0.0.1:0".to_listeners().unwrap());
        // Limits for each address hold for those who have one.
        let limits = Limits::new().connections_per_address(1);
        let handshake = Handshake::new().limits(&limits);
        let server = serve(room.app(move |_| handshake.clone())).backend(backend).listen(listeners).unwrap();
        assert_eq!(server.endpoints()[0], Endpoint::Unix(Some(folder.socket())));
        assert_eq!(server.endpoints()[0].to_string(), folder.name());
        assert_eq!(server.endpoints()[1], Endpoint::Tcp(server.address()));

        let mut alice = Peer::connect_unix(&folder.socket()).shake_hands("alice");
        let mut bob = Peer::connect(server.address()).shake_hands("bob");
        let mut carol = Peer::connect_unix(&folder.socket()).shake_hands("carol");
        for name in ["alice", "carol"] {
            assert_eq!((room.ws(name).peer_addr(), room.ws(name).client_addr()), (None, None));
        }
        assert!(room.ws("bob").peer_addr().is_some());
        let long = "long ".repeat(20_000);
        for said in ["hello", &long] {
            alice.write(text(said));
            for peer in [&mut alice, &mut bob, &mut carol] {
                assert_eq!(peer.text(), format!("alice: {said}"));
            }
        }
        drop(alice);
        assert_eq!(bob.text(), "alice left");
        assert_eq!(carol.text(), "alice left");
        drop((bob, carol));
        assert_eq!(server.stop(), 0);
    });
}

#[test]
fn the_file_goes_with_the_server() {
    on_each_backend(|backend| {
        let folder = Folder::new();
        for dropped in [false, true] {
            let server = bind(backend, folder.name()).unwrap();
            assert!(fs::metadata(folder.socket()).unwrap().file_type().is_socket());
            if dropped {
                drop(server);
            } else {
                assert_eq!(server.stop(), 0);
            }
            assert!(!folder.socket().exists());
        }
        // Somebody else has taken the name meanwhile.
        let server = bind(backend, folder.name()).unwrap();
        fs::remove_file(folder.socket()).unwrap();
        let successor = UnixListener::bind(folder.socket()).unwrap();
        assert_eq!(server.stop(), 0);
        assert!(UnixStream::connect(folder.socket()).is_ok());
        drop(successor);
    });
}

#[test]
fn what_a_server_has_left_behind_is_replaced_and_nothing_else() {
    on_each_backend(|backend| {
        let folder = Folder::new();
        drop(UnixListener::bind(folder.socket()).unwrap());
        assert!(folder.socket().exists(), "the standard library leaves it");
        let server = bind(backend, folder.name()).unwrap();
        assert_serves(&folder.socket());
        assert!(bind(backend, folder.name()).is_err(), "somebody listens there");
        assert_serves(&folder.socket());
        assert_eq!(server.stop(), 0);

        fs::write(folder.socket(), "precious").unwrap();
        let error = bind(backend, folder.name()).unwrap_err().to_string();
        assert!(error.contains("is no socket; choose another name"), "{error}");
        assert_eq!(fs::read(folder.socket()).unwrap(), b"precious");
    });
}

#[test]
fn who_may_connect_is_said_by_the_files_permissions() {
    on_each_backend(|backend| {
        let folder = Folder::new();
        let mode = || fs::metadata(folder.socket()).unwrap().permissions().mode() & 0o777;
        let server = bind(backend, UnixSocket::new(folder.socket()).mode(0o606)).unwrap();
        assert_eq!(mode(), 0o606);
        assert_serves(&folder.socket());
        drop(server);
        let server = bind(backend, format!("{}|0640", folder.name())).unwrap();
        assert_eq!(mode(), 0o640);
        drop(server);
        for nonsense in ["0999", "rw", "7777", ""] {
            let error = bind(backend, format!("{}|{nonsense}", folder.name())).unwrap_err().to_string();
            assert!(error.contains("write them in octal"), "{error}");
        }
    });
}

#[test]
fn proxies_by_a_unix_socket_can_be_trusted() {
    on_each_backend(|backend| {
        let folder = Folder::new();
        let proxies = || Proxies::trust(["unix:"]).unwrap();
        let room = Room::default();
        let handshake = Handshake::new().proxies(proxies());
        let serve = serve(room.app(move |_| handshake.clone())).backend(backend);
        let server = serve.bind(folder.name()).unwrap();
        let mut peer = Peer::connect_unix(&folder.socket());
        let lines = [&GOOD[..], &["X-Forwarded-For: 192.0.2.1"]].concat();
        peer.write(request("GET /alice HTTP/1.1", &lines));
        assert_eq!(peer.head().status, 101);
        assert_eq!(room.ws("alice").client_addr(), Some("192.0.2.1".parse().unwrap()));
        drop(server);
    });
}

#[test]
fn proxies_by_a_unix_socket_can_speak_the_proxy_protocol() {
    crate::on_each_backend_over(&[crate::transport::Transport::Tcp], |backend| {
        let (folder, room) = (Folder::new(), Room::default());
        let serve = serve(room.app(|_| Handshake::new())).backend(backend);
        let serve = serve.proxy_protocol(Proxies::trust(["unix:"]).unwrap());
        let _server = serve.bind(folder.name()).unwrap();
        let mut peer = Peer::connect_unix(&folder.socket());
        for octet in b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n" {
            peer.write([*octet]);
        }
        let _peer = peer.shake_hands("alice");
        assert_eq!(room.ws("alice").client_addr(), Some("192.0.2.1".parse().unwrap()));
        assert_eq!(room.ws("alice").peer_addr(), None);
    });
}

#[test]
fn a_listener_of_the_callers_is_listened_on_and_its_file_left() {
    on_each_backend(|backend| {
        let folder = Folder::new();
        let listener = Listener::from(UnixListener::bind(folder.socket()).unwrap());
        let server = serve(page).backend(backend).listen([listener]).unwrap();
        assert_serves(&folder.socket());
        assert_eq!(server.addresses(), []);
        assert_eq!(server.stop(), 0);
        assert!(folder.socket().exists());
    });
}
