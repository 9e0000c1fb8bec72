//! A server in a process of its own, as the one that measures it sees it.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::time::ClockId;
use nix::unistd::Pid;

use super::handshake::PATIENCE;
use super::machine;
use super::peer::{Job, Peer};

/// A running server. It ends with this value.
pub struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
    clock: ClockId,
    pub address: SocketAddr,
    /// The certificate of a server that speaks TLS, in DER.
    pub certificate: Vec<u8>,
}

impl Process {
    /// Starts this program once more, as a server.
    pub fn start(peer: Peer, job: Job) -> io::Result<Process> {
        // The file may have been built anew meanwhile; this is the one that runs.
        let mut child = Command::new("/proc/self/exe")
            // What is started would stay on the core of the load.
            .args(["serve-peer", peer.name(), job.name(), &machine::cores().server.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().expect("it was asked for"));
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("the kernel's numbers fit"));
        let clock = ClockId::pid_cpu_clock_id(pid)?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut process = Process { child, lines, clock, address, certificate: Vec::new() };
        let line = process.line()?;
        let mut words = line.split(' ');
        process.address = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| io::Error::other(format!("{peer} did not start")))?;
        process.certificate = words.next().map_or_else(Vec::new, from_hexadecimal);
        Ok(process)
    }

    /// Processor time of all its threads so far, in user space and in the kernel, as the kernel counts it.
    pub fn cpu_time(&self) -> Duration {
        self.clock.now().map_or(Duration::ZERO, Duration::from)
    }

    /// Waits until it does nothing any more. A server that has answered a handshake may still have to subscribe
    /// the connection, and what is said before that does not reach it.
    pub fn settle(&self) -> io::Result<()> {
        let limit = Instant::now() + PATIENCE;
        let mut before = self.cpu_time();
        let mut quiet = 0;
        while quiet < 3 {
            sleep(Duration::from_millis(20));
            let now = self.cpu_time();
            quiet = if now - before < Duration::from_micros(200) { quiet + 1 } else { 0 };
            before = now;
            if Instant::now() > limit {
                return Err(io::Error::other("the server does not come to rest"));
            }
        }
        Ok(())
    }

    /// Octets of memory in use.
    pub fn resident(&self) -> u64 {
        machine::resident(self.child.id())
    }

    /// The most octets of memory that were ever in use.
    pub fn peak(&self) -> u64 {
        machine::peak(self.child.id())
    }

    /// How many connections it closed because they fell behind.
    pub fn fell_behind(&mut self) -> io::Result<u64> {
        let stdin = self.child.stdin.as_mut().expect("it was asked for");
        stdin.write_all(b"fell behind?\n")?;
        self.line()?.parse().map_err(io::Error::other)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone when this is over.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn to_hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_come_through_as_text() {
        let octets: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hexadecimal(&to_hexadecimal(&octets)), octets);
    }
}
