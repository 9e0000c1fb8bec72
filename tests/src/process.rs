//! Programs that a test starts, listens to and stops, each in a temporary folder of its own.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program has that was told to die.
const DEATH: Duration = Duration::from_secs(10);
/// How many lines of a program's output are kept for the report of a failure.
const KEPT_LINES: usize = 40;

/// A folder that disappears with its value.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates a folder that nobody else has.
    pub fn new(name: &str) -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("parlor-{name}-{}-{number}", std::process::id()));
        // What is there already is of a process with the same number that was killed before it could clean up.
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path)
            .unwrap_or_else(|error| panic!("{} cannot be created: {error}", path.display()));
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The children of a killed program may need a moment to notice, and write until then.
        let deadline = Instant::now() + Duration::from_secs(5);
        while std::fs::remove_dir_all(&self.0).is_err() && self.0.exists() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Where a binary or an example of this workspace is, which must have been built before.
///
/// # Panics
///
/// When it is not there.
pub fn built(name: &str) -> PathBuf {
    let executable = std::env::current_exe().expect("a test knows its own path");
    // target/<profile>/deps/<test>
    let profile =
        executable.parent().and_then(Path::parent).expect("cargo puts tests in target/<profile>/deps");
    let candidates = [profile.join(name), profile.join("examples").join(name)];
    candidates.iter().find(|path| path.is_file()).cloned().unwrap_or_else(|| {
        panic!(
            "there is no `{name}` in {}; build it first: cargo build --workspace --bins --examples",
            profile.display()
        )
    })
}

/// A running program; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: Receiver<String>,
    output: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts a binary or an example of this workspace in a folder.
    ///
    /// # Panics
    ///
    /// When it is not built or does not start.
    pub fn start<A: AsRef<OsStr>>(name: &str, arguments: &[A], folder: &Folder) -> Process {
        Process::spawn(name, Command::new(built(name)).args(arguments).current_dir(folder.path()))
    }

    /// Starts `parlor` on a port of its own, with more arguments, and says at which address it talks by WebSocket.
    ///
    /// # Panics
    ///
    /// When it does not serve in time.
    pub fn parlor(folder: &Folder, arguments: &[String], within: Duration) -> (Process, String) {
        let mut all = vec!["--listen".to_owned(), "127.0.0.1:0".to_owned()];
        all.extend_from_slice(arguments);
        let process = Process::start("parlor", &all, folder);
        let line = process.line_with("listening on http://", within);
        (process, line.replace("listening on http://", "ws://"))
    }

    /// Starts any program.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn spawn(name: &str, command: &mut Command) -> Process {
        Process::spawn_with(name, command, Stdio::null())
    }

    /// Starts any program, with this as its standard input.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn spawn_with(name: &str, command: &mut Command, stdin: Stdio) -> Process {
        let command = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let output: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let (lines, stdout) = mpsc::channel();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        follow(out.expect("stdout is piped"), output.clone(), move |line| _ = lines.send(line));
        follow(err.expect("stderr is piped"), output.clone(), |_| {});
        Process { name: name.to_string(), child, stdout, output }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads lines of standard output up to the one that contains a text.
    ///
    /// # Panics
    ///
    /// When the line does not come in time.
    pub fn line_with(&self, text: &str, within: Duration) -> String {
        let deadline = Instant::now() + within;
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(_) => panic!("{} did not print `{text}` within {within:?}{}", self.name, self.report()),
            }
        }
    }

    /// Sends a signal by its name, such as `TERM`, `KILL`, `STOP` or `CONT`.
    ///
    /// # Panics
    ///
    /// When there is no such process any more.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        assert!(status.is_ok_and(|status| status.success()), "{} cannot be sent SIG{name}", self.name);
    }

    /// Asks it to stop with SIGTERM, and waits until it has.
    ///
    /// # Panics
    ///
    /// When it does not stop in time.
    pub fn terminate(&mut self, within: Duration) -> ExitStatus {
        self.signal("TERM");
        self.wait(within)
    }

    /// Kills it with SIGKILL, and waits until it is dead.
    ///
    /// # Panics
    ///
    /// When it cannot be killed.
    pub fn kill(&mut self) -> ExitStatus {
        self.child.kill().unwrap_or_else(|error| panic!("{} cannot be killed: {error}", self.name));
        self.wait(DEATH)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{} did not end within {within:?}{}",
                self.name,
                self.report()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The last lines that it printed, standard output and standard error together.
    pub fn report(&self) -> String {
        let lines: Vec<String> = lock(&self.output).iter().map(|line| format!("\n    {line}")).collect();
        if lines.is_empty() {
            "; it printed nothing".into()
        } else {
            format!("; it printed:{}", lines.concat())
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads lines on a thread of its own, so that a program never blocks on its output.
fn follow(
    stream: impl Read + Send + 'static,
    output: Arc<Mutex<VecDeque<String>>>,
    each: impl Fn(String) + Send + 'static,
) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut output = lock(&output);
            output.push_back(line.clone());
            if output.len() > KEPT_LINES {
                output.pop_front();
            }
            drop(output);
            each(line);
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
