//! Tools that are no packages of the system: `./test install` puts them outside the clone.

use std::path::{Path, PathBuf};

/// Where one of them is.
///
/// # Panics
///
/// When it is not installed.
pub fn tool(path: &str) -> PathBuf {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    let cache = || folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    let tools = folder("PARLOR_TOOLS").or_else(|| cache().map(|cache| cache.join("parlor-tools")));
    let tool = tools.as_deref().unwrap_or(Path::new("")).join(path);
    assert!(tool.exists(), "{} is not there; run ./test install", tool.display());
    tool
}
