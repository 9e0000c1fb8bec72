//! A configuration file to begin with: everything that can be set, explained, with its default.

use super::providers;
use super::setting::sections;

/// Characters of a line.
const WIDTH: usize = 100;

/// The whole file. Every setting is commented out, so that as it is it changes nothing.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# What Parlor can be told. Every line that sets something is commented out and shows the default.\n\
         # The same names work as flags (--max-text) and in the environment (PARLOR_MAX_TEXT); a flag goes\n\
         # before the environment, and that before this file.\n",
    );
    for section in sections() {
        text += &format!("\n[{}]\n{}", section.name, comment(&section.about));
        for setting in section.settings {
            text += &format!("\n{}", comment(&setting.help()));
            text += &format!("#{} = {}\n", setting.name, setting.as_toml(&setting.defaults()));
        }
    }
    text += &format!("\n{}# [[{}]]\n", comment(providers::ABOUT), providers::NAME);
    for field in providers::FIELDS {
        text += &comment(field.help);
        text += &format!("# {} = \"{}\"\n", field.name, field.example);
    }
    text
}

/// A text as lines of comment.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &line;
            lines.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}
