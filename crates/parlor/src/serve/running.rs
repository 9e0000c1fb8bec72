//! A server that runs, until it is told to stop or somebody takes its place.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use websocket_hub::{Drain, Server};

use super::signals::Signals;
use super::{Beside, ServeError};
use crate::control::Upgrade;
use crate::data::DataFolder;
use crate::handover::{Doors, People, Successor};
use crate::publisher::RETURN_RATE;
use crate::service_manager;
use crate::space::Space;

/// When the first may come back to a successor: opening the data takes less where it is not the first start of a new
/// version.
const HEAD_START: Duration = Duration::from_millis(500);

/// How long connections may take to pause, and to answer what they were asked.
const PAUSING: Duration = Duration::from_secs(1);
const SETTLING: Duration = Duration::from_millis(500);
/// How long they may take to write what there is to write. Everybody waits for that, if opening the data takes less.
const LEAVING: Duration = Duration::from_millis(500);

/// What this process is, whatever has become of its file.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Everything that a server consists of.
pub(super) struct Running {
    pub(super) server: Server,
    pub(super) beside: Beside,
    pub(super) space: Arc<Space>,
    pub(super) data: DataFolder,
    pub(super) doors: Arc<Doors>,
}

/// Why a server ends.
pub(super) enum End {
    Stop,
    /// Somebody is prepared to take its place, as was wished.
    Succession(Successor, Upgrade),
}

impl Running {
    /// Waits until it is to end. `life` is what goes on meanwhile, and does not end.
    pub(super) async fn until(
        &self,
        life: impl Future<Output = ()>,
        signals: &mut Signals,
        mut upgrades: mpsc::Receiver<Upgrade>,
    ) -> End {
        // Its file may be another by the time that it is succeeded.
        let program = own_file();
        let mut life = pin!(life);
        let mut upgrade: Option<Upgrade> = None;
        let mut preparing = None;
        loop {
            tokio::select! {
                () = signals.next() => break,
                () = &mut life => break,
                Some(wished) = upgrades.recv(), if upgrade.is_none() => {
                    let program = wished.program.clone().or_else(|| program.clone());
                    preparing = Some(self.prepare(program));
                    upgrade = Some(wished);
                }
                prepared = async { preparing.as_mut().expect("it is asked for when it is there").await },
                    if preparing.is_some() =>
                {
                    preparing = None;
                    let Some(upgrade) = upgrade.take() else { continue };
                    match prepared.unwrap_or_else(|error| Err(error.to_string())) {
                        Ok(successor) => return End::Succession(successor, upgrade),
                        Err(sentence) => upgrade.answer(Err(sentence)),
                    }
                }
            }
        }
        if let Some(upgrade) = upgrade {
            upgrade.answer(Err("the server was told to stop meanwhile".to_owned()));
        }
        End::Stop
    }

    /// Starts a successor, beside everything that goes on.
    fn prepare(&self, program: Option<PathBuf>) -> tokio::task::JoinHandle<Result<Successor, String>> {
        let (data, doors) = (self.data.path().to_owned(), Arc::clone(&self.doors));
        tokio::task::spawn_blocking(move || {
            if std::process::id() == 1 {
                let sentence = "this server is the first process of its container, which ends with it; \
                                start a container with the new version instead";
                return Err(sentence.to_owned());
            }
            let program =
                program.ok_or("it is not known where this program is; name one with --program FILE")?;
            Successor::start(&program, &data, &doors)
        })
    }

    /// Ends it, within this time. Blocks.
    pub(super) fn end(self, end: End, within: Duration) -> Result<(), ServeError> {
        match end {
            End::Stop => {
                self.stop(within);
                Ok(())
            }
            End::Succession(successor, upgrade) => self.leave_to(successor, upgrade, within),
        }
    }

    fn stop(self, within: Duration) {
        service_manager::is_stopping();
        self.space.say_goodbye();
        // Whoever comes now is turned away.
        drop(self.doors);
        self.server.stop_within(within);
        drop(self.beside);
        self.space.stop();
    }

    fn leave_to(self, successor: Successor, upgrade: Upgrade, within: Duration) -> Result<(), ServeError> {
        let Running { mut server, beside, space, data, doors } = self;
        let _lives = service_manager::keep_telling();
        let folder = data.path().to_owned();
        server.set_drain(Drain { head_start: HEAD_START, return_rate: RETURN_RATE, ..Drain::default() });
        server.leave_files();
        let mut leaving = HashSet::new();
        // At other nodes people go on talking meanwhile, which would be missed here.
        let is_node = space.publisher().nodes().is_some();
        if successor.takes_people() && !is_node {
            leaving = server.pause(PAUSING);
            // Who waits for an answer gets it there where it was asked for.
            let asking = space.settle(SETTLING);
            leaving.retain(|id| !asking.contains(id));
        }
        space.say_goodbye();
        let mut stopping = server.say_goodbye(within);
        for (_, mut server) in beside {
            server.leave_files();
        }
        // Nothing reaches those any more who were told goodbye, so nothing that they ask is lost with an answer.
        let departure = space.leave(leaving);
        drop(data);
        successor.leave_data();
        let wanted = departure.seats.keys().copied().collect();
        let mut people = People::new(departure, stopping.carry_over(&wanted, LEAVING));
        let (process, answer) = match successor.take_over(&mut people) {
            Ok(process) => (process, Ok(process)),
            Err(sentence) => {
                eprintln!("parlor: the new server does not serve: {sentence}; this version starts again");
                let again = Successor::start(Path::new(OWN_PROGRAM), &folder, &doors);
                let again = again.and_then(|again| {
                    again.leave_data();
                    again.take_over(&mut people)
                });
                match again {
                    Ok(process) => {
                        let now = "The version that ran before serves again, as process";
                        (process, Err(format!("{sentence}. {now} {process}")))
                    }
                    Err(second) => {
                        let nor = "Nor does the version before start again";
                        upgrade.answer(Err(format!("{sentence}. {nor}: {second}")));
                        return Err(ServeError::Succession(second));
                    }
                }
            }
        };
        // Whoever is there holds the only end of them.
        drop(people);
        service_manager::is_succeeded_by(process);
        // Nobody shall wait at sockets that only this process has left.
        drop(doors);
        upgrade.answer(answer);
        tracing::info!(process, "succeeded");
        stopping.wait();
        Ok(())
    }
}

/// The file that this program was started from, or the one that stands there now.
fn own_file() -> Option<PathBuf> {
    let file = std::env::current_exe().ok()?;
    // So the system says it (proc_pid_exe(5)).
    let replaced = file.to_str().and_then(|name| name.strip_suffix(" (deleted)"));
    Some(replaced.map_or_else(|| file.clone(), PathBuf::from))
}
