//! `messaging man`: the manual's pages.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::exit::{Exit, Failure};

/// Print a page of the manual, or write all of them into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  messaging man | man -l -
  messaging man simulate | man -l -
  messaging man serve tasks | man -l -
  messaging man --dir ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// The command whose page is meant; without one the program's own.
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write all pages into this folder, which is made if it isn't there.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

/// `C` is the whole command line: it lies above this module.
pub(crate) fn run<C: CommandFactory>(args: &Args) -> Result<Exit, Failure> {
    let pages = pages(C::command());
    if let Some(dir) = &args.dir {
        write(dir, pages)?;
        return Ok(Exit::Ok);
    }
    let wanted = std::iter::once(NAME).chain(args.command.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    let known = pages.iter().filter_map(|(name, _)| name.strip_prefix("messaging-")).collect::<Vec<_>>().join(", ");
    let Some((name, page)) = pages.into_iter().find(|(name, _)| *name == wanted) else {
        let command = args.command.join(" ");
        return Err(Failure::usage(format!("There is no command {command:?}")).help(format!("Name one of {known}.")));
    };
    crate::ui::write_stdout(String::from_utf8_lossy(&roff(&name, page)?).trim_end());
    Ok(Exit::Ok)
}

/// The program's name, and that of its page.
const NAME: &str = "messaging";

/// The program and its commands, each with the name of its page, as `messaging-simulate` or `messaging-serve-tasks`.
fn pages(mut program: Command) -> Vec<(String, Command)> {
    program.build();
    let mut pages = vec![(NAME.to_owned(), program.clone())];
    add_commands(&mut pages, NAME, &program);
    pages
}

/// Adds the commands of a command, and theirs.
fn add_commands(pages: &mut Vec<(String, Command)>, above: &str, command: &Command) {
    for command in command.get_subcommands().filter(|it| it.get_name() != "help" && !it.is_hide_set()) {
        let name = format!("{above}-{}", command.get_name());
        let page = command.clone().display_name(name.clone()).version(env!("MESSAGING_VERSION"));
        pages.push((name.clone(), page));
        add_commands(pages, &name, command);
    }
}

fn roff(name: &str, page: Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let rendered = Man::new(page).render(&mut text);
    rendered.map_err(|error| Failure::new(format!("Can't write the page {name}")).why(error))?;
    Ok(text)
}

fn write(dir: &Path, pages: Vec<(String, Command)>) -> Result<(), Failure> {
    let cant = |path: &Path, error: std::io::Error| Failure::new(format!("Can't write {}", path.display())).why(error);
    std::fs::create_dir_all(dir).map_err(|error| cant(dir, error))?;
    for (name, page) in pages {
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, roff(&name, page)?).map_err(|error| cant(&path, error))?;
    }
    Ok(())
}
