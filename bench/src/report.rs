//! What was measured, as a table to read, as JSON to keep, and as the part of docs/performance.md.

use std::fmt::Write;

use crate::library::Library;
use crate::memory;
use crate::rounds::Spread;
use crate::server::machine;
use crate::server::table::Table;

/// One row of times: nanoseconds a message, for each library, for each round. Ours is the first.
pub struct Throughput {
    pub name: String,
    pub size: usize,
    pub times: Vec<Option<Vec<f64>>>,
    /// Ours against the best peer: at least this.
    pub goal: f64,
}

/// Prints as it goes, and remembers.
pub struct Report {
    libraries: Vec<&'static str>,
    connections: Vec<bool>,
    json: Vec<String>,
    /// For the document: each section's title, and its table once it has a row.
    tables: Vec<(String, Option<Table>)>,
    missed: Vec<String>,
    goals: usize,
}

const NAME: usize = 38;
const COLUMN: usize = 17;

impl Report {
    pub fn new(libraries: &[Box<dyn Library>]) -> Self {
        Report {
            libraries: libraries.iter().map(|library| library.name()).collect(),
            connections: libraries.iter().map(|library| library.is_connection()).collect(),
            json: Vec::new(),
            tables: Vec::new(),
            missed: Vec::new(),
            goals: 0,
        }
    }

    pub fn section(&mut self, title: &str) {
        println!("\n{title}");
        self.tables.push((title.to_owned(), None));
        let mut line = format!("{:NAME$}", "");
        for library in &self.libraries {
            write!(line, "{library:>COLUMN$}").expect("a string takes it");
        }
        println!("{line}  goal, and ours to the best    and to the best connection");
    }

    /// Rates, each peer's also as its share of ours; the verdict is by the ratios of each round.
    pub fn throughput(&mut self, row: Throughput) {
        let medians: Vec<Option<f64>> =
            row.times.iter().map(|times| Some(Spread::of(times.as_ref()?.iter().copied()).median)).collect();
        let mut line = format!("{:NAME$}", row.name);
        for median in &medians {
            let cell = match (median, medians[0]) {
                (None, _) => "n/a".to_owned(),
                (Some(time), Some(ours)) => format!("{} {:4.2}", rate(row.size, *time), ours / time),
                (Some(time), None) => rate(row.size, *time),
            };
            write!(line, "{cell:>COLUMN$}").expect("a string takes it");
        }
        let all = self.to_best(&row, |_| true);
        let connections = self.to_best(&row, |at| self.connections[at]);
        if let (Some(all), Some(connections)) = (all, connections) {
            let verdict = self.verdict(&row.name, all.median >= row.goal);
            write!(line, "  {verdict} {:.1}: {:<26}{}", row.goal, words(all), words(connections))
                .expect("a string takes it");
        }
        println!("{line}");
        let cells = medians.iter().enumerate().map(|(at, median)| match (median, medians[0]) {
            (Some(time), _) if at == 0 => rate(row.size, *time),
            (Some(time), Some(ours)) => format!("{:.2}", ours / time),
            _ => "–".to_owned(),
        });
        let found = all.map_or("–".to_owned(), |all| {
            goal(all.median, &format!("≥ {}", row.goal), all.median >= row.goal)
        });
        let connection = connections.map_or("–".to_owned(), |ratio| format!("{:.2}", ratio.median));
        let cells: Vec<String> =
            [row.name.clone()].into_iter().chain(cells).chain([connection, found]).collect();
        self.add(&["to the best connection", "to the best, goal"], cells);
        self.json.push(format!(
            r#"{{"row":"{}","bytes":{},"ns_per_message":{},"ours_to_best":{},"ours_to_best_connection":{},"goal":{}}}"#,
            row.name,
            row.size,
            self.by_library(medians.iter().map(|median| median.map(|ns| format!("{ns:.2}")))),
            all.map_or("null".to_owned(), spread),
            connections.map_or("null".to_owned(), spread),
            row.goal,
        ));
    }

    pub fn at_most(&mut self, name: &str, ratio: Spread, limit: f64) {
        let verdict = self.verdict(name, ratio.median <= limit);
        println!("{name:NAME$}  {verdict} {limit}: {}", words(ratio));
        let mut table = Table::new(["", "found, goal"]);
        table.row([name.to_owned(), goal(ratio.median, &format!("≤ {limit}"), ratio.median <= limit)]);
        self.tables.last_mut().expect("a section comes first").1 = Some(table);
        self.json.push(format!(r#"{{"row":"{name}","ratio":{},"limit":{limit}}}"#, spread(ratio)));
    }

    pub fn heap(&mut self, row: memory::Row, limit: Option<f64>) {
        let mut line = format!("{:NAME$}", row.name);
        for weight in &row.weights {
            let cell = weight.as_ref().map_or("n/a".to_owned(), |w| format!("{:.0} [{}]", w.heap, w.value));
            write!(line, "{cell:>COLUMN$}").expect("a string takes it");
        }
        let ours = row.weights[0].as_ref();
        let least = row.weights[1..].iter().flatten().map(|weight| weight.heap).min_by(f64::total_cmp);
        if let (Some(ours), Some(least)) = (ours, least) {
            let name = format!("heap, {}", row.name);
            let first = self.verdict(&format!("{name}, first"), ours.heap <= least);
            write!(line, "   first: {first}").expect("a string takes it");
            if let Some(limit) = limit {
                let verdict = self.verdict(&name, ours.heap <= limit);
                write!(line, ", limit: {verdict} {limit:.0}").expect("a string takes it");
            }
        }
        println!("{line}");
        let heaps = row.weights.iter().map(|weight| weight.as_ref().map(|w| format!("{:.0}", w.heap)));
        let cells =
            row.weights.iter().map(|weight| weight.as_ref().map_or("–".to_owned(), |w| heap(w.heap)));
        let asked = limit.map_or("–".to_owned(), |limit| format!("≤ {}", heap(limit)));
        self.add(&["goal"], [row.name.clone()].into_iter().chain(cells).chain([asked]).collect());
        self.json.push(format!(r#"{{"row":"heap, {}","bytes":{}}}"#, row.name, self.by_library(heaps)));
    }

    /// Says at the end how many goals there were and which were missed.
    pub fn close(&self) {
        println!("\n{} of {} goals met", self.goals - self.missed.len(), self.goals);
        for missed in &self.missed {
            println!("missed: {missed}");
        }
    }

    pub fn json(&self) -> String {
        format!("[\n{}\n]\n", self.json.join(",\n"))
    }

    /// A row of the table that the document is given for this section; its head is the libraries and `columns`.
    fn add(&mut self, columns: &[&str], cells: Vec<String>) {
        let (_, table) = self.tables.last_mut().expect("a section comes first");
        let head = || Table::new([""].iter().chain(&self.libraries).chain(columns).copied());
        table.get_or_insert_with(head).row(cells);
    }

    /// The part of docs/performance.md that is about the driver.
    pub fn markdown(&self) -> String {
        let tables: Vec<String> = self
            .tables
            .iter()
            .filter_map(|(title, table)| {
                // What stands in brackets on the screen is not in the document.
                let title = title.split(';').next()?;
                Some(format!("**{title}**\n\n{}", table.as_ref()?.markdown()))
            })
            .collect();
        let met = format!("{} of {} goals met.", self.goals - self.missed.len(), self.goals);
        let load = format!("Load average at the end: {}.\n", machine::load_average());
        [tables.join("\n"), met, load].join("\n")
    }

    /// Ours against the peer whose median is the best, round by round.
    fn to_best(&self, row: &Throughput, counts: impl Fn(usize) -> bool) -> Option<Spread> {
        let ours = row.times[0].as_ref()?;
        let best = row.times.iter().enumerate().skip(1).filter(|(at, _)| counts(*at));
        let median = |times: &[f64]| Spread::of(times.iter().copied()).median;
        let theirs = best
            .filter_map(|(_, times)| times.as_deref())
            .min_by(|one, other| median(one).total_cmp(&median(other)))?;
        Some(Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| theirs / ours)))
    }

    fn verdict(&mut self, name: &str, met: bool) -> &'static str {
        self.goals += 1;
        if met {
            "pass"
        } else {
            self.missed.push(name.to_owned());
            "MISS"
        }
    }

    fn by_library(&self, values: impl Iterator<Item = Option<String>>) -> String {
        let pairs: Vec<String> = self
            .libraries
            .iter()
            .zip(values)
            .map(|(library, value)| format!(r#""{library}":{}"#, value.unwrap_or("null".to_owned())))
            .collect();
        format!("{{{}}}", pairs.join(","))
    }
}

fn goal(found: f64, asked: &str, met: bool) -> String {
    if met { format!("{found:.2}, {asked}") } else { format!("**{found:.2}**, {asked}") }
}

/// Octets of heap, in short.
fn heap(octets: f64) -> String {
    if octets < 1024.0 { format!("{octets:.0} B") } else { format!("{:.1} KiB", octets / 1024.0) }
}

fn words(Spread { median, least, most }: Spread) -> String {
    format!("{median:.2} ({least:.2}-{most:.2})")
}

fn spread(Spread { median, least, most }: Spread) -> String {
    format!(r#"{{"median":{median:.3},"least":{least:.3},"most":{most:.3}}}"#)
}

/// Messages a second where they are small, octets a second where they are large.
fn rate(size: usize, ns: f64) -> String {
    match (size, ns) {
        (1025.., _) => format!("{:.1} GB/s", size as f64 / ns),
        (_, 10_000.0..) => format!("{:.1} k/s", 1e6 / ns),
        _ => format!("{:.1} M/s", 1e3 / ns),
    }
}
