//! What a fan-out costs, over real connections, held against a bare HTTP server that does nothing.
//!
//! `cargo bench --bench fanout` compares `messaging local` with the ceiling; `-- --server NAME=URL` adds another cloud that
//! runs already (`benches/peers` starts some), `-- --goals` measures what many subscribers, connections and messages cost.
//! Only ratios within one run mean anything: the load comes from the same machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measures")]

mod client;
mod connection;
mod depth;
mod drain;
mod error;
mod fill;
mod goals;
mod limit;
mod load;
mod objects;
mod requests;
mod server;
mod setup;
mod space;
mod start;
mod table;

use std::time::Duration;

use clap::{Parser, ValueEnum};
use goals::Goal;
use server::Server;
use table::Measure;

#[derive(Parser)]
struct Args {
    /// Seconds of each phase.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Another server, as NAME=URL or NAME=URL=PID; may be repeated.
    #[arg(long = "server")]
    servers: Vec<String>,
    /// Measure `messaging` alone: all of these, or the named ones.
    #[arg(long, value_enum, num_args = 0.., value_name = "GOAL")]
    goals: Option<Vec<Goal>>,
    /// With --goals: messages in the deepest queue.
    #[arg(long, default_value_t = 1_000_000)]
    deep: u64,
    /// Serve the ceiling; for this program's own use.
    #[arg(long, hide = true)]
    serve_limit: bool,
    /// `cargo bench` adds this.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> error::Result<()> {
    let args = Args::parse();
    if args.serve_limit {
        return Ok(limit::serve()?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run(args))
}

async fn run(args: Args) -> error::Result<()> {
    let time = Duration::from_secs_f64(args.seconds);
    if let Some(named) = args.goals {
        let goals = if named.is_empty() { Goal::value_variants().to_vec() } else { named };
        for goal in goals {
            goals::measure(goal, time, args.deep).await?;
        }
        return Ok(());
    }
    let measure = Measure { connections: args.connections, time };
    let mut rows = vec![table::limit(&Server::limit()?, measure).await];
    rows.push(table::cloud(&Server::messaging("messaging", "process")?, measure).await);
    for text in &args.servers {
        let server = Server::running(text).ok_or_else(|| format!("--server {text}: give NAME=http://HOST:PORT"))?;
        rows.push(table::cloud(&server, measure).await);
    }
    rows.push(table::limit(&Server::limit()?, measure).await);
    table::print(&rows);
    Ok(())
}
