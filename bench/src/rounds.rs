//! Taking turns: every library runs in every round, so that a noisy machine is noisy for all.

use std::time::Duration;

use crate::run::Run;

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Patience {
    pub rounds: usize,
    pub turn: Duration,
}

/// Nanoseconds of this thread's CPU time a message: for each library, for each round.
pub fn measure(runs: &mut [Option<Run>], patience: Patience) -> Vec<Option<Vec<f64>>> {
    let counts: Vec<usize> =
        runs.iter_mut().map(|run| run.as_mut().map_or(0, |run| calibrate(run, patience.turn))).collect();
    let mut times: Vec<Option<Vec<f64>>> = runs.iter().map(|run| run.as_ref().map(|_| Vec::new())).collect();
    for round in 0..patience.rounds {
        for turn in 0..runs.len() {
            // Nobody always comes first.
            let at = (round + turn) % runs.len();
            if let (Some(run), Some(times)) = (&mut runs[at], &mut times[at]) {
                times.push(time(run, counts[at]));
            }
        }
    }
    times
}

/// How many messages fill one turn.
fn calibrate(run: &mut Run, turn: Duration) -> usize {
    let mut count = 1;
    loop {
        let one = time(run, count);
        let all = one * count as f64;
        let wanted = turn.as_nanos() as f64;
        if all >= wanted / 8.0 {
            return (wanted / one).ceil().max(1.0) as usize;
        }
        count *= 4;
    }
}

fn time(run: &mut Run, count: usize) -> f64 {
    let before = cpu_time();
    let messages = run(count);
    (cpu_time() - before).as_nanos() as f64 / messages as f64
}

/// Time that this thread ran. What else the machine did meanwhile does not count.
pub fn cpu_time() -> Duration {
    read_clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Time that all threads of this process ran.
pub fn process_time() -> Duration {
    read_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn read_clock(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is there to be written.
    let result = unsafe { libc::clock_gettime(clock, &mut time) };
    assert_eq!(result, 0, "the process has its clocks");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The middle of some numbers and their range.
#[derive(Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Spread {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
        Spread { median: numbers[numbers.len() / 2], least, most }
    }
}
