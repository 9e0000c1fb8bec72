//! How much memory this process has.

use std::fs;

pub(crate) const MIB: usize = 1 << 20;

/// Octets that are resident.
pub(crate) fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

pub(crate) fn assert_growth_below(limit: usize, before: usize, what: &str) {
    let growth = resident().saturating_sub(before);
    assert!(growth < limit, "{what}: {} KiB more", growth / 1024);
}
