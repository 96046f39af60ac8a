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
  messaging man --dir ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// The command whose page is meant; without one the program's own.
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
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
    let wanted = args.command.as_ref().map_or_else(|| NAME.to_owned(), |command| format!("{NAME}-{command}"));
    let known = pages.iter().filter_map(|(name, _)| name.strip_prefix("messaging-")).collect::<Vec<_>>().join(", ");
    let Some((name, page)) = pages.into_iter().find(|(name, _)| *name == wanted) else {
        let command = args.command.as_deref().unwrap_or_default();
        return Err(Failure::usage(format!("There is no command {command:?}")).help(format!("Name one of {known}.")));
    };
    crate::ui::write_stdout(String::from_utf8_lossy(&roff(&name, page)?).trim_end());
    Ok(Exit::Ok)
}

/// The program's name, and that of its page.
const NAME: &str = "messaging";

/// The program and its commands, each with the name of its page, as `messaging-simulate`.
fn pages(mut program: Command) -> Vec<(String, Command)> {
    program.build();
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set());
    let commands = commands.map(|command| {
        let name = format!("{NAME}-{}", command.get_name());
        (name.clone(), command.clone().display_name(name).version(env!("MESSAGING_VERSION")))
    });
    let mut pages: Vec<_> = commands.collect();
    pages.insert(0, (NAME.to_owned(), program));
    pages
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
