//! Gets the page's files ready to be embedded: under an address that changes with them, and compressed.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

#[path = "src/gzip.rs"]
mod gzip;

use gzip::gzip;

/// Where the files are, from this crate.
const FOLDER: &str = "../../web";
/// The type checker's own file.
const NOT_SERVED: &str = "jsconfig.json";
/// Keeps the page's files in the browser; it has an address of its own, since it may serve only what lies below it.
const WORKER: &str = "service-worker.js";
/// Files that name others by their whole address, which begins so in the source.
const NAMING: [&str; 2] = ["index.html", "manifest.json"];
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
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    let version = format!("{:016x}", hasher.finish());
    let names: Vec<String> = files.keys().filter(|name| *name != WORKER).cloned().collect();
    let mut table = String::new();
    for (name, content) in &mut files {
        if NAMING.contains(&name.as_str()) {
            let text = std::str::from_utf8(content).expect("the page is UTF-8");
            *content = text.replace(&format!("\"{ROOT}"), &format!("\"{ROOT}{version}/")).into_bytes();
        }
        if name == WORKER {
            content.splice(..0, told_to_the_worker(&version, &names).into_bytes());
        }
        let plain = write(&out, name, content);
        let is_dense = DENSE.iter().any(|ending| name.ends_with(ending));
        let gzip = if is_dense {
            "None".to_owned()
        } else {
            let compressed =
                write(&out, &format!("{name}.gz"), &gzip(content, LEVEL).expect("there is enough room"));
            format!("Some(include_bytes!({compressed:?}))")
        };
        writeln!(table, "File {{ name: {name:?}, plain: include_bytes!({plain:?}), gzip: {gzip} }},")
            .expect("memory can be written");
    }
    let table = format!("const VERSION: &str = {version:?};\nconst FILES: &[File] = &[\n{table}];\n");
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
