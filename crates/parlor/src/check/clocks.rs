//! Clocks of nodes that differ, as those of machines do that nobody sets: libfaketime shifts the time of day that a program is
//! told, and leaves alone the clock by which it waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::net::TcpStream;
use tokio::process::Command;

use super::asking;

/// By how many seconds the clock of each node is ahead.
pub(super) const AHEAD: [i64; 3] = [40, -40, 0];
/// Seconds by which answers may say less than that, which know no parts of them and take their time.
const ROUNDED: u64 = 2;

/// Where the library may be, or in a folder for the kind of machine there.
const FOLDERS: [&str; 3] = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
/// The one for programs with several threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// A clock that is not right.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    library: PathBuf,
    ahead: i64,
}

impl Clock {
    /// One that is so many seconds ahead, or behind if they are less than 0; nothing where that cannot be had.
    pub(super) fn ahead(seconds: i64) -> Option<Self> {
        let library = FOLDERS.iter().find_map(|folder| library_in(Path::new(folder)))?;
        Some(Clock { library, ahead: seconds })
    }

    /// A program goes by it from its start on, and those that it starts.
    pub(super) fn set(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library);
        command.env("FAKETIME", format!("{:+}s", self.ahead)).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}

fn library_in(folder: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut candidates = std::iter::once(folder.to_owned()).chain(folders).map(|path| path.join(LIBRARY));
    candidates.find(|path| path.is_file())
}

/// How many seconds the clocks of servers are apart, by what each says; nothing if one does not say it.
pub(super) async fn apart(addresses: &[String]) -> Option<u64> {
    let mut ahead = Vec::new();
    for address in addresses {
        let (head, _) = asking::whole(TcpStream::connect(address), "/").await?;
        let date = head.lines().find_map(|line| line.strip_prefix("date: "))?;
        let date = httpdate::parse_http_date(date).ok()?;
        ahead.push(seconds(date)? - seconds(SystemTime::now())?);
    }
    Some(ahead.iter().max()?.abs_diff(*ahead.iter().min()?))
}

fn seconds(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Whether clocks are as far apart as they were set.
pub(super) fn are_set(apart: u64) -> bool {
    apart + ROUNDED >= AHEAD[0].abs_diff(AHEAD[1])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn a_program_is_told_another_time_and_waits_as_long_as_before() {
        let clock = Clock::ahead(-3_600).expect("libfaketime is installed");
        let mut command = Command::new("sh");
        command.args(["-c", "date +%s && sleep 1"]);
        clock.set(&mut command);
        let began = Instant::now();
        let said = command.output().await.unwrap().stdout;
        assert!(began.elapsed() >= Duration::from_secs(1));
        let said: i64 = String::from_utf8(said).unwrap().trim().parse().unwrap();
        let behind = seconds(SystemTime::now()).unwrap() - said;
        assert!((3_600..4_200).contains(&behind), "{behind} s");
    }

    #[test]
    fn a_second_or_two_is_lost_in_what_answers_say() {
        assert!(are_set(78) && are_set(81) && !are_set(77) && !are_set(0));
    }
}
