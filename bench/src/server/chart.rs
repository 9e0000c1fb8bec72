//! Plots as SVG: panels of bars side by side, one row for each server.

use std::fmt::Write;

use super::peer::Peer;

/// One panel: what it shows, and each row's value and what is written beside its bar.
pub struct Panel {
    pub title: String,
    pub bars: Vec<Option<(f64, String)>>,
}

const LABELS: f64 = 140.0;
const PANEL: f64 = 270.0;
/// The longest bar; what is left of a panel is for the number.
const BAR: f64 = 180.0;
const ROW: f64 = 24.0;
const TOP: f64 = 64.0;

/// Colours that can be read on white and on black.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#24292f}\
.title{font-weight:600;font-size:15px}.small{font-size:12px;fill:#57606a}\
.ours{fill:#0969da}.crate{fill:#8c959f}.floor{fill:none;stroke:#8c959f;stroke-dasharray:3 2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.ours{fill:#4493f8}}";

/// A plot of all peers that have a value in any panel.
pub fn bars(title: &str, peers: &[Peer], panels: &[Panel]) -> String {
    let rows: Vec<usize> =
        (0..peers.len()).filter(|row| panels.iter().any(|panel| panel.bars[*row].is_some())).collect();
    let width = LABELS + PANEL * panels.len() as f64;
    let height = TOP + ROW * rows.len() as f64 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"8\" y=\"22\">{title}</text>\n"
    );
    for (place, row) in rows.iter().enumerate() {
        let y = TOP + ROW * place as f64 + 13.0;
        text(&mut svg, "", LABELS - 10.0, y, "end", peers[*row].name());
    }
    for (index, panel) in panels.iter().enumerate() {
        let x = LABELS + PANEL * index as f64;
        text(&mut svg, "small", x, TOP - 12.0, "start", &panel.title);
        let most = panel.bars.iter().flatten().map(|(value, _)| *value).fold(0.0, f64::max);
        for (place, row) in rows.iter().enumerate() {
            let y = TOP + ROW * place as f64;
            let Some((value, label)) = &panel.bars[*row] else {
                text(&mut svg, "small", x, y + 13.0, "start", "–");
                continue;
            };
            let length = (BAR * value / most).max(1.0);
            let class = class(peers[*row]);
            writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{length:.1}\" height=\"15\" rx=\"2\"/>",
                y + 1.0
            )
            .expect("a string takes it");
            text(&mut svg, "small", x + length + 6.0, y + 13.0, "start", label);
        }
    }
    svg + "</svg>\n"
}

fn class(peer: Peer) -> &'static str {
    match peer {
        peer if peer.is_ours() => "ours",
        peer if peer.is_floor() => "floor",
        _ => "crate",
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
    writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>")
        .expect("a string takes it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_value() {
        let peers = [Peer::Axum, Peer::Yawc, Peer::Sockudo];
        let bars = vec![Some((1.0, "one".to_owned())), Some((4.0, "four".to_owned())), None];
        let svg = super::bars("A title", &peers, &[Panel { title: "a panel".to_owned(), bars }]);
        for part in ["A title", "a panel", "axum", "yawc", "width=\"45.0\"", "width=\"180.0\"", ">four<"] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert!(!svg.contains("sockudo"), "who has no value has no row");
    }
}
