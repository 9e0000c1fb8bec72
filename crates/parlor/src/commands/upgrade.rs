//! `parlor upgrade`: a running server is succeeded by another program, or by the newest one.

use std::io::ErrorKind;
use std::path::{Path, absolute};

use super::CommandError;
use crate::control;
use crate::data::Layout;

/// The number of the process that serves from now on.
pub(super) fn upgrade(folder: &Path, program: Option<&Path>) -> Result<u32, CommandError> {
    // The server may have been started in another folder.
    let named = |program: &Path| absolute(program).map_err(|error| CommandError::File(program.into(), error));
    let program = program.map(named).transpose()?;
    let socket = Layout::new(folder).control_file();
    let result = control::upgrade(&socket, program).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => CommandError::NotRunning(folder.to_owned()),
        _ => CommandError::File(socket, error),
    });
    result?.map_err(CommandError::NotSucceeded)
}
