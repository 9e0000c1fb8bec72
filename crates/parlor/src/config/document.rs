//! The reference in docs/configuration.md, made from the settings.

use super::providers::{self, FIELDS, Field};
use super::setting::sections;

const BEGIN: &str = "<!-- settings:begin -->\n";
const END: &str = "<!-- settings:end -->\n";
const COMMAND: &str = "UPDATE=1 cargo test -p parlor the_reference";

fn reference() -> String {
    let mut text = format!("<!-- Made from the source by `{COMMAND}`. -->\n");
    for section in sections() {
        text += &format!("\n### `[{}]`\n\n{}\n", section.name, sentence(&section.about));
        text += "\n| Setting | Unit | Default | What it is |\n| --- | --- | --- | --- |\n";
        for setting in section.settings {
            let default = setting.as_toml(&setting.defaults());
            let (name, unit, help) = (&setting.name, setting.value_name().to_lowercase(), setting.help());
            text += &format!("| `{name}` | {unit} | `{default}` | {} |\n", help.replace('|', "\\|"));
        }
    }
    text += &format!("\n### `[[{}]]`\n\n{}\n", providers::NAME, providers::ABOUT);
    text += "\n```toml\n[[provider]]\n";
    let needed = |field: &&Field| !["client-secret", "ca"].contains(&field.name);
    for field in FIELDS.iter().filter(needed) {
        text += &format!("{} = \"{}\"\n", field.name, field.example);
    }
    text += "```\n\n| Line | What it is |\n| --- | --- |\n";
    for field in FIELDS {
        text += &format!("| `{}` | {} |\n", field.name, field.help);
    }
    text + "\n"
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

#[test]
fn the_reference_says_what_the_settings_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let before = std::fs::read_to_string(path).unwrap();
    let (head, rest) = before.split_once(BEGIN).expect("the mark of the beginning");
    let (_, tail) = rest.split_once(END).expect("the mark of the end");
    let after = format!("{head}{BEGIN}{}{END}{tail}", reference());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &after).unwrap();
    } else {
        assert!(before == after, "docs/configuration.md is out of date: run `{COMMAND}`");
    }
}
