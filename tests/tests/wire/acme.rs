//! A certificate from an authority: Debian's `pebble`, which is Let's Encrypt's own for tests, and a name server beside it.

use std::fs;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::process::{Folder, Process, built};
use serde_json::json;

use crate::certificates::{Authority, Certificate, write};
use crate::server::SOON;

/// A name that the name server of the test knows.
const NAME: &str = "chat.example.test";

/// How often it is tried with other ports, if somebody else took one meanwhile.
const ATTEMPTS: usize = 10;

/// How long an authority may take on a busy machine, and to be asked again after something went wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// A port that nobody has at the moment, neither of TCP nor of UDP.
fn free_port() -> u16 {
    loop {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        if UdpSocket::bind(address).is_ok() {
            return address.port();
        }
    }
}

fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// An authority that looks for answers at one port, and what it needs.
struct Pebble {
    authority: Process,
    names: Process,
    port: u16,
    management: u16,
    tls: u16,
    certificate: Certificate,
    folder: Folder,
}

impl Pebble {
    fn start() -> Pebble {
        for _ in 0..ATTEMPTS {
            if let Some(pebble) = Pebble::try_to_start() {
                return pebble;
            }
        }
        panic!("pebble does not start: install it (apt-get install pebble)");
    }

    fn try_to_start() -> Option<Pebble> {
        let (folder, certificate) = (Folder::new("pebble"), Certificate::new());
        certificate.write(folder.path());
        let [port, management, tls, dns, dns_management] = [(); 5].map(|()| free_port());
        let config = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": folder.path().join("chain.pem"),
            "privateKey": folder.path().join("key.pem"),
            "httpPort": free_port(),
            "tlsPort": tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        } });
        let path = write(folder.path(), "pebble.json", &config.to_string());
        let mut names = Command::new("pebble-challtestsrv");
        names.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
        names.args(["-defaultIPv4", "127.0.0.1", "-dns01", &format!("127.0.0.1:{dns}")]);
        names.args(["-management", &format!("127.0.0.1:{dns_management}")]);
        let mut authority = Command::new("pebble");
        authority.arg("-config").arg(path).args(["-dnsserver", &format!("127.0.0.1:{dns}")]);
        // It waits and refuses by chance otherwise, as a test of its clients.
        authority.envs([("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")]);
        let mut pebble = Pebble {
            names: Process::spawn("pebble-challtestsrv", &mut names),
            authority: Process::spawn("pebble", &mut authority),
            port,
            management,
            tls,
            certificate,
            folder,
        };
        let answers = [port, management, dns, dns_management].into_iter().all(|port| pebble.answers_at(port));
        let is_it = || [port, management].iter().all(|port| pebble.certificate.is_shown_by(&address(*port)));
        (answers && is_it()).then_some(pebble)
    }

    /// Whether both run and somebody listens there, in time.
    fn answers_at(&mut self, port: u16) -> bool {
        let deadline = Instant::now() + SOON;
        while self.authority.is_running() && self.names.is_running() && Instant::now() < deadline {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Starts a server that asks it; `None` if somebody else has the port.
    fn serve(&self, folder: &Folder, backend: &str, port: u16) -> Option<Process> {
        let directory = format!("https://localhost:{}/dir", self.port);
        let mut command = Command::new(built("parlor"));
        command.args(["--listen", &address(port), "--tls-domain", NAME, "--acme-directory", &directory]);
        command.args(["--backend", backend, "--acme-ca"]).arg(self.folder.path().join("chain.pem"));
        let mut process = Process::spawn("parlor", command.current_dir(folder.path()));
        let deadline = Instant::now() + SOON;
        while process.is_running() && Instant::now() < deadline {
            if process.report().contains("listening on https://") {
                return Some(process);
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert!(process.report().contains("cannot listen on"), "{}", process.report());
        None
    }

    /// The certificate that vouches for all that it hands out.
    fn root(&self) -> Authority {
        let answer = self.certificate.ask(&address(self.management), "GET /roots/0");
        assert_eq!(answer.status, 200, "{answer:?}");
        Authority::parse(&answer.text())
    }
}

#[test]
fn a_certificate_comes_from_an_authority_and_is_kept_in_private() {
    for backend in ["tokio", "threads"] {
        let folder = Folder::new("acme");
        let started = (0..ATTEMPTS).find_map(|_| {
            let pebble = Pebble::start();
            let server = pebble.serve(&folder, backend, pebble.tls)?;
            Some((pebble, server))
        });
        let (mut pebble, mut server) = started.expect("a port stays free");
        server.line_with("a new certificate has come", PATIENCE);
        let (at, root) = (address(pebble.tls), pebble.root());
        assert!(root.vouches_for(&at, NAME), "{}", server.report());
        assert!(!root.vouches_for(&at, "other.example.test"));

        server.line_with("the certificate is kept", PATIENCE);
        let kept = folder.path().join("parlor-data/acme");
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
        let files: Vec<_> = fs::read_dir(&kept).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 2, "the account and the certificate");
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }

        assert!(server.terminate(SOON).success());
        pebble.authority.kill();
        // Started again without the authority, it shows what it kept.
        let again = pebble.serve(&folder, backend, 0).expect("any port will do");
        let line = again.line_with("listening on https://", SOON);
        again.line_with("the certificate that was kept is shown", PATIENCE);
        let at = line.split("://").last().unwrap();
        assert!(root.vouches_for(at, NAME), "{}", again.report());
    }
}
