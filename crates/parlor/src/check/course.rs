//! The course of a check, phase by phase.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::expected::Expected;
use super::faults::{self, FullDisk};
use super::options::Options;
use super::own_server::OwnServer;
use super::problems::Kind;
use super::route::Route;
use super::shared::{Phase, Shared, lock};
use super::verdict::Verdict;
use super::worker::Worker;
use super::{CheckError, proxy};

/// How long everybody may take to come and to join.
pub(super) const COMING: Duration = Duration::from_secs(60);
/// How long it may take at the end until everything is acknowledged.
pub(super) const SETTLING: Duration = Duration::from_secs(120);
/// How long reading everything may take, for each second that everybody talked, and at least.
const READING: u32 = 10;
const READING_AT_LEAST: Duration = Duration::from_secs(300);
/// How long being forgotten may take.
const LEAVING: Duration = Duration::from_secs(60);

/// A check that runs. What it started ends with it.
pub(super) struct Course {
    pub(super) shared: Arc<Shared>,
    clients: usize,
    reports: UnboundedReceiver<(usize, Phase)>,
    tasks: JoinSet<()>,
}

/// Checks a server as the options say.
pub(super) async fn run(options: &Options, seed: u64, label: String) -> Result<Verdict, CheckError> {
    let (server, address) = match &options.address {
        Some(address) => (None, address.clone()),
        None => {
            let disk = options.disk.as_deref();
            if let Some(folder) = disk
                && !faults::may_be_filled(folder).map_err(CheckError::Server)?
            {
                return Err(CheckError::NoSmallDisk(folder.into()));
            }
            let (server, address) = OwnServer::start(disk, &label).await.map_err(CheckError::Server)?;
            (Some(server), format!("ws://{address}"))
        }
    };
    let route = Route::to(&address).ok_or(CheckError::Address(address.clone()))?;
    // Said at once; later it is waited for.
    if let Err(error) = TcpStream::connect(route.server(0).unwrap_or_default()).await {
        return Err(CheckError::Unreachable(address, error.to_string()));
    }
    let mut course = Course::start(options, seed, label, route).await?;
    match server {
        Some(mut server) => {
            let result = course.with_faults(options, &mut server).await;
            let mut verdict = course.finish(result, seed).await;
            let kept = server.end(!is_good(&verdict)).await;
            if let Ok(verdict) = &mut verdict {
                verdict.kept = kept;
            }
            verdict
        }
        None => {
            course.with_guests(options).await?;
            Ok(course.verdict(seed))
        }
    }
}

/// Whether there is nothing to look at afterwards.
pub(super) fn is_good(verdict: &Result<Verdict, CheckError>) -> bool {
    verdict.as_ref().is_ok_and(Verdict::is_good)
}

impl Course {
    pub(super) async fn start(
        options: &Options,
        seed: u64,
        label: String,
        mut route: Route,
    ) -> Result<Self, CheckError> {
        let (clients, rooms) = (options.clients.get(), options.rooms.get());
        let mut listener = None;
        if options.faults || options.bad_network {
            let (listening, address) = proxy::listen().await.map_err(CheckError::Server)?;
            route.network = Some(address);
            listener = Some(listening);
        }
        let shared = Shared::new(seed, route, options.rate.get(), options.cluster, label, clients, rooms);
        let mut tasks = JoinSet::new();
        if let Some(listener) = listener {
            tasks.spawn(proxy::run(listener, Arc::clone(&shared)));
        }
        let (done, reports) = unbounded_channel();
        for client in 0..clients {
            tasks.spawn(Worker::new(Arc::clone(&shared), client, done.clone()).run());
        }
        Ok(Course { shared, clients, reports, tasks })
    }

    /// Begins a phase, and waits until everybody has done what it asks; says whether they have.
    pub(super) async fn phase(&mut self, phase: Phase, patience: Duration) -> bool {
        self.shared.phase.send_replace(phase);
        let until = Instant::now() + patience;
        let mut missing = self.clients;
        while missing > 0 {
            match timeout_at(until, self.reports.recv()).await {
                Ok(Some((_, done))) if done == phase => missing -= 1,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }

    async fn come(&mut self) -> Result<(), CheckError> {
        if self.phase(Phase::Gather, COMING).await && self.phase(Phase::Join, COMING).await {
            return Ok(());
        }
        Err(self.nobody_comes())
    }

    /// Why not everybody has come.
    pub(super) fn nobody_comes(&self) -> CheckError {
        let trouble = lock(&self.shared.trouble).take();
        let refused = self.shared.evidence().problems.examples.first().cloned();
        let why = refused.or(trouble).unwrap_or_else(|| "no answer comes".to_owned());
        CheckError::Unreachable(self.shared.route.server(0).unwrap_or_default(), why)
    }

    /// Checks somebody's server, and leaves nothing behind but the names of rooms.
    async fn with_guests(&mut self, options: &Options) -> Result<(), CheckError> {
        self.come().await?;
        self.shared.set_stormy(options.bad_network);
        self.shared.phase.send_replace(Phase::Talk);
        tokio::time::sleep(options.duration()).await;
        self.shared.set_stormy(false);
        self.phase(Phase::Settle, SETTLING).await;
        self.phase(Phase::Mark, SETTLING).await;
        self.compare(options.duration()).await;
        self.phase(Phase::Leave, LEAVING).await;
        Ok(())
    }

    /// Checks a server of our own, and harms it.
    async fn with_faults(&mut self, options: &Options, server: &mut OwnServer) -> Result<(), CheckError> {
        self.come().await?;
        let full_disk = match (&options.disk, options.full_disk) {
            (Some(_), _) => FullDisk::Ballast,
            (None, true) => FullDisk::Limit,
            (None, false) => FullDisk::Never,
        };
        self.shared.set_stormy(true);
        self.shared.phase.send_replace(Phase::Talk);
        let until = Instant::now() + options.duration();
        faults::run(server, &self.shared, full_disk, until).await.map_err(CheckError::Server)?;
        self.shared.set_stormy(false);
        self.phase(Phase::Settle, SETTLING).await;
        // What is compared is what comes out of the files.
        faults::kill(server, &self.shared).await.map_err(CheckError::Server)?;
        self.phase(Phase::Mark, SETTLING).await;
        self.compare(options.duration()).await;
        if let Err(wrong) = server.verify().await.map_err(CheckError::Server)? {
            self.shared.evidence().problems.add(Kind::Lost, || wrong);
        }
        Ok(())
    }

    pub(super) async fn compare(&mut self, talked: Duration) {
        let expected: Vec<Expected> = {
            let evidence = self.shared.evidence();
            (0..evidence.rooms.len()).map(|room| Expected::of(&evidence, room)).collect()
        };
        // It is set once, here.
        let _ = self.shared.expected.set(expected);
        if !self.phase(Phase::Compare, (talked * READING).max(READING_AT_LEAST)).await {
            let why = lock(&self.shared.trouble).take();
            self.shared.evidence().problems.add(Kind::Unsettled, || {
                format!("not everybody could read everything: {}", why.unwrap_or_default())
            });
        }
        let lasts = lock(&self.shared.lasts).clone();
        self.shared.evidence().settle_accounts(&lasts);
    }

    /// The verdict once it is known how the check went; all clients end.
    pub(super) async fn finish(
        &mut self,
        went: Result<(), CheckError>,
        seed: u64,
    ) -> Result<Verdict, CheckError> {
        let verdict = went.map(|()| self.verdict(seed));
        self.tasks.shutdown().await;
        verdict
    }

    fn verdict(&self, seed: u64) -> Verdict {
        let expected = self.shared.expected.get();
        Verdict {
            seed,
            counts: std::mem::take(&mut *self.shared.counts()),
            problems: std::mem::take(&mut self.shared.evidence().problems),
            messages: expected.into_iter().flatten().map(Expected::len).sum(),
            kept: None,
        }
    }
}
