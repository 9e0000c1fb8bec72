//! A server of our own: the same binary, which can be killed, started again, succeeded and deprived of its disk.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::clocks::Clock;
use super::process;

/// How long a start may take: reading the data through, if it was killed while it wrote a lot.
const START: Duration = Duration::from_secs(60);

/// What the server prints before its address.
const LISTENING: &str = "listening on http://";

/// A running server.
#[derive(Debug)]
pub(super) struct OwnServer {
    child: Option<Child>,
    /// Who has succeeded it, and is nobody's child.
    successor: Option<Pid>,
    data: PathBuf,
    /// What it says on standard error.
    log: PathBuf,
    /// Octets of that before its last start.
    said_before: u64,
    /// What it is told beside where its data is.
    arguments: Vec<String>,
    /// What it takes for the time; nothing if that is right.
    clock: Option<Clock>,
    /// The folder, if it is ours to remove.
    temporary: Option<PathBuf>,
}

impl OwnServer {
    /// Starts a server with its data in a folder, or else in a temporary one, and says where it listens.
    pub(super) async fn start(folder: Option<&Path>, label: &str) -> io::Result<(Self, String)> {
        let temporary = match folder {
            Some(_) => None,
            None => Some(std::env::temp_dir().join(format!("parlor-check-{label}"))),
        };
        let data = folder.or(temporary.as_deref()).unwrap_or(Path::new(".")).join("data");
        // It is beside the data, or alone in the folder for temporary files.
        let log = match &temporary {
            Some(temporary) => temporary.join("server.log"),
            None => std::env::temp_dir().join(format!("parlor-check-{}.log", std::process::id())),
        };
        let mut server = OwnServer::new(data, log, Vec::new(), None)?;
        server.temporary = temporary;
        let address = server.start_again().await?;
        Ok((server, address))
    }

    /// One that does not run yet.
    pub(super) fn new(
        data: PathBuf,
        log: PathBuf,
        arguments: Vec<String>,
        clock: Option<Clock>,
    ) -> io::Result<Self> {
        fs::create_dir_all(&data)?;
        let (child, successor, temporary) = (None, None, None);
        Ok(OwnServer { child, successor, data, log, said_before: 0, arguments, clock, temporary })
    }

    /// Starts it where its data is.
    pub(super) async fn start_again(&mut self) -> io::Result<String> {
        let log = fs::File::options().create(true).append(true).open(&self.log)?;
        self.said_before = log.metadata()?.len();
        let limits = ["--requests-per-second", "1000000", "--request-burst", "1000000"];
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"])?;
        command.args(limits).args(&self.arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let address = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix(LISTENING) {
                    return Ok(address.to_owned());
                }
            }
            Err(io::Error::other(format!("the server did not start: {}", self.said().trim())))
        };
        let address = timeout(START, address).await.unwrap_or_else(|_| {
            Err(io::Error::other(format!("the server did not start within {} s", START.as_secs())))
        })?;
        // What it prints later is read, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.child = Some(child);
        Ok(address)
    }

    /// The same binary with its data, and none of what is set for others here: it is checked as it is delivered.
    fn command(&self, arguments: &[&str]) -> io::Result<Command> {
        let mut command = process::command(std::env::current_exe()?);
        command.args(arguments).arg("--data").arg(&self.data).current_dir(&self.data);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(crate::config::PREFIX) {
                command.env_remove(name);
            }
        }
        if let Some(clock) = &self.clock {
            clock.set(&mut command);
        }
        Ok(command)
    }

    /// What it has said on standard error since its last start.
    pub(super) fn said(&self) -> String {
        let said = fs::read(&self.log).unwrap_or_default();
        let before = usize::try_from(self.said_before).unwrap_or(usize::MAX).min(said.len());
        String::from_utf8_lossy(&said[before..]).into_owned()
    }

    /// What a command does with its data.
    pub(super) async fn run(&self, arguments: &[&str]) -> io::Result<Output> {
        self.command(arguments)?.output().await
    }

    /// Whether its log is whole and comes to the state that is stored; otherwise what is wrong.
    pub(super) async fn verify(&self) -> io::Result<Result<(), String>> {
        let output = self.run(&["log", "verify"]).await?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok(if output.status.success() { Ok(()) } else { Err(said) })
    }

    /// The hash of the state that its log comes to, as it is exported; it must not run.
    pub(super) async fn state(&self) -> io::Result<String> {
        let output = self.run(&["log", "export"]).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        match said.lines().next_back() {
            Some(last) if output.status.success() => Ok(last.to_owned()),
            _ => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        }
    }

    /// Has it succeeded by the same binary (`parlor upgrade`).
    pub(super) async fn succeed(&mut self) -> io::Result<()> {
        let output = self.run(&["upgrade"]).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let process = said.strip_prefix("process ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        let Some(process) = process.and_then(Pid::from_raw) else {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        };
        self.successor = Some(process);
        if let Some(mut child) = self.child.take() {
            let ended = timeout(START, child.wait()).await;
            ended.map_err(|_| io::Error::other("the server that was succeeded does not end"))??;
        }
        Ok(())
    }

    /// Kills it with SIGKILL, at once.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        if let Some(successor) = self.successor.take() {
            kill_process(successor, Signal::KILL)?;
            let is_gone = async {
                while self.has_lock()? {
                    sleep(Duration::from_millis(5)).await;
                }
                Ok(())
            };
            let gone = timeout(START, is_gone).await;
            gone.unwrap_or_else(|_| Err(io::Error::other("the server does not die")))?;
        }
        Ok(())
    }

    /// Ends it as whoever runs a server does, and waits for it.
    pub(super) async fn stop(&mut self) -> io::Result<()> {
        let Some(process) = self.process() else { return Ok(()) };
        kill_process(process, Signal::TERM)?;
        if let Some(mut child) = self.child.take() {
            let ended = timeout(START, child.wait()).await;
            ended.map_err(|_| io::Error::other("the server does not end"))??;
        }
        Ok(())
    }

    /// Lets it do nothing, or go on.
    pub(super) fn pause(&self, is_paused: bool) -> io::Result<()> {
        process::pause(self.process(), is_paused)
    }

    /// Whether it runs.
    pub(super) fn is_running(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.successor.is_some() && self.has_lock().unwrap_or(false),
        }
    }

    /// Whether somebody has its data.
    fn has_lock(&self) -> io::Result<bool> {
        let lock = fs::File::open(self.data.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn process(&self) -> Option<Pid> {
        process::of(self.child.as_ref()).or(self.successor)
    }

    /// Lets none of its files grow beyond a size that the largest has by now, or lets all grow again.
    pub(super) fn limit_files(&self, is_full: bool) -> io::Result<()> {
        let current = if is_full { Some(largest(&self.data)?) } else { None };
        prlimit(self.process(), Resource::Fsize, Rlimit { current, maximum: None })?;
        Ok(())
    }

    /// Where the data is.
    pub(super) fn folder(&self) -> &Path {
        &self.data
    }

    /// Ends it and removes its data, unless there is something to look at; says where that is.
    pub(super) async fn end(mut self, is_kept: bool) -> Option<PathBuf> {
        // It may have ended by itself.
        let _ = self.kill().await;
        if is_kept {
            return self.temporary.take().or_else(|| Some(self.data.clone()));
        }
        // What is left in a temporary folder harms nobody.
        let _ = fs::remove_file(&self.log);
        None
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Some(successor) = self.successor.filter(|_| self.has_lock().unwrap_or(false)) {
            // It may have ended by itself.
            let _ = kill_process(successor, Signal::KILL);
        }
        if let Some(folder) = &self.temporary {
            // What is left in a temporary folder harms nobody.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The length of the longest file in a folder.
fn largest(folder: &Path) -> io::Result<u64> {
    let mut largest = 0;
    for entry in fs::read_dir(folder)? {
        largest = largest.max(entry?.metadata()?.len());
    }
    Ok(largest)
}
