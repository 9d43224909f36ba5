//! The README's settings are those of `--help`.

use afterclick::config::Settings;
use clap::{Args, Command};
use std::fmt::Write;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_lists_every_setting_as_help_does() {
    let (_, rest) = README.split_once("<!-- settings:begin -->\n").unwrap();
    let (listed, _) = rest.split_once("<!-- settings:end -->").unwrap();

    let table = table();

    assert!(listed == table, "write this between the settings marks of README.md:\n{table}");
}

/// A row a setting: flag and variable, default, help.
fn table() -> String {
    let mut table = "| flag, variable | default | |\n|---|---|---|\n".to_owned();
    for argument in Settings::augment_args(Command::new("afterclick")).get_arguments() {
        let flag = argument.get_long().unwrap();
        let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = value.map(|names| format!(" {}", names.concat())).unwrap_or_default();
        let variable = argument.get_env().unwrap().to_string_lossy();
        let help = argument.get_help().unwrap().to_string().replace('|', "\\|");
        let (help, said) = match help.split_once(" [default: ") {
            Some((help, default)) => {
                (help.to_owned(), Some(default.trim_end_matches(']').to_owned()))
            }
            None => (help, None),
        };
        let default: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        let default = said.unwrap_or_else(|| default.join(" "));
        writeln!(table, "| `--{flag}{value}` `{variable}` | {default} | {help} |").unwrap();
    }
    table
}
