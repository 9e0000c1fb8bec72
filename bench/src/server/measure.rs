//! A room under load: what the server spends on it, and how late things arrive.

use std::io;
use std::time::{Duration, Instant};

use super::attention::LOOK;
use super::crowd::{Crowd, until};
use super::handshake::PATIENCE;
use super::histogram::Histogram;
use super::process::Process;

/// What came of one stretch of load.
#[derive(Clone)]
pub struct Figures {
    /// Deliveries for each second of the server's processor time.
    pub per_cpu_second: f64,
    /// Deliveries for each second of the clock.
    pub per_second: f64,
    /// Deliveries that the load found at a time in one socket: about what the server wrote at a time.
    pub per_read: f64,
    /// From the moment a publication was due until one subscriber had it; all deliveries.
    pub latency: Histogram,
}

/// Keeps so many publications under way, each of another speaker, for so long.
pub fn saturated(
    crowd: &mut Crowd,
    server: &Process,
    under_way: usize,
    how_long: Duration,
) -> io::Result<Figures> {
    // What the first publications make warm is not measured.
    keep_under_way(crowd, under_way, how_long / 8)?;
    stretch(crowd, server, |crowd| keep_under_way(crowd, under_way, how_long))
}

fn keep_under_way(crowd: &mut Crowd, under_way: usize, how_long: Duration) -> io::Result<()> {
    let end = Instant::now() + how_long;
    loop {
        let now = Instant::now();
        while crowd.under_way() < under_way {
            crowd.next_speaks(now)?;
        }
        crowd.listen(LOOK)?;
        if Instant::now() >= end {
            return crowd.settle();
        }
    }
}

/// One speaker, evenly, so many publications a second. A publication that could not be sent in time is late by
/// that, too.
pub fn paced(crowd: &mut Crowd, server: &Process, rate: f64, how_long: Duration) -> io::Result<Figures> {
    stretch(crowd, server, |crowd| {
        let begin = Instant::now();
        let count = (rate * how_long.as_secs_f64()).ceil().max(1.0) as u32;
        for number in 0..count {
            let due = begin + Duration::from_secs_f64(f64::from(number) / rate);
            while Instant::now() < due || !crowd.has_room() {
                crowd.listen(until(due))?;
                if Instant::now() > due + PATIENCE {
                    return Err(io::Error::other(format!(
                        "{} publications did not arrive",
                        crowd.under_way()
                    )));
                }
            }
            crowd.first_speaks(due)?;
        }
        crowd.settle()
    })
}

fn stretch(
    crowd: &mut Crowd,
    server: &Process,
    load: impl FnOnce(&mut Crowd) -> io::Result<()>,
) -> io::Result<Figures> {
    drop(crowd.take_latency());
    let (deliveries, reads) = (crowd.deliveries, crowd.reads);
    let (cpu, clock) = (server.cpu_time(), Instant::now());
    load(crowd)?;
    let deliveries = (crowd.deliveries - deliveries) as f64;
    let (cpu, clock) = ((server.cpu_time() - cpu).as_secs_f64(), clock.elapsed().as_secs_f64());
    let figures = Figures {
        per_cpu_second: deliveries / cpu,
        per_second: deliveries / clock,
        per_read: deliveries / (crowd.reads - reads) as f64,
        latency: crowd.take_latency(),
    };
    if deliveries > 0.0 && cpu > 0.0 { Ok(figures) } else { Err(io::Error::other("nothing was delivered")) }
}
