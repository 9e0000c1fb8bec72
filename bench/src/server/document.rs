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
        let docs = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
        let path = docs.join("performance.md");
        let text = fs::read_to_string(&path)?;
        let text = replace(&text, self.name, &self.markdown)
            .ok_or_else(|| io::Error::other(format!("{} has no marks for {}", path.display(), self.name)))?;
        fs::write(path, text)?;
        fs::create_dir_all(docs.join("performance"))?;
        for (name, svg) in &self.plots {
            fs::write(docs.join("performance").join(name).with_extension("svg"), svg)?;
        }
        Ok(())
    }
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
