//! The reference and the example file, written from the registry so that they can't say anything else.

use std::fmt::Write;

use crate::kind::Kind;
use crate::registry::{BUILT_IN, FAMILY, FAMILY_TITLE, GROUPS, Preset, Reader, Row, family};
use crate::retired::RETIRED;

/// Widest line of the example file, in characters.
const WIDTH: usize = 100;

/// Every generated file: its path from the root of the repository, and its text.
pub fn files() -> [(&'static str, String); 2] {
    [("docs/settings.md", render_docs()), (".env.example", render_env_example())]
}

const HEAD: &str = "\
# Settings

<!-- Generated from crates/exai-settings by `cargo xtask generate`. Do not edit. -->

Every setting has a default; a key for one provider is all that has to be written. `exai settings` prints each value that
holds, and where it comes from.

## Where settings are written

1. The process environment. For the shim that is the `env` block of the host's configuration, for a container its
   environment.
2. One env file: the one that `ENV_FILE` names; else, for an `exai daemon` that no shim has started, `.env` in its working
   directory; else `exai/.env` in the user's configuration directory, where it exists.
3. The defaults below.

The first that sets a name wins; an empty value counts as not set. A setting's own name wins over its old names, wherever
they stand, with a warning where they differ.

| | configuration directory | state directory |
|---|---|---|
| Linux | `$XDG_CONFIG_HOME`, else `~/.config` | `$XDG_STATE_HOME`, else `~/.local/state` |
| macOS | `~/Library/Application Support` | `~/Library/Application Support` |
| Windows | `%APPDATA%` | `%LOCALAPPDATA%` |

## How values are written

The same rules hold in the env file and in the environment, since Docker's `env_file` passes quotes and comments on.

- A line of the file is `NAME=value`, with `export` before it if need be. A line that begins with `#` is a comment. The file
  is UTF-8. Of two lines with one name the last wins, with a warning.
- Without quotes a `#` after a blank begins a comment. Blanks around a value don't count.
- In single quotes everything stands for itself; in double quotes `\\\"` and `\\\\` stand for `\"` and `\\`. A value ends with its
  line. Nothing is expanded.
- A duration is `30` or `30s`, `500ms`, `5m`, `2h`, `1.5s`.
- A path is absolute or begins with `~/`: hosts start exai in any directory. Only `ENV_FILE` may be relative, to the working
  directory, for `exai daemon` and the commands that people type.

Every mistake is shown at once, with its file and line, by place. `exai daemon` and the commands then end with exit code 78; the shim goes
on and answers calls with what is wrong.
";

/// docs/settings.md.
pub fn render_docs() -> String {
    let mut text = HEAD.to_owned();
    for group in GROUPS {
        heading(&mut text, group.title, group.about);
        for row in group.rows {
            table_row(&mut text, row, row.name, row.default, row.aliases);
        }
    }
    let about = "Each of `glm`, `kimi` and the names in `EXAI_PROVIDERS` has these, with its name in capitals for `<NAME>`.";
    heading(&mut text, FAMILY_TITLE, about);
    for row in FAMILY {
        table_row(&mut text, row, &format!("<NAME>_{}", row.name), row.default, row.aliases);
    }
    text.push_str(
        "\nWhat is special about the built-in ones:\n\n| name | default | old names |\n|---|---|---|\n",
    );
    for named in BUILT_IN.iter().flat_map(|built_in| family(built_in.name)) {
        if !named.aliases.is_empty() || named.default != named.row.default {
            let _ =
                writeln!(text, "| `{}` | {} | {} |", named.name, preset(named.default), code(named.aliases));
        }
    }
    text.push_str("\n## Retired names\n\nThese were read once, or shipped and never read.\n\n| name | now |\n|---|---|\n");
    for retired in RETIRED {
        let _ = writeln!(text, "| {} | {} |", code(retired.names), cell(retired.instead));
    }
    text
}

fn heading(text: &mut String, title: &str, about: &str) {
    let _ = write!(
        text,
        "\n## {title}\n\n{about}\n\n| name | default | allowed | read by | meaning |\n|---|---|---|---|---|\n"
    );
}

fn table_row<T>(text: &mut String, row: &Row<T>, name: &str, default: Preset, aliases: &[&str]) {
    let old = if aliases.is_empty() { String::new() } else { format!(" Old names: {}.", code(aliases)) };
    let unit = match row.kind {
        Kind::Count { unit, .. } | Kind::Amount { unit, .. } => format!(" ({unit})"),
        _ => String::new(),
    };
    let _ = writeln!(
        text,
        "| `{name}` | {} | {}{unit} | {} | {}{old} |",
        preset(default),
        cell(&row.kind.allowed()),
        readers(row.readers),
        cell(row.doc),
    );
}

fn preset(default: Preset) -> String {
    match default {
        Preset::Value(text) => format!("`{text}`"),
        Preset::Unset(words) => cell(words),
    }
}

fn readers(readers: &[Reader]) -> String {
    readers.iter().map(|reader| reader.word()).collect::<Vec<_>>().join(", ")
}

fn code(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace("<address>", "ADDRESS")
}

const EXAMPLE_HEAD: &str = "\
# Settings of exai with their defaults. Generated by `cargo xtask generate`; docs/settings.md says more.
#
# Copy this file to ~/.config/exai/.env (macOS: ~/Library/Application Support/exai/.env, Windows: %APPDATA%\\exai\\.env) or
# name it in ENV_FILE. Keep it to yourself: chmod 600. One key is all that has to be filled in.
";

/// .env.example. Every line with a value is a comment, so that a copy changes nothing before it is edited.
pub fn render_env_example() -> String {
    let mut text = EXAMPLE_HEAD.to_owned();
    for built_in in BUILT_IN {
        example_title(&mut text, &format!("{FAMILY_TITLE}: {}", built_in.name));
        for named in family(built_in.name) {
            example_row(&mut text, named.row, &named.name, named.default);
        }
    }
    for group in GROUPS {
        example_title(&mut text, group.title);
        // The file can't name itself.
        for row in group.rows.iter().filter(|row| row.name != "ENV_FILE") {
            example_row(&mut text, row, row.name, row.default);
        }
    }
    text
}

fn example_title(text: &mut String, title: &str) {
    let _ = write!(text, "\n# ---- {title} ----\n");
}

fn example_row<T>(text: &mut String, row: &Row<T>, name: &str, default: Preset) {
    let (value, otherwise) = match default {
        Preset::Value(value) => (value, String::new()),
        Preset::Unset(words) => ("", format!(" Not set: {words}.")),
    };
    text.push('\n');
    for line in wrapped(&format!("{} Allowed: {}.{otherwise}", row.doc, row.kind.allowed())) {
        let _ = writeln!(text, "# {line}");
    }
    let _ = writeln!(text, "#{name}={value}");
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests;
