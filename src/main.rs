//! The program: `.env`, command line, runtime, exit code.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use messaging::{Cli, Env, Exit, Failure, Refused, escape, wrap, write_stderr};

/// glibc's allocator takes a seventh of a request's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match start() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let exit = failure.exit;
            // A hook that is set already is as good.
            let _ = miette::set_hook(Box::new(|_| Box::new(handler())));
            write_stderr(&format!("{:?}\n", miette::Report::new(failure)));
            exit.into()
        }
    }
}

fn start() -> Result<Exit, Failure> {
    let mut env = Env::read(Path::new(".env"), &messaging::scenario_settings());
    if let Ok(env) = &mut env {
        // SAFETY: no thread was started yet.
        unsafe { env.apply() };
    }
    // Help and completions work whatever .env says.
    let cli = Cli::read(env.as_ref().ok()).or_else(|refused| match *refused {
        Refused::CommandLine(error) => refuse(&error),
        Refused::Setting(failure) => Err(failure),
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("Can't start").why(error))?;
    let exit = runtime.block_on(cli.run(env?));
    // What blocks, such as a sync on a slow disk, isn't waited for: a crash there loses nothing either.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

/// Says what is wrong with the command line, or shows the help. A value may come from `.env`, and from whoever wrote that:
/// an error that holds what a terminal would obey is shown without colours, and with that escaped.
fn refuse(error: &clap::Error) -> ! {
    let rendered = error.render();
    let text = rendered.to_string();
    let shown = escape::lines(&text);
    let term = console::Term::stderr();
    let Some((_, columns)) = term.size_checked().filter(|_| error.use_stderr()) else {
        if shown == text {
            error.exit();
        }
        write_stderr(&shown);
        std::process::exit(error.exit_code());
    };
    // The command line's parser breaks words where the terminal ends.
    let coloured = shown == text && console::colors_enabled_stderr() && std::env::var_os("NO_COLOR").is_none();
    let text = if coloured { rendered.ansi().to_string() } else { shown.into() };
    let lines: Vec<_> = text.lines().map(|line| wrap(line, Some(columns.into()))).collect();
    write_stderr(&format!("{}\n", lines.join("\n")));
    std::process::exit(error.exit_code());
}

/// Errors as wide as the terminal, with names and addresses that can be copied: never broken, not even at hyphens.
fn handler() -> miette::MietteHandler {
    let columns = console::Term::stderr().size_checked().map_or(100, |(_, columns)| columns.clamp(40, 110));
    miette::MietteHandlerOpts::new()
        .width(columns.into())
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .build()
}
