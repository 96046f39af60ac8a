//! The program: `.env`, command line, runtime, exit code.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use messaging::cli::Cli;
use messaging::config::Env;
use messaging::exit::{Exit, Failure};

fn main() -> ExitCode {
    match start() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let exit = failure.exit;
            eprintln!("{:?}", miette::Report::new(failure));
            exit.into()
        }
    }
}

fn start() -> Result<Exit, Failure> {
    let mut env = Env::read(Path::new(".env"));
    if let Ok(env) = &mut env {
        // SAFETY: no thread was started yet.
        unsafe { env.apply() };
    }
    // Help and completions work whatever .env says.
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("Can't start").why(error))?;
    runtime.block_on(cli.run(env?))
}
