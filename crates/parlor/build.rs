//! Gets the page's files ready to be embedded: under an address that changes with them, small and compressed.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

#[path = "src/gzip.rs"]
mod gzip;
#[path = "src/joined.rs"]
mod joined;
#[path = "src/slim.rs"]
mod slim;

use gzip::gzip;
use joined::{Joined, joined, needed};
use slim::slim;

/// Where the files are, from this crate.
const FOLDER: &str = "../../web";
/// The type checker's own file.
const NOT_SERVED: &str = "jsconfig.json";
/// Keeps the page's files in the browser; it has an address of its own, since it may serve only what lies below it.
const WORKER: &str = "service-worker.js";
/// The page itself.
const PAGE: &str = "index.html";
/// The module that the page begins with, and needs most of the others.
const FIRST: &str = "main.js";
/// Files that name others by their whole address, which begins so in the source.
const NAMING: [&str; 2] = [PAGE, "manifest.json"];
const ROOT: &str = "/web/";
/// What is compressed already.
const DENSE: [&str; 1] = [".png"];
/// Of zlib: the smallest, however long it takes.
const LEVEL: i32 = 9;

fn main() {
    println!("cargo::rerun-if-changed={FOLDER}");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo says where to write"));
    let mut files = BTreeMap::new();
    collect(Path::new(FOLDER), "", &mut files);
    files.remove(NOT_SERVED);
    let inline = put_into_page(&mut files);
    for (_, content) in files.iter_mut().filter(|(name, _)| has_ending(name, &[".js"])) {
        *content = slim(text(content)).into_bytes();
    }
    let stand_ins = join_modules(&mut files);
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    let version = format!("{:016x}", hasher.finish());
    let is_kept = |name: &&String| *name != WORKER && !stand_ins.contains(*name);
    let names: Vec<String> = files.keys().filter(is_kept).cloned().collect();
    let mut table = String::new();
    for (name, content) in &mut files {
        if NAMING.contains(&name.as_str()) {
            *content =
                text(content).replace(&format!("\"{ROOT}"), &format!("\"{ROOT}{version}/")).into_bytes();
        }
        if name == WORKER {
            content.splice(..0, told_to_the_worker(&version, &names).into_bytes());
        }
        let plain = write(&out, name, content);
        let gzip = if has_ending(name, &DENSE) {
            "None".to_owned()
        } else {
            let compressed =
                write(&out, &format!("{name}.gz"), &gzip(content, LEVEL).expect("there is enough room"));
            format!("Some(include_bytes!({compressed:?}))")
        };
        writeln!(table, "File {{ name: {name:?}, plain: include_bytes!({plain:?}), gzip: {gzip} }},")
            .expect("memory can be written");
    }
    let table = format!(
        "const VERSION: &str = {version:?};\nconst INLINE: [(&str, &str); 2] = {inline:?};\n\
         const FILES: &[File] = &[\n{table}];\n"
    );
    fs::write(out.join("web.rs"), table).expect("Cargo's folder can be written");
}

/// All files of a folder and of the folders in it, by their names from the first one.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("the folder of the page can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("files have names in UTF-8");
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files);
        } else {
            let content = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.insert(format!("{prefix}{name}"), content);
        }
    }
}

/// What the page names that has to be there before anything is drawn becomes a part of it: all stylesheets, in their
/// order, and the first script. The policy of the site lets these texts through, and no others, so they are handed back,
/// each with the kind of its element.
fn put_into_page(files: &mut BTreeMap<String, Vec<u8>>) -> [(&'static str, String); 2] {
    let page = text(&files[PAGE]).to_owned();
    let mut take = |line: &str, before: &str, after: &str| {
        let name = line.trim().strip_prefix(before)?.strip_suffix(after)?;
        let content = files.remove(name).unwrap_or_else(|| panic!("the page names {name}"));
        Some(slim(text(&content)))
    };
    let (mut style, mut script) = (String::new(), String::new());
    let mut rest = String::with_capacity(page.len());
    for line in page.lines() {
        if let Some(sheet) = take(line, "<link rel=\"stylesheet\" href=\"/web/", "\">") {
            style += &sheet;
        } else if let Some(first) = take(line, "<script src=\"/web/", "\"></script>") {
            script += &first;
        } else {
            rest.extend([line, "\n"]);
        }
    }
    let left: Vec<_> = files.keys().filter(|name| has_ending(name, &[".css"])).collect();
    assert!(left.is_empty(), "the page does not name {left:?}");
    assert!(!style.contains("</") && !script.contains("</"), "the element would end there");
    let elements = format!("  <script>{script}</script>\n  <style>{style}</style>\n</head>");
    files.insert(PAGE.to_owned(), rest.replacen("</head>", &elements, 1).into_bytes());
    [("script", script), ("style", style)]
}

/// One module in place of those that the page begins with. Each of them still has its own address, and these are
/// handed back but for those that other modules ask for: they are for who looks into the page as it runs.
fn join_modules(files: &mut BTreeMap<String, Vec<u8>>) -> BTreeSet<String> {
    let modules = files.iter().filter(|(name, _)| has_ending(name, &[".js"]));
    let modules: BTreeMap<_, _> =
        modules.map(|(name, content)| (name.clone(), text(content).to_owned())).collect();
    let Joined { first, others } = joined(FIRST, &modules);
    let is_late = |name: &&String| *name != FIRST && !others.contains_key(*name);
    let late = modules.keys().filter(is_late);
    let asked: BTreeSet<_> = late.flat_map(|name| needed(name, &modules[name])).collect();
    let stand_ins = others.keys().filter(|name| !asked.contains(*name)).cloned().collect();
    files.insert(FIRST.to_owned(), first.into_bytes());
    files.extend(others.into_iter().map(|(name, text)| (name, text.into_bytes())));
    stand_ins
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

fn text(content: &[u8]) -> &str {
    std::str::from_utf8(content).expect("the page is UTF-8")
}

/// What the service worker begins with: what it keeps, and a version that changes when any file does. The browser
/// compares it octet by octet, and so learns of a new page.
fn told_to_the_worker(version: &str, names: &[String]) -> String {
    let files: Vec<_> = names.iter().map(|name| format!("'{ROOT}{version}/{name}'")).collect();
    format!("self.VERSION = '{version}';\nself.FILES = [{}];\n", files.join(", "))
}

/// Writes what is embedded, and says where.
fn write(out: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = out.join("web").join(name);
    let folder = path.parent().expect("it lies in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, content))
        .expect("Cargo's folder can be written");
    path
}
