//! What a server listens on, kept at hand for its successor.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};
use websocket_hub::{Listener, ToListeners};

/// A setting that names what is listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Door {
    Chat,
    Metrics,
    Redirect,
}

impl Door {
    /// The setting.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Door::Chat => "--listen",
            Door::Metrics => "--metrics",
            Door::Redirect => "--http-redirect",
        }
    }
}

/// What a successor is told of a door.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Told {
    door: Door,
    /// What the setting says.
    names: Vec<String>,
    /// For each socket, whether its file is removed when nobody listens any more.
    owns_file: Vec<bool>,
}

/// The doors of a server. The sockets are open as long as this is there, too.
#[derive(Debug, Default)]
pub(crate) struct Doors(Vec<(Told, Vec<OwnedFd>)>);

impl Doors {
    /// Takes sockets of the service manager.
    pub(crate) fn adopt(&mut self, door: Door, names: &[String], listeners: Vec<Listener>) {
        let owns_file = listeners.iter().map(Listener::owns_file).collect();
        let sockets = listeners.into_iter().map(OwnedFd::from).collect();
        self.0.push((Told { door, names: names.to_vec(), owns_file }, sockets));
    }

    /// The listeners behind a door: those of a predecessor or of the service manager, or new ones.
    ///
    /// # Errors
    ///
    /// The name and the reason when something cannot be listened on.
    pub(crate) fn open(
        &mut self,
        door: Door,
        names: &[String],
    ) -> Result<Vec<Listener>, (String, io::Error)> {
        let place = self.0.iter().position(|(told, _)| told.door == door);
        let listeners = if let Some(place) = place {
            let (told, sockets) = self.0.swap_remove(place);
            adopt(sockets, &told.owns_file).map_err(|error| (names.join(", "), error))?
        } else {
            let mut listeners = Vec::new();
            for name in names {
                listeners.extend(name.to_listeners().map_err(|error| (name.clone(), error))?);
            }
            listeners
        };
        self.keep(door, names, &listeners).map_err(|error| (names.join(", "), error))?;
        Ok(listeners)
    }

    fn keep(&mut self, door: Door, names: &[String], listeners: &[Listener]) -> io::Result<()> {
        let sockets = listeners.iter().map(|listener| listener.try_clone().map(OwnedFd::from));
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        let owns_file = listeners.iter().map(Listener::owns_file).collect();
        self.0.push((Told { door, names: names.to_vec(), owns_file }, sockets));
        Ok(())
    }

    /// What the successor is told, and what it is handed.
    pub(super) fn told(&self) -> (Vec<Told>, Vec<BorrowedFd<'_>>) {
        let told = self.0.iter().map(|(told, _)| told.clone()).collect();
        (told, self.0.iter().flat_map(|(_, sockets)| sockets).map(AsFd::as_fd).collect())
    }

    /// Those that were handed over.
    pub(super) fn from_told(told: Vec<Told>, sockets: Vec<OwnedFd>) -> Self {
        let mut sockets = sockets.into_iter();
        let doors = told.into_iter().map(|told| {
            let these = sockets.by_ref().take(told.owns_file.len()).collect();
            (told, these)
        });
        Doors(doors.collect())
    }

    /// Why these are not the doors of somebody with other settings, if they are not.
    pub(super) fn differ(&self, settings: &[(Door, &[String])]) -> Option<String> {
        let empty: &[String] = &[];
        settings.iter().find_map(|(door, wanted)| {
            let found = self.0.iter().find(|(told, _)| told.door == *door);
            let names = found.map_or(empty, |(told, _)| &told.names);
            let said = |names: &[String]| if names.is_empty() { "nothing".into() } else { names.join(", ") };
            (names != *wanted).then(|| {
                let (flag, before, now) = (door.flag(), said(names), said(wanted));
                format!(
                    "{flag} was {before} and is {now}; what is listened on changes by stopping and starting"
                )
            })
        })
    }
}

fn adopt(sockets: Vec<OwnedFd>, owns_file: &[bool]) -> io::Result<Vec<Listener>> {
    let adopted = sockets.into_iter().zip(owns_file).map(|(socket, owns_file)| {
        let mut listener = Listener::try_from(socket)?;
        if *owns_file {
            match listener.own_file() {
                // Somebody has tidied up: nobody comes by it any more, which is no reason not to serve the others.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                owned => owned?,
            }
        }
        Ok(listener)
    });
    adopted.collect()
}
