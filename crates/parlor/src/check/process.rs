//! Processes of our own, as the kernel knows them.

use std::io;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

/// That of a child, as long as nobody has waited for its end.
pub(super) fn of(child: Option<&Child>) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child?.id()?).ok()?)
}

/// Lets one do nothing, or go on, if there is one.
pub(super) fn pause(process: Option<Pid>, is_paused: bool) -> io::Result<()> {
    let signal = if is_paused { Signal::STOP } else { Signal::CONT };
    process.map_or(Ok(()), |process| Ok(kill_process(process, signal)?))
}
