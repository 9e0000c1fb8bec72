//! `parlor admin reset`: a link that lets somebody in again, whether or not the server runs.

use std::path::Path;

use parlor_chat::Chat;
use parlor_chat::log::LocalLog;
use parlor_chat::storage::{Options, Sqlite};

use super::CommandError;
use crate::control;
use crate::data::{DataError, DataFolder, Layout};
use crate::reset::link_for;

/// What the link ends in that lets in whoever is called this.
pub(super) fn reset(folder: &Path, name: &str) -> Result<String, CommandError> {
    let layout = Layout::new(folder);
    if !layout.chat_file().exists() {
        return Err(CommandError::NoChat(folder.to_owned()));
    }
    let refused = |what: String| CommandError::NoLink(name.to_owned(), what);
    match DataFolder::open(folder) {
        Ok(data) => {
            let stored = |trouble| CommandError::Stored(data.chat_file(), trouble);
            let storage = Sqlite::open(data.chat_file(), Options::default()).map_err(stored)?;
            let chat = Chat::start(LocalLog::open(storage).map_err(stored)?, Box::new(|_| {}));
            let chat = chat.map_err(stored)?;
            link_for(&chat, name).map_err(|error| refused(error.to_string()))
        }
        Err(DataError::Locked(..)) => {
            let socket = layout.control_file();
            let link = control::reset(&socket, name).map_err(|error| CommandError::File(socket, error))?;
            link.map_err(refused)
        }
        Err(error) => Err(error.into()),
    }
}
