//! The paths in a Rust source file that name other modules of its crate.

use std::collections::BTreeSet;

use super::rust::{code_only, is_word, line_of, test_items, without_tests};
use super::tree::File;

/// The names from the root of the crate down.
pub(crate) type Path = Vec<String>;

/// A file as a module of its crate.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a File,
    pub(crate) module: Path,
    /// The paths outside of tests.
    pub(crate) paths: Vec<Reference>,
    /// The modules that are declared under `#[cfg(test)]`.
    pub(crate) test_modules: Vec<Path>,
}

/// A path as written, and the module where it is.
pub(crate) struct Reference {
    scope: Path,
    segments: Path,
    /// For a `use`: the name that it brings into scope.
    name: Option<String>,
    pub(crate) line: usize,
}

impl<'a> Source<'a> {
    /// Reads a file under `src/`, and says to which crate it belongs.
    pub(crate) fn read(file: &'a File) -> Option<(&'a str, Source<'a>)> {
        let (package, path) = file.path.split_once("/src/")?;
        if path.starts_with("bin/") {
            return None;
        }
        let mut module: Path = path.strip_suffix(".rs")?.split('/').map(String::from).collect();
        if module.last().is_some_and(|last| last == "mod") || path == "lib.rs" || path == "main.rs" {
            module.pop();
        }
        let code = code_only(&file.text);
        let test_modules = test_items(&code).into_iter().filter_map(|(start, end)| {
            let words: Vec<&str> = code[start..end].trim_end_matches(';').split_whitespace().collect();
            let declares = words.len() > 1 && words[words.len() - 2] == "mod";
            declares.then(|| [module.as_slice(), &[words[words.len() - 1].to_string()]].concat())
        });
        let test_modules = test_modules.collect();
        let paths = Reader::new(&without_tests(&code), &module).read();
        Some((package, Source { file, module, paths, test_modules }))
    }
}

impl Reference {
    /// The path from the root of the crate, or nothing if it leads out of the crate.
    pub(crate) fn absolute(&self, modules: &BTreeSet<Path>) -> Option<Path> {
        let supers = self.segments.iter().take_while(|segment| *segment == "super").count();
        match self.segments.first()?.as_str() {
            "crate" => Some(self.segments[1..].to_vec()),
            "super" => {
                let above = self.scope.get(..self.scope.len().checked_sub(supers)?)?;
                Some([above, &self.segments[supers..]].concat())
            }
            // `self::super` is as good as `super`, and nobody writes it.
            "self" => Some([&self.scope, &self.segments[1..]].concat()),
            first => {
                let child = [self.scope.as_slice(), &[first.to_string()]].concat();
                modules.contains(&child).then(|| [self.scope.as_slice(), &self.segments].concat())
            }
        }
    }

    /// For a `use`: the path under which others find what it names.
    pub(crate) fn imported(&self) -> Option<Path> {
        self.name.as_ref().map(|name| [self.scope.as_slice(), std::slice::from_ref(name)].concat())
    }
}

struct Reader<'a> {
    code: &'a str,
    /// Words, `::` and single other characters, with their positions.
    tokens: Vec<(usize, &'a str)>,
    at: usize,
    scope: Path,
    found: Vec<Reference>,
}

impl<'a> Reader<'a> {
    fn new(code: &'a str, module: &Path) -> Self {
        Reader { code, tokens: tokens(code), at: 0, scope: module.clone(), found: Vec::new() }
    }

    fn read(mut self) -> Vec<Reference> {
        // The depths of braces at which modules within the file started.
        let (mut depth, mut inline) = (0_usize, Vec::new());
        while self.at < self.tokens.len() {
            match (self.peek(0), self.peek(1)) {
                ("mod", name) if self.peek(2) == "{" => {
                    self.scope.push(name.to_string());
                    inline.push(depth);
                    self.at += 1;
                }
                ("{", _) => depth += 1,
                ("}", _) => {
                    depth = depth.saturating_sub(1);
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        self.scope.pop();
                    }
                }
                // `impl Trait + use<'a>` imports nothing.
                ("use", next) if next != "<" => {
                    self.at += 1;
                    self.read_use(Vec::new());
                }
                ("crate" | "super" | "self", "::") if !self.is_visibility() => self.read_path(),
                _ => {}
            }
            self.at += 1;
        }
        self.found
    }

    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |(_, token)| token)
    }

    /// Whether this is the path in `pub(in path)`.
    fn is_visibility(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).map_or("", |at| self.tokens[at].1);
        before(1) == "in" && before(2) == "("
    }

    fn read_path(&mut self) {
        let start = self.at;
        let mut segments = vec![self.peek(0).to_string()];
        while self.peek(1) == "::" && self.peek(2).bytes().next().is_some_and(is_word) {
            self.at += 2;
            segments.push(self.peek(0).to_string());
        }
        self.push(segments, None, start);
    }

    /// Reads a tree of imports, and stops at its last token.
    fn read_use(&mut self, mut prefix: Path) {
        loop {
            match self.peek(0) {
                "{" => return self.read_group(&prefix),
                "*" => return self.push(prefix, None, self.at),
                // A leading `::` means another crate; no module has an empty name.
                "::" => prefix.push(String::new()),
                word if self.peek(1) == "::" => {
                    prefix.push(word.to_string());
                    self.at += 1;
                }
                word => {
                    let start = self.at;
                    if word != "self" || prefix.is_empty() {
                        prefix.push(word.to_string());
                    }
                    let mut name = prefix.last().cloned();
                    if self.peek(1) == "as" {
                        self.at += 2;
                        name = Some(self.peek(0).to_string());
                    }
                    return self.push(prefix, name, start);
                }
            }
            self.at += 1;
        }
    }

    fn read_group(&mut self, prefix: &Path) {
        self.at += 1;
        while !["}", ""].contains(&self.peek(0)) {
            if self.peek(0) != "," {
                self.read_use(prefix.clone());
            }
            self.at += 1;
        }
    }

    fn push(&mut self, segments: Path, name: Option<String>, token: usize) {
        let position = self.tokens.get(token).map_or(self.code.len(), |(position, _)| *position);
        let line = line_of(self.code, position);
        self.found.push(Reference { scope: self.scope.clone(), segments, name, line });
    }
}

fn tokens(code: &str) -> Vec<(usize, &str)> {
    let bytes = code.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let word = bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
        let length = if bytes[at..].starts_with(b"::") { 2 } else { word.max(1) };
        if !bytes[at].is_ascii_whitespace() {
            tokens.push((at, &code[at..at + length]));
        }
        at += length;
    }
    tokens
}

#[test]
fn every_form_of_path_is_read() {
    let text = "//! A.\nuse crate::b::{self, c::D as E, f::*};\npub use ::g::H;\nmod own {\n    use super::I;\n}\n\
        fn f() -> impl Fn() + use<'a> { super::j::<K>::l(self::M) }\n#[cfg(test)]\nmod tests;\n";
    let file = File { path: "c/src/a.rs".into(), text: text.into() };
    let (package, source) = Source::read(&file).unwrap();
    let read: Vec<String> = source
        .paths
        .iter()
        .map(|path| {
            format!("{} {} {:?} {}", path.scope.join("::"), path.segments.join("::"), path.name, path.line)
        })
        .collect();
    let expected = [
        "a crate::b Some(\"b\") 2",
        "a crate::b::c::D Some(\"E\") 2",
        "a crate::b::f None 2",
        "a ::g::H Some(\"H\") 3",
        "a::own super::I Some(\"I\") 5",
        "a super::j None 7",
        "a self::M None 7",
    ];
    assert_eq!(read, expected);
    assert_eq!((package, source.test_modules), ("c", vec![vec!["a".to_string(), "tests".into()]]));
}
