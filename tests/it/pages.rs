//! What README, docs and help say is so, as far as a program can tell: command lines, flags, files, exit codes, variables.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory, Parser};
use messaging::Cli;
use messaging::Exit;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that a user reads, with its path.
fn pages() -> Vec<(String, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let all = docs.chain(top).filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    let pages: Vec<_> = all.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect();
    assert!(pages.len() >= 2, "README and docs");
    pages
}

/// The help of the program and of each command, whole.
fn helps() -> Vec<(String, String)> {
    let mut command = Cli::command();
    command.build();
    let mut helps = vec![("--help".to_owned(), command.render_long_help().to_string())];
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        helps.push((format!("{} --help", sub.get_name()), sub.render_long_help().to_string()));
    }
    helps
}

/// The lines of code blocks of a page that are meant for a shell, also of those that words behind the language keep from being run.
fn shell_lines(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter(|block| block.starts_with("sh\n") || block.starts_with("sh ")).flat_map(str::lines).map(str::trim)
}

/// The arguments of a line that runs the program: without what stands before it, a comment, or a pipe behind it.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let line = line.split(" #").next().unwrap_or_default();
    let line = line.split(['|', '>', '&', ';']).next().unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    let words = match words.as_slice() {
        ["cargo", "run", "--", rest @ ..] => rest,
        ["cargo", "run", "--release", "--", rest @ ..] => rest,
        ["messaging", rest @ ..] => rest,
        _ => return None,
    };
    (!words.is_empty()).then(|| words.to_vec())
}

fn refusal(arguments: &[&str]) -> Option<String> {
    let parsed = Cli::try_parse_from(std::iter::once("messaging").chain(arguments.iter().copied()));
    parsed.err().filter(|error| error.use_stderr()).map(|error| error.to_string())
}

/// A page named flags that a command didn't have.
#[test]
fn every_command_line_of_the_pages_can_be_typed() {
    let mut lines = Vec::new();
    for (page, text) in pages() {
        lines.extend(shell_lines(&text).map(|line| (page.clone(), line.to_owned())));
    }
    for (page, text) in helps() {
        // A usage line has names in angle brackets.
        let of_examples =
            text.lines().map(str::trim).filter(|line| line.starts_with("messaging ") && !line.contains('<'));
        // What a line does stands behind it, after a gap.
        lines.extend(of_examples.map(|line| (page.clone(), line.split("  ").next().unwrap().to_owned())));
    }
    let mut tried = 0;
    for (page, line) in lines {
        let Some(arguments) = arguments(&line) else { continue };
        tried += 1;
        if let Some(why) = refusal(&arguments) {
            panic!("{page}: {line:?}: {why}");
        }
    }
    assert!(tried > 20, "only {tried} lines were found");
}

/// The commands of a command, and theirs.
fn commands(command: &Command) -> Vec<&Command> {
    command.get_subcommands().flat_map(|sub| std::iter::once(sub).chain(commands(sub))).collect()
}

/// The flags of a row of the table of commands, each with the values that it shows.
#[test]
fn every_flag_of_the_table_is_one_with_the_values_shown() {
    let page = fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let mut tried = 0;
    for row in page.lines().filter(|row| row.starts_with("| `")) {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [first, second, ..] = cells.as_slice() else { continue };
        let command = first.trim_matches(['|', ' ', '`']);
        if !Cli::command().get_subcommands().any(|sub| sub.get_name() == command) {
            continue;
        }
        for flag in second.split('`').skip(1).step_by(2).filter(|code| code.starts_with("--")) {
            let (name, values) = flag.split_once(' ').unwrap_or((flag, ""));
            for value in values.split("\\|") {
                let needs: &[&str] = match name {
                    "--parameter" if command == "local" => &["--template", "infra.yaml"],
                    _ => &[],
                };
                let value = if value == "FILE" { "infra.yaml" } else { value };
                let given: Vec<&str> =
                    [command, name].into_iter().chain(Some(value).filter(|it| !it.is_empty())).collect();
                let given: Vec<&str> = given.into_iter().chain(needs.iter().copied()).collect();
                if let Some(why) = refusal(&given) {
                    // A flag that takes a value may be named without one.
                    assert!(value.is_empty() && why.contains("a value is required"), "{given:?}: {why}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 25, "only {tried} flags were found");
}

/// A flag that any page speaks of is a flag of the program, of its tests or benches, or of another program by name.
#[test]
fn every_flag_that_a_page_speaks_of_exists() {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut command = Cli::command();
    command.build();
    for sub in commands(&command) {
        known.extend(sub.get_arguments().filter_map(|argument| argument.get_long()).map(|long| format!("--{long}")));
    }
    let others = [
        "tests/crash/args.rs",
        "tests/crash/scenarios/mod.rs",
        "benches/fanout/args.rs",
        "benches/fanout/main.rs",
        "benches/peers",
    ];
    let others: String = others.iter().filter_map(|path| fs::read_to_string(root().join(path)).ok()).collect();
    for (page, text) in pages() {
        let prose = text.split("```").step_by(2);
        for code in prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)) {
            for word in code.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
                let flag = word.split('=').next().unwrap();
                let of_others = others.contains(flag) || others.contains(&flag[2..].replace('-', "_"));
                // cargo's, curl's and the AWS CLI's own.
                let foreign =
                    ["--path", "--test", "--bench", "--endpoint-url", "--aws-sigv4", "--user"].contains(&flag);
                assert!(known.contains(flag) || of_others || foreign, "{page} speaks of {flag}");
            }
        }
    }
}

/// Links and paths in pages lead to what is there.
#[test]
fn every_file_that_a_page_names_is_there() {
    for (page, text) in pages() {
        let folder = Path::new(&page).parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = folder.join(link.split('#').next().unwrap());
            assert!(path.exists(), "{page} links to {link}");
        }
        let prose = text.split("```").step_by(2);
        for code in prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)) {
            let word = code.split_whitespace().next().unwrap_or_default();
            let ours = ["src/", "tests/", "benches/", "docs/", "images/", "fuzz/", ".ci/"];
            if ours.iter().any(|folder| word.starts_with(folder)) {
                assert!(is_there(word), "{page} names {word}");
            }
        }
    }
}

/// A path, or one with a star for part of the file's name.
fn is_there(path: &str) -> bool {
    let Some((before, after)) = path.split_once('*') else { return root().join(path).exists() };
    let (folder, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let names = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).any(|name| name.starts_with(prefix) && name.ends_with(after))
}

#[test]
fn exit_codes_are_told_alike() {
    let page = fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let told = page.split("\n\n").find(|paragraph| paragraph.starts_with("Exit codes: ")).unwrap();
    let help = Cli::command().render_long_help().to_string();
    let help = help.split("Exit codes:").nth(1).unwrap();
    for exit in [Exit::Ok, Exit::Failed, Exit::Usage, Exit::Lost, Exit::Unreachable, Exit::Interrupted] {
        let number = (exit as i32).to_string();
        let in_page = told.split([' ', '\n']).any(|word| word == number);
        let in_help = help.lines().any(|line| line.trim().starts_with(&format!("{number} ")));
        assert!(in_page && in_help, "{exit:?} is {number}");
    }
}

/// The variables of `.env.example` are read somewhere, and those that flags take stand in it.
#[test]
fn the_example_env_file_names_what_is_read() {
    let example = fs::read_to_string(root().join(".env.example")).unwrap();
    let named: BTreeSet<&str> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    let mut read = String::new();
    for path in ["aws/connect.rs", "aws/flags.rs", "command/publish/mod.rs", "command/consume/mod.rs"] {
        read += &fs::read_to_string(root().join("src").join(path)).unwrap();
    }
    let mut command = Cli::command();
    command.build();
    let mut of_flags = BTreeSet::new();
    for sub in commands(&command) {
        of_flags.extend(sub.get_arguments().filter_map(|it| it.get_env()?.to_str().map(str::to_owned)));
    }
    of_flags.extend(messaging::scenario_settings().into_iter().map(str::to_owned));
    for name in &named {
        // The console crate reads NO_COLOR.
        assert!(of_flags.contains(*name) || read.contains(*name) || *name == "NO_COLOR", "nobody reads {name}");
    }
    for name in &of_flags {
        assert!(named.contains(name.as_str()), ".env.example doesn't tell of {name}");
    }
}
