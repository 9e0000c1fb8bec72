//! The page's modules in one file, so that one request brings all of them: a phone waits for a request as long as for
//! thirty thousand octets.
//!
//! Each module becomes a function that is called once and hands back what the module exports. Under its own address each
//! has a few lines that hand out the same, for modules that are fetched later.

use std::collections::{BTreeMap, BTreeSet};

/// What goes before a name that a module exports.
const KINDS: [&str; 4] = ["const ", "function ", "async function ", "class "];

/// All modules that one needs, in one.
pub(crate) struct Joined {
    /// What stands in the place of the one that needs them.
    pub(crate) first: String,
    /// What stands in the place of each of the others, by its name.
    pub(crate) others: BTreeMap<String, String>,
}

/// Joins a module, which lies in the folder that all of them are in, with those that it needs.
///
/// # Panics
///
/// With a sentence for whoever builds, if a module has something in it that would mean something else here.
pub(crate) fn joined(first: &str, sources: &BTreeMap<String, String>) -> Joined {
    let mut joiner = Joiner { sources, text: String::new(), done: BTreeMap::new(), open: BTreeSet::new() };
    joiner.open.insert(first.to_owned());
    let main = joiner.module(first);
    assert!(main.exports.is_empty(), "{first} exports something, and nobody could have it");
    let names: Vec<_> = joiner.done.keys().map(|name| variable(name)).collect();
    let text = format!("{}{}export {{ {} }};\n", joiner.text, main.body, names.join(", "));
    let stand_in = |name: &String, exports: &Vec<String>| {
        let (up, variable) = ("../".repeat(name.matches('/').count()), variable(name));
        let up = if up.is_empty() { "./" } else { &up };
        let exports = exports.join(", ");
        format!("import {{ {variable} }} from '{up}{first}';\nexport const {{ {exports} }} = {variable};\n")
    };
    let others = joiner.done.iter().map(|(name, exports)| (name.clone(), stand_in(name, exports))).collect();
    Joined { first: text, others }
}

/// The modules that a source needs before it can begin.
pub(crate) fn needed(name: &str, source: &str) -> Vec<String> {
    statements(source).iter().filter_map(|line| Some(at(name, import(name, line)?.1))).collect()
}

struct Joiner<'a> {
    sources: &'a BTreeMap<String, String>,
    text: String,
    /// What each module exports that stands in the text.
    done: BTreeMap<String, Vec<String>>,
    /// Modules on the way to the one that is being looked at.
    open: BTreeSet<String>,
}

struct Module {
    body: String,
    exports: Vec<String>,
}

impl Joiner<'_> {
    fn add(&mut self, name: &str) {
        if self.done.contains_key(name) {
            return;
        }
        assert!(self.open.insert(name.to_owned()), "{name} needs itself, by way of others");
        let Module { body, exports } = self.module(name);
        self.open.remove(name);
        let variable = variable(name);
        let handed = exports.join(", ");
        self.text +=
            &format!("// {name}\nconst {variable} = (() => {{\n{body}return {{ {handed} }};\n}})();\n");
        self.done.insert(name.to_owned(), exports);
    }

    fn module(&mut self, name: &str) -> Module {
        let source = self.sources.get(name).unwrap_or_else(|| panic!("there is no {name}"));
        let is_deep = name.contains('/');
        let mut module = Module { body: String::new(), exports: Vec::new() };
        for line in statements(source) {
            if let Some((names, from)) = import(name, &line) {
                let from = at(name, from);
                self.add(&from);
                let names = names.replace(" as ", ": ");
                module.body += &format!("const {{{names}}} = {};", variable(&from));
                // The names are those of the source's lines.
                module.body.push_str(&"\n".repeat(line.matches('\n').count()));
            } else if let Some(rest) = line.strip_prefix("export ") {
                module.exports.push(exported(name, rest));
                module.body += rest;
            } else {
                // Addresses that are told from the module's own would be told from another.
                let is_told = line.contains("import(") || line.contains("import.meta");
                assert!(!(is_deep && is_told), "{name}: only modules of the first folder may have: {line}");
                module.body += &line;
            }
            module.body.push('\n');
        }
        module
    }
}

/// The lines of a source, those of one import together.
fn statements(source: &str) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in source.lines() {
        match statements.last_mut().filter(|_| is_open) {
            Some(last) => {
                last.push('\n');
                last.push_str(line);
            }
            None => statements.push(line.to_owned()),
        }
        let is_import = is_open || line.starts_with("import ");
        is_open = is_import && !line.ends_with(';');
    }
    statements
}

/// The names that a statement imports, and from where, if it does that.
fn import<'a>(name: &str, statement: &'a str) -> Option<(&'a str, &'a str)> {
    let rest = statement.strip_prefix("import ")?;
    let parts = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix("';")?.split_once("} from '"));
    Some(parts.unwrap_or_else(|| panic!("{name}: names in braces can be imported, but not: {statement}")))
}

/// The name of what is exported.
fn exported(module: &str, declaration: &str) -> String {
    let name = KINDS.iter().find_map(|kind| declaration.strip_prefix(kind));
    let name = name.unwrap_or_else(|| panic!("{module}: can be exported by name, but not: {declaration}"));
    let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
    let name = &name[..end.unwrap_or(name.len())];
    assert!(!name.is_empty(), "{module}: can be exported by name, but not: {declaration}");
    name.to_owned()
}

/// The module that another one names.
fn at(from: &str, path: &str) -> String {
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => assert!(parts.pop().is_some(), "{from} names {path}, outside of the folder"),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn variable(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    format!("${}", name.trim_end_matches(".js").chars().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn modules_stand_behind_those_that_they_need() {
        let sources = sources(&[
            (
                "main.js",
                "import { a } from './a.js';\nimport {\nb,\nc as d,\n} from './in/b.js';\na(b, d);\n",
            ),
            ("a.js", "import { b } from './in/b.js';\nexport function a() { return b; }\n"),
            ("in/b.js", "import { e } from '../e.js';\nexport const b = e;\nexport class c {}\n"),
            ("e.js", "const hidden = 1;\nexport async function e() { return hidden; }\n"),
            ("late.js", "import { e } from './e.js';\n"),
        ]);
        let Joined { first, others } = joined("main.js", &sources);
        let wanted = "// e.js\nconst $e = (() => {\nconst hidden = 1;\nasync function e() { return hidden; }\n\
             return { e };\n})();\n\
             // in/b.js\nconst $in_b = (() => {\nconst { e } = $e;\nconst b = e;\nclass c {}\nreturn { b, c };\n})();\n\
             // a.js\nconst $a = (() => {\nconst { b } = $in_b;\nfunction a() { return b; }\nreturn { a };\n})();\n\
             const { a } = $a;\nconst {\nb,\nc: d,\n} = $in_b;\n\n\n\na(b, d);\nexport { $a, $e, $in_b };\n";
        assert_eq!(first, wanted);
        assert_eq!(others.keys().collect::<Vec<_>>(), ["a.js", "e.js", "in/b.js"]);
        assert_eq!(
            others["in/b.js"],
            "import { $in_b } from '../main.js';\nexport const { b, c } = $in_b;\n"
        );
        assert_eq!(others["e.js"], "import { $e } from './main.js';\nexport const { e } = $e;\n");
        assert_eq!(needed("in/b.js", &sources["in/b.js"]), ["e.js"]);
    }

    #[test]
    fn what_would_mean_something_else_is_refused() {
        for (file, text, words) in [
            ("a.js", "import a from './b.js';\n", "names in braces"),
            ("a.js", "import './b.js';\n", "names in braces"),
            ("a.js", "import { b } from './b.js';\nexport { b };\n", "exported by name"),
            ("a.js", "export let b = 1;\n", "exported by name"),
            ("a.js", "export default 1;\n", "exported by name"),
            ("a.js", "import { a } from './a.js';\n", "needs itself"),
            ("a.js", "import { a } from './main.js';\n", "needs itself"),
            ("a.js", "import { c } from './c.js';\n", "there is no c.js"),
            ("a.js", "import { c } from '../c.js';\n", "outside"),
            ("in/a.js", "const a = import.meta.url;\n", "first folder"),
            ("in/a.js", "const a = await import('./b.js');\n", "first folder"),
        ] {
            let main = format!("import {{ a }} from './{file}';\n");
            let sources = sources(&[("main.js", &main), (file, text), ("b.js", "export const b = 1;\n")]);
            let refused = std::panic::catch_unwind(|| joined("main.js", &sources)).err();
            let said = refused.and_then(|said| said.downcast::<String>().ok()).unwrap_or_default();
            assert!(said.contains(words), "{text}: {said}");
        }
    }
}
