//! The machine that is measured on: its cores, its limits, how busy it is.

use std::fs;
use std::sync::OnceLock;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// The cores of the two sides: the first of those that this process may use is the server's, the last is the load's.
/// Where there is only one, both share it.
#[derive(Clone, Copy)]
pub struct Cores {
    pub server: usize,
    pub load: usize,
}

/// The cores of the two sides, as they were when this was first asked: whoever is on one core sees no other any more.
pub fn cores() -> Cores {
    static CORES: OnceLock<Cores> = OnceLock::new();
    *CORES.get_or_init(|| {
        let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
        let mut cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false));
        let server = cores.next().unwrap_or_default();
        Cores { server, load: cores.next_back().unwrap_or(server) }
    })
}

/// Keeps this process, with the threads and processes that it will start, on one core.
pub fn pin(core: usize) {
    let mut one = CpuSet::new();
    if one.set(core).and_then(|()| sched_setaffinity(Pid::from_raw(0), &one)).is_err() {
        eprintln!("this process may not choose its core: the figures will be noisier");
    }
}

/// Raises the soft limit of open descriptors to the hard one, and says what it is now.
pub fn raise_descriptor_limit() -> u64 {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    }
}

/// Octets of kernel slab on the whole machine.
pub fn slab() -> u64 {
    kibibytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "Slab:")
}

/// Octets of memory that a process has in use.
pub fn resident(process: u32) -> u64 {
    kibibytes(&fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default(), "VmRSS:")
}

/// The most octets of memory that a process has had in use.
pub fn peak(process: u32) -> u64 {
    kibibytes(&fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default(), "VmHWM:")
}

fn kibibytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// How many processes wanted to run lately, on average over a minute. More than the two of a benchmark means
/// that something else was running.
pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// Processor, cores and kernel in a few words.
pub fn description() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(" unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = processors.lines().filter(|line| line.starts_with("processor")).count();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}
