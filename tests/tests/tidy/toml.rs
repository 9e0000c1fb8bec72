//! Just enough understanding of TOML: which key has which value in which table, at which line.

/// One `key = value`, with the table that it stands in.
pub(crate) struct Entry {
    /// The name between `[` and `]`, or between `[[` and `]]`.
    pub(crate) table: String,
    pub(crate) key: String,
    /// As written, quotes and brackets included; an array over several lines is one value.
    pub(crate) value: String,
    pub(crate) line: usize,
}

impl Entry {
    /// The value without the quotes of a string.
    pub(crate) fn string(&self) -> &str {
        self.value.trim_matches('"')
    }
}

/// All entries in their order.
pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut table = String::new();
    let mut open = 0;
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if open > 0 {
            let entry = entries.last_mut().expect("an open value belongs to an entry");
            entry.value.push(' ');
            entry.value.push_str(line);
            open += balance(line);
        } else if line.starts_with('[') {
            table = line.trim_matches(['[', ']', ' ']).to_string();
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim().replace('"', ""), value.trim().to_string());
            open = balance(&value);
            entries.push(Entry { table: table.clone(), key, value, line: index + 1 });
        }
    }
    entries
}

/// The strings that follow `key =` within a value, such as the `crate` of each `{ crate = "…" }`.
pub(crate) fn strings_of<'a>(value: &'a str, key: &str) -> Vec<&'a str> {
    let mut strings = Vec::new();
    for (at, _) in value.match_indices(key) {
        let is_whole = !value[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
        let rest = value[at + key.len()..].trim_start().strip_prefix('=').map(str::trim_start);
        let quoted = rest.and_then(|rest| rest.strip_prefix('"')).and_then(|rest| rest.split_once('"'));
        strings.extend(quoted.filter(|_| is_whole).map(|(string, _)| string));
    }
    strings
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

/// How many brackets more are opened than closed, outside of strings.
fn balance(text: &str) -> i32 {
    let outside = text.split('"').step_by(2).flat_map(str::chars);
    outside.map(|c| i32::from("[{".contains(c)) - i32::from("]}".contains(c))).sum()
}

#[test]
fn entries_are_read_with_their_table() {
    let text = "a = 1 # b = 2\n[c.d]\n\"e\".f = \"#\"\ng = [\n  { h = \"i\" }, # j\n]\n[[k]]\nl = {}\n";
    let read: Vec<String> =
        entries(text).iter().map(|e| format!("{} {} {} {}", e.table, e.key, e.value, e.line)).collect();
    assert_eq!(read, [" a 1 1", "c.d e.f \"#\" 3", "c.d g [ { h = \"i\" }, ] 4", "k l {} 8"]);
}

#[test]
fn strings_are_found_by_their_key() {
    assert_eq!(strings_of("[{ crate = \"a\", my-crate = \"b\" }, { crate=\"c\" }]", "crate"), ["a", "c"]);
}
