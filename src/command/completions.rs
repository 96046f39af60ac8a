//! `messaging completions`: a completion script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::exit::{Exit, Failure};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  messaging completions bash > ~/.local/share/bash-completion/completions/messaging
  messaging completions zsh > \"${fpath[1]}/_messaging\"
  messaging completions fish > ~/.config/fish/completions/messaging.fish")]
pub(crate) struct Args {
    /// The shell.
    pub shell: Shell,
}

/// `C` is the whole command line: it lies above this module.
pub(crate) fn run<C: CommandFactory>(args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut C::command(), "messaging", &mut script);
    crate::ui::write_stdout(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Ok)
}
