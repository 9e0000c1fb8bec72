//! What is done to a server of our own while clients talk: it is killed, succeeded, and its disk is full.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::chance::Chance;
use super::own_server::OwnServer;
use super::shared::Shared;

/// Who draws when and what.
const WHO: u64 = 1 << 50;
/// Milliseconds between two faults, and those that a disk is full.
const BETWEEN: (usize, usize) = (1_500, 5_000);
const FULL: (usize, usize) = (1_000, 4_000);
/// Octets written at a time to a disk that is filled up.
const PIECE: usize = 64 * 1024;
/// The largest disk that is filled up, in octets; nobody means a larger one.
pub(super) const LARGEST_DISK: u64 = 1 << 30;

/// How a disk becomes full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FullDisk {
    Never,
    /// The server may not let its files grow.
    Limit,
    /// A large file takes all the room.
    Ballast,
}

/// Harms the server every few seconds until the time is over, and leaves it running and unharmed.
pub(super) async fn run(
    server: &mut OwnServer,
    shared: &Shared,
    full_disk: FullDisk,
    until: Instant,
) -> io::Result<()> {
    let mut chance = Chance::new(shared.seed, WHO);
    loop {
        let next = Instant::now() + chance.milliseconds(BETWEEN.0, BETWEEN.1);
        if next >= until {
            sleep_until(until).await;
            return Ok(());
        }
        sleep_until(next).await;
        if !server.is_running() {
            return Err(io::Error::other("the server ended by itself"));
        }
        if full_disk != FullDisk::Never && chance.once_in(2) {
            let wait = chance.milliseconds(FULL.0, FULL.1);
            let dies = chance.once_in(4);
            fill_for(server, shared, full_disk, wait, dies).await?;
        } else if chance.once_in(3) {
            server.succeed().await?;
            shared.count(|counts| counts.upgrades += 1);
        } else {
            kill(server, shared).await?;
        }
    }
}

/// Kills the server and starts it again, where clients find it.
pub(super) async fn kill(server: &mut OwnServer, shared: &Shared) -> io::Result<()> {
    server.kill().await?;
    shared.count(|counts| counts.kills += 1);
    shared.route.is_at(0, server.start_again().await?);
    Ok(())
}

async fn fill_for(
    server: &mut OwnServer,
    shared: &Shared,
    full_disk: FullDisk,
    wait: Duration,
    dies: bool,
) -> io::Result<()> {
    let ballast = server.folder().with_file_name("ballast");
    if full_disk == FullDisk::Ballast {
        fill(&ballast)?;
    } else {
        server.limit_files(true)?;
    }
    shared.count(|counts| counts.full_disks += 1);
    sleep(wait).await;
    if dies {
        // Starting finds room again; without it a server says so and does not start.
        server.kill().await?;
        shared.count(|counts| counts.kills += 1);
    }
    if full_disk == FullDisk::Ballast {
        fs::remove_file(&ballast)?;
    } else if !dies {
        server.limit_files(false)?;
    }
    if dies {
        shared.route.is_at(0, server.start_again().await?);
    } else if !server.is_running() {
        return Err(io::Error::other("the server ended because its disk was full"));
    }
    Ok(())
}

/// Writes a file that takes all the room there is.
fn fill(ballast: &Path) -> io::Result<()> {
    let mut file = fs::File::create(ballast)?;
    let (mut length, mut written) = (PIECE, 0);
    while length > 0 && written < LARGEST_DISK {
        match file.write(&vec![0xaa; length]) {
            Ok(count) => written += count as u64,
            Err(error) if error.kind() == io::ErrorKind::StorageFull => length /= 2,
            Err(error) => return Err(error),
        }
    }
    match file.sync_all() {
        Err(error) if error.kind() != io::ErrorKind::StorageFull => Err(error),
        _ => Ok(()),
    }
}

/// Whether a folder is empty and on a small disk of its own, which nobody minds to be full.
pub(super) fn may_be_filled(folder: &Path) -> io::Result<bool> {
    let disk = rustix::fs::statvfs(folder)?;
    let size = disk.f_frsize.saturating_mul(disk.f_blocks);
    // A new file system has a folder for what was lost and found.
    let is_empty =
        fs::read_dir(folder)?.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lost+found"));
    Ok(is_empty && size <= LARGEST_DISK)
}
