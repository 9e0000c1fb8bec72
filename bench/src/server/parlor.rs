//! `parlor` itself in a process of its own, and people who talk to it in `parlor.v1`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::ClockId;
use nix::unistd::Pid;
use serde_json::Value;
use websocket_driver::frame::Header;

use super::handshake::PATIENCE;
use super::{frames, machine};

const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: parlor.v1\r\n";

/// A running server with one event loop. It ends with this value.
pub struct Parlor {
    child: Child,
    /// Who has succeeded it, and is nobody's child.
    successor: Option<Pid>,
    clock: ClockId,
    pub address: SocketAddr,
}

impl Parlor {
    /// Starts the program that `cargo build --release -p parlor` made, without limits on how much one may ask.
    pub fn start(data: &Path) -> io::Result<Parlor> {
        // As the other servers: what is started would stay on the core of the load.
        let mut command = Command::new("taskset");
        let core = machine::cores().server.to_string();
        command.args(["-c", &core]).arg(program()?).args(["--workers", "1", "--idle-timeout", "600"]);
        Self::run(command.args(["--requests-per-second", "1000000", "--request-burst", "1000000"]), data)
    }

    /// Starts a node of a cluster, on all cores.
    pub fn join(data: &Path, addresses: &str, space: &str) -> io::Result<Parlor> {
        let mut command = Command::new(program()?);
        // That servers flush late is what everything else is measured with.
        Self::run(command.args(["--cluster", addresses, "--cluster-space", space, "--accept-risk"]), data)
    }

    fn run(command: &mut Command, data: &Path) -> io::Result<Parlor> {
        let command = command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("the kernel's numbers fit"));
        let clock = ClockId::pid_cpu_clock_id(pid)?;
        let lines = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut addresses =
            lines.lines().map_while(Result::ok).filter_map(|line| line.rsplit("//").next()?.parse().ok());
        let address = addresses.next().ok_or_else(|| io::Error::other("parlor did not start"))?;
        Ok(Parlor { child, successor: None, clock, address })
    }

    /// Has it succeeded by the same program, and waits for that.
    pub fn upgrade(&mut self, data: &Path) -> io::Result<()> {
        let output = Command::new(program()?).args(["upgrade", "--data"]).arg(data).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let process = said.strip_prefix("process ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        let process = process.map(Pid::from_raw);
        let process =
            process.ok_or_else(|| io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))?;
        self.clock = ClockId::pid_cpu_clock_id(process)?;
        self.successor = Some(process);
        Ok(())
    }

    /// Processor time of all its threads so far.
    pub fn cpu_time(&self) -> Duration {
        self.clock.now().map_or(Duration::ZERO, Duration::from)
    }

    /// Octets of memory in use.
    pub fn resident(&self) -> u64 {
        machine::resident(self.child.id())
    }

    /// Waits until it does nothing any more.
    pub fn settle(&self) -> io::Result<()> {
        let limit = Instant::now() + PATIENCE;
        let (mut before, mut quiet) = (self.cpu_time(), 0);
        while quiet < 10 {
            sleep(Duration::from_millis(50));
            let now = self.cpu_time();
            quiet = if now - before < Duration::from_micros(500) { quiet + 1 } else { 0 };
            before = now;
            if Instant::now() > limit {
                return Err(io::Error::other("the server does not come to rest"));
            }
        }
        Ok(())
    }
}

impl Drop for Parlor {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone when this is over.
        if let Some(successor) = self.successor {
            let _ = kill(successor, Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `cargo build --release -p parlor` made.
fn program() -> io::Result<PathBuf> {
    let program = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/parlor"));
    if program.exists() {
        return Ok(program);
    }
    let what = format!("{} is not there; build it: cargo build --release -p parlor", program.display());
    Err(io::Error::other(what))
}

/// Somebody who is signed in.
pub struct Person {
    pub stream: TcpStream,
    /// What has arrived and was not taken yet.
    arrived: Vec<u8>,
    requests: u64,
    /// Who sends this is the same person.
    pub token: String,
}

impl Person {
    /// Comes as somebody new, and hears the welcome.
    pub fn come(address: SocketAddr) -> io::Result<Person> {
        Person::connect(address, String::new())
    }

    /// Comes again.
    pub fn come_again(address: SocketAddr, token: &str) -> io::Result<Person> {
        Person::connect(address, format!("Authorization: Bearer {token}\r\n"))
    }

    fn connect(address: SocketAddr, header: String) -> io::Result<Person> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&[REQUEST, header.as_bytes(), b"\r\n"].concat())?;
        let mut person = Person { stream, arrived: Vec::new(), requests: 0, token: String::new() };
        let end = loop {
            if let Some(end) = person.arrived.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            person.wait()?;
        };
        if !person.arrived.starts_with(b"HTTP/1.1 101 ") {
            return Err(io::Error::other(String::from_utf8_lossy(&person.arrived[..end]).into_owned()));
        }
        person.arrived.drain(..end);
        let welcome = person.wait_for(|line| line["type"] == "welcome")?;
        // Only somebody new is given one.
        person.token = welcome["token"].as_str().unwrap_or_default().to_owned();
        Ok(person)
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, mut request: Value) -> io::Result<Value> {
        self.requests += 1;
        request["id"] = self.requests.into();
        let id = request["id"].clone();
        self.say(&request)?;
        let answer = self.wait_for(|line| line["id"] == id)?;
        if answer["type"] == "ok" { Ok(answer) } else { Err(io::Error::other(answer.to_string())) }
    }

    /// Says something without waiting.
    pub fn say(&mut self, request: &Value) -> io::Result<()> {
        let frame = frames::text(request.to_string().as_bytes(), rand::random());
        let written = self.stream.write(&frame)?;
        if written == frame.len() { Ok(()) } else { Err(io::Error::other("the server has stopped reading")) }
    }

    fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) -> io::Result<Value> {
        loop {
            let mut found = None;
            self.take(|payload| {
                let line = serde_json::from_slice(payload)?;
                if found.is_none() && is_it(&line) {
                    found = Some(line);
                }
                Ok(())
            })?;
            if let Some(found) = found {
                return Ok(found);
            }
            self.wait()?;
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let has_come = self.read(&mut [0; 16_384])?;
        has_come.then_some(()).ok_or_else(|| io::Error::other("the server does not answer"))
    }

    /// Reads once; whether there was something.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        match self.stream.read(buffer) {
            Ok(0) => Err(io::Error::other("the server closed a connection")),
            Ok(read) => {
                self.arrived.extend_from_slice(&buffer[..read]);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the texts that have arrived whole, and answers pings.
    pub fn take(&mut self, mut text: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut used = 0;
        loop {
            let octets = &self.arrived[used..];
            let Some((header, start)) = Header::parse(octets).map_err(io::Error::other)? else { break };
            let end = start + header.length as usize;
            if octets.len() < end {
                break;
            }
            if frames::is_control(octets) {
                if let Some((_, answer)) = frames::control(octets).map_err(io::Error::other)? {
                    self.stream.write_all(&answer)?;
                }
            } else {
                text(&octets[start..end])?;
            }
            used += end;
        }
        self.arrived.drain(..used);
        Ok(())
    }
}
