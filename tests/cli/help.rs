//! `--help` and the README agree with each other and with what the program does.

use std::collections::BTreeSet;

use crate::world::World;

const README: &str = include_str!("../../README.md");

const COMMANDS: [&str; 13] = [
    "tracker",
    "seed",
    "share",
    "get",
    "node",
    "create",
    "show",
    "verify",
    "ls",
    "peers",
    "demo",
    "bench",
    "completions",
];

#[test]
fn every_command_is_in_the_help_and_in_the_readme() {
    let world = World::new();
    let help = world.expect(0, &["--help"]).stdout;
    for command in COMMANDS {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in --help"
        );
        assert!(README.contains(&format!("samara {command}")), "{command} is not in the README");
        assert!(world.expect(0, &[command, "--help"]).stdout.contains("Usage: samara"));
    }
    assert!(world.expect(0, &["--version"]).stdout.starts_with("samara "));
}

#[test]
fn every_option_in_the_readme_exists() {
    let world = World::new();
    let help =
        COMMANDS.iter().map(|command| world.expect(0, &[command, "--help"]).stdout).collect::<String>();
    let known = options(&help);
    for option in options(README).difference(&options("--release --workspace --git --locked --path --bench"))
    {
        assert!(known.contains(option), "{option} is in the README only");
    }
    assert!(known.contains("--seed-for") && known.contains("--trust-advertised"));
}

#[test]
fn every_option_has_its_environment_variable_in_the_help() {
    let world = World::new();
    for command in COMMANDS {
        let help = world.expect(0, &[command, "--help"]).stdout;
        for option in
            options(&help).iter().filter(|option| !["--help", "--version"].contains(&option.as_str()))
        {
            let variable =
                format!("SAMARA_{}", option.trim_start_matches('-').to_uppercase().replace('-', "_"));
            assert!(help.contains(&variable), "{variable} is not in samara {command} --help");
        }
    }
}

#[test]
fn the_readme_s_exit_codes_are_those_of_the_help() {
    let help = World::new().expect(0, &["--help"]).stdout;
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "130"] {
        assert!(README.contains(&format!("| {code}")), "code {code} is not in the README's table");
        assert!(help.contains(code));
    }
}

/// Every word that starts with two dashes and a letter.
fn options(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .filter(|word| word.starts_with("--") && word.len() > 3 && !word.ends_with('-'))
        .map(str::to_owned)
        .collect()
}
