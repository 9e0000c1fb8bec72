//! What a command found, for the reader's screen and for docs/performance.md.

use std::fs;
use std::io;
use std::path::PathBuf;

/// The outcome of one command.
pub struct Report {
    /// The command's name, which is also that of its part of the document.
    pub name: &'static str,
    pub markdown: String,
    /// Names of plots, without ending, and the plots.
    pub plots: Vec<(String, String)>,
    /// What must not happen, whatever the figures are: a loss, a wrong order, a server that does not start.
    pub failures: Vec<String>,
}

impl Report {
    /// Puts tables and plots where the document has its place for them.
    pub fn write(&self) -> io::Result<()> {
        write(self.name, &self.markdown)?;
        let plots = docs().join("performance");
        fs::create_dir_all(&plots)?;
        for (name, svg) in &self.plots {
            fs::write(plots.join(name).with_extension("svg"), svg)?;
        }
        Ok(())
    }
}

fn docs() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))
}

/// Puts what was found where docs/performance.md has its place for what is named so.
pub fn write(name: &str, markdown: &str) -> io::Result<()> {
    let path = docs().join("performance.md");
    let text = fs::read_to_string(&path)?;
    let text = replace(&text, name, markdown)
        .ok_or_else(|| io::Error::other(format!("{} has no marks for {name}", path.display())))?;
    fs::write(path, text)
}

/// The text with everything between the two marks of this name exchanged.
fn replace(text: &str, name: &str, new: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->\n"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{new}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_exchanged() {
        let text = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        assert_eq!(replace(text, "x", "new").unwrap(), "a\n<!-- x:begin -->\n\nnew\n<!-- x:end -->\nb\n");
        assert_eq!(replace(text, "y", "new"), None);
    }
}
