//! The server's counts as text, in the format that Prometheus reads (exposition format 0.0.4).

use std::fmt::{self, Display, Write};

use websocket_hub::{Histogram, Snapshot};

use crate::publisher::NodesSnapshot;

/// The media type of the text.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is counted, how many entries the log has, and what is heard of other nodes.
pub(crate) fn text(
    connections: &Snapshot,
    log_entries: Option<u64>,
    nodes: Option<&NodesSnapshot>,
) -> String {
    let mut text = Exposition::default();
    text.one(
        "parlor_info",
        "gauge",
        "The version that runs.",
        &[(&[("version", env!("CARGO_PKG_VERSION"))], 1)],
    );
    if let Some(entries) = log_entries {
        text.one("parlor_log_entries_total", "counter", "Entries of the log.", &[(&[], entries)]);
    }
    if let Some(nodes) = nodes {
        text.nodes(nodes);
    }
    for (name, about, count) in [
        ("opened", "WebSockets that have been opened.", connections.opened),
        ("messages_received", "Whole messages that arrived.", connections.messages_in),
        ("messages_sent", "Messages that were sent, to each reader once.", connections.messages_out),
        ("received_bytes", "Octets read from sockets.", connections.octets_in),
        ("sent_bytes", "Octets written to sockets.", connections.octets_out),
    ] {
        text.one(&format!("websocket_{name}_total"), "counter", about, &[(&[], count)]);
    }
    let of = |name: &'static str, label: &str, count: u64| (vec![(name, label.to_owned())], count);
    let closed = connections.closed.iter().map(|(code, count)| of("code", &code.to_string(), *count));
    text.many("websocket_closed_total", "counter", "WebSockets that are over, by close code.", closed);
    let refused = connections.refused.iter().map(|(reason, count)| of("reason", reason, *count));
    text.many("websocket_refused_total", "counter", "Handshakes that were refused.", refused);
    let dropped = connections.dropped.iter().map(|(reason, count)| of("reason", reason, *count));
    text.many("websocket_dropped_total", "counter", "Messages that a reader was not given.", dropped);
    let memory = connections.memory;
    let uses = [
        ("unfinished", memory.unfinished),
        ("windows", memory.windows),
        ("queues", memory.queues),
        ("topics", memory.topics),
        ("buffers", memory.buffers),
    ];
    let uses = uses.into_iter().map(|(used, octets)| of("use", used, octets));
    text.many("websocket_memory_bytes", "gauge", "Octets of memory held for WebSockets.", uses);
    text.one("websocket_open", "gauge", "WebSockets that are open.", &[(&[], connections.open())]);
    let about = "WebSockets whose peers do not take what waits for them.";
    text.one("websocket_waiting", "gauge", about, &[(&[], connections.waiting)]);
    text.histogram("websocket_wait_seconds", "How long peers took nothing.", &connections.waits);
    text.histogram("websocket_round_trip_seconds", "How long pings took.", &connections.round_trips);
    text.0
}

#[derive(Debug, Default)]
struct Exposition(String);

/// What a count is of.
struct Labels<'a, V>(&'a [(&'a str, V)]);

impl<V: Display> Display for Labels<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            write!(f, "{before}{name}=\"{value}\"")?;
        }
        if self.0.is_empty() { Ok(()) } else { f.write_char('}') }
    }
}

impl Exposition {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        self.0.write_fmt(line).expect("a String takes everything");
        self.0.push('\n');
    }

    fn head(&mut self, name: &str, kind: &str, about: &str) {
        self.line(format_args!("# HELP {name} {about}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn nodes(&mut self, nodes: &NodesSnapshot) {
        self.one("parlor_nodes", "gauge", "Other nodes of the cluster.", &[(&[], nodes.nodes)]);
        let about = "Other nodes that have decided otherwise than this one.";
        self.one("parlor_nodes_differing", "gauge", about, &[(&[], nodes.differing)]);
        let about =
            "Times that a hundred places of the log were compared with what another node decided on them.";
        self.one("parlor_node_comparisons_total", "counter", about, &[(&[], nodes.compared)]);
        let about = "Messages of nodes to each other about who is there and who is writing.";
        let counts = [
            ("told", nodes.told),
            ("untold", nodes.untold),
            ("heard", nodes.heard),
            ("ignored", nodes.ignored),
        ];
        let counts = counts.into_iter().map(|(became, count)| (vec![("became", became.to_owned())], count));
        self.many("parlor_node_messages_total", "counter", about, counts);
    }

    fn one(&mut self, name: &str, kind: &str, about: &str, counts: &[(&[(&str, &str)], u64)]) {
        self.head(name, kind, about);
        for (labels, count) in counts {
            self.line(format_args!("{name}{} {count}", Labels(labels)));
        }
    }

    fn many(
        &mut self,
        name: &str,
        kind: &str,
        about: &str,
        counts: impl Iterator<Item = (Vec<(&'static str, String)>, u64)>,
    ) {
        self.head(name, kind, about);
        for (labels, count) in counts {
            self.line(format_args!("{name}{} {count}", Labels(&labels)));
        }
    }

    fn histogram(&mut self, name: &str, about: &str, times: &Histogram) {
        self.head(name, "histogram", about);
        for (end, below) in times.cumulative() {
            self.line(format_args!("{name}_bucket{{le=\"{}\"}} {below}", end.as_secs_f64()));
        }
        self.line(format_args!("{name}_bucket{{le=\"+Inf\"}} {}", times.count()));
        self.line(format_args!("{name}_sum {}", times.sum().as_secs_f64()));
        self.line(format_args!("{name}_count {}", times.count()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_name_and_a_number() {
        let mut connections = Snapshot::default();
        connections.opened = 3;
        connections.closed.insert(1000, 2);
        connections.refused.insert("origin", 7);
        let nodes =
            NodesSnapshot { nodes: 2, differing: 1, compared: 4, told: 5, untold: 0, heard: 9, ignored: 1 };
        let text = text(&connections, Some(42), Some(&nodes));
        for line in [
            "websocket_opened_total 3",
            "websocket_open 1",
            "websocket_closed_total{code=\"1000\"} 2",
            "websocket_refused_total{reason=\"origin\"} 7",
            "websocket_memory_bytes{use=\"queues\"} 0",
            "websocket_wait_seconds_bucket{le=\"0.000001\"} 0",
            "websocket_wait_seconds_bucket{le=\"+Inf\"} 0",
            "parlor_log_entries_total 42",
            "parlor_nodes 2",
            "parlor_nodes_differing 1",
            "parlor_node_comparisons_total 4",
            "parlor_node_messages_total{became=\"ignored\"} 1",
        ] {
            assert!(text.lines().any(|each| each == line), "no {line} in\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, number) = line.rsplit_once(' ').unwrap();
            assert!(number.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
            let bare = name.split('{').next().unwrap();
            assert!(bare.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_'), "{line}");
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .fold(bare, |name, end| name.strip_suffix(end).unwrap_or(name));
            assert!(text.contains(&format!("# TYPE {family} ")), "{line} has no type");
        }
    }
}
