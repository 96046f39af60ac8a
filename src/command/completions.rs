//! `messaging completions`: a completion script for a shell, and the names that it asks for.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Context, names};
use crate::exit::{Exit, Failure};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Print a completion script for a shell.\n\n\
        In bash, zsh and fish it completes commands and flags, and the names of queues, topics, streams, buckets and stacks of the \
        cloud that runs: where nothing runs there are none. Other shells complete commands and flags.",
    after_help = "Examples:
  messaging completions bash > ~/.local/share/bash-completion/completions/messaging
  messaging completions zsh > \"${fpath[1]}/_messaging\"
  messaging completions fish > ~/.config/fish/completions/messaging.fish"
)]
pub(crate) struct Args {
    /// The shell.
    #[arg(required_unless_present = "names")]
    shell: Option<Shell>,
    /// For the scripts: the names that fit behind these words, the last of which is being typed; one a line.
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true, value_name = "WORD", conflicts_with = "shell")]
    names: Option<Vec<String>>,
}

/// Behind the script for bash: a name where one is wanted, else what the script knows.
const BASH: &str = r#"
_messaging_names() {
    local IFS=$'\n'
    local words=("${COMP_WORDS[@]:1:COMP_CWORD}") names
    names=$(command "${COMP_WORDS[0]}" completions --names "${words[@]}" 2>/dev/null)
    if [[ -n $names ]]; then
        COMPREPLY=($names)
    else
        unset IFS
        _messaging "$@"
    fi
}
complete -F _messaging_names -o nosort -o bashdefault -o default messaging
"#;

/// Behind the script for zsh, which may be loaded by `source` or by its file's name as a function.
const ZSH: &str = r#"
_messaging_names() {
    local -a names
    names=("${(@f)$(command "${words[1]}" completions --names "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n ${names[1]} ]]; then
        compadd -- "${names[@]}"
    else
        _messaging "$@"
    fi
}
compdef _messaging_names messaging
"#;

/// Behind the script for fish: the words before the cursor, without the program's own name, and the one at it. Where names are wanted no
/// file is offered.
const FISH: &str = r#"
function __messaging_names
    set -l words (commandline -opc)
    set -g __messaging_found (command $words[1] completions --names $words[2..] (commandline -ct) 2>/dev/null)
    test (count $__messaging_found) -gt 0
end
complete -c messaging -n "__messaging_names" -f -a '$__messaging_found'
for flag in to stack queue stream
    complete -c messaging -n "__messaging_names" -l $flag -r -f -a '$__messaging_found'
end
"#;

/// `C` is the whole command line: it lies above this module.
pub(crate) async fn run<C: CommandFactory>(context: &Context, args: &Args) -> Result<Exit, Failure> {
    if let Some(words) = &args.names {
        for name in names::of(context, C::command(), words).await {
            crate::ui::write_stdout(&name);
        }
        return Ok(Exit::Ok);
    }
    let Some(shell) = args.shell else { return Err(Failure::usage("No shell is named")) };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut C::command(), "messaging", &mut script);
    let more = match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        _ => "",
    };
    crate::ui::write_stdout(format!("{}{more}", String::from_utf8_lossy(&script)).trim_end());
    Ok(Exit::Ok)
}
