//! Unix sockets and their files: one that nobody listens on any more makes room, and ours goes when we go.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Type};

/// Connections that may wait to be accepted; the system may allow fewer.
const BACKLOG: i32 = 4096;

/// A Unix socket that is to be listened on: where its file is and who may connect.
///
/// A file that another server has left behind there is replaced; one on which somebody listens, or that is no socket,
/// is not. The file is removed when the server stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    path: PathBuf,
    mode: Option<u32>,
}

impl UnixSocket {
    /// A socket whose file is here.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        UnixSocket { path: path.into(), mode: None }
    }

    /// The file's permissions, such as `0o660`: who may write to it may connect. They hold before anybody can
    /// connect. Default: what the process's umask leaves.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Of `/run/chat.sock`, or `/run/chat.sock|0660`.
    pub(crate) fn parse(text: &str) -> io::Result<Self> {
        let Some((path, mode)) = text.rsplit_once('|') else { return Ok(UnixSocket::new(text)) };
        match u32::from_str_radix(mode, 8) {
            Ok(mode) if mode <= 0o777 => Ok(UnixSocket::new(path).mode(mode)),
            _ => {
                let message =
                    format!("'{mode}' are no permissions; write them in octal, such as {path}|0660");
                Err(io::Error::new(ErrorKind::InvalidInput, message))
            }
        }
    }

    /// Listens. The file goes with what stands for it.
    pub(crate) fn listen(&self) -> io::Result<(UnixListener, SocketFile)> {
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let address = SockAddr::unix(&self.path)?;
        match socket.bind(&address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                self.make_room(error)?;
                socket.bind(&address)?;
            }
            bound => bound?,
        }
        let file = SocketFile::of(&self.path)?;
        if let Some(mode) = self.mode {
            fs::set_permissions(&self.path, Permissions::from_mode(mode))?;
        }
        socket.listen(BACKLOG)?;
        Ok((UnixListener::from(OwnedFd::from(socket)), file))
    }

    /// Removes what a server has left behind that is gone.
    fn make_room(&self, in_use: io::Error) -> io::Result<()> {
        if !fs::symlink_metadata(&self.path)?.file_type().is_socket() {
            let message = format!("{} is there and is no socket; choose another name", self.path.display());
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
        match UnixStream::connect(&self.path) {
            // Nobody listens.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(&self.path),
            _ => Err(in_use),
        }
    }
}

/// The file of a socket, removed with this unless it is another's by then.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    /// Whether another process removes it.
    is_left: bool,
}

impl SocketFile {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        // Another directory may be the current one at the end.
        let path = std::path::absolute(path)?;
        Ok(SocketFile { identity: identity(&path)?, path, is_left: false })
    }
}

impl SocketFile {
    /// Leaves it to somebody else.
    pub(crate) fn leave(&mut self) {
        self.is_left = true;
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !self.is_left && identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // Nobody is left to be told that it did not go.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
