//! An example as a process of its own.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Program {
    /// Starts an example, which says first where it listens.
    pub(crate) fn start(example: &str, arguments: &[&str]) -> Program {
        // Cargo builds examples beside the tests' folder before it runs the tests.
        let mut path = std::env::current_exe().unwrap();
        path.pop();
        path.pop();
        path.extend(["examples", example]);
        let mut child =
            Command::new(&path).args(arguments).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
                panic!("{}: {error}; cargo build --examples makes it", path.display())
            });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("it says where it listens").unwrap();
        let address = line.strip_prefix("listening on ").expect(&line).to_owned();
        Program { child, lines, address }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// As Control-C does.
    pub(crate) fn interrupt(&self) {
        let kill = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// What it says at its end, which is a good one.
    pub(crate) fn last_words(&mut self) -> String {
        let words = self.lines.next().expect("a last line").unwrap();
        assert!(self.child.wait().unwrap().success());
        words
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
