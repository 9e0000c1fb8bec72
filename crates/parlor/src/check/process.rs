//! Processes of our own, as the kernel knows them.

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// What has the kernel kill a process with its parent: a program of util-linux. Others of that name may not know this.
const TIED: [&str; 3] = ["setpriv", "--pdeathsig", "KILL"];

/// A program that ends with us, however we end, where that can be had; otherwise unless we are killed.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    static CAN_BE_TIED: OnceLock<bool> = OnceLock::new();
    let try_it = || {
        let mut command = std::process::Command::new(TIED[0]);
        let output = command.args(&TIED[1..]).arg("true").stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    };
    let mut command = if *CAN_BE_TIED.get_or_init(try_it) {
        let mut tied = Command::new(TIED[0]);
        tied.args(&TIED[1..]).arg(program);
        tied
    } else {
        Command::new(program)
    };
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// That of a child, as long as nobody has waited for its end.
pub(super) fn of(child: Option<&Child>) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child?.id()?).ok()?)
}

/// Lets one do nothing, or go on, if there is one.
pub(super) fn pause(process: Option<Pid>, is_paused: bool) -> io::Result<()> {
    let signal = if is_paused { Signal::STOP } else { Signal::CONT };
    process.map_or(Ok(()), |process| Ok(kill_process(process, signal)?))
}
