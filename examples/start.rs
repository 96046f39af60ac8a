//! How long a cloud of a test's own takes: to start, to deploy a template, to be reset, to save and to load a state, to end. `cargo run --release --example start`.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::time::{Duration, Instant};

use messaging::{Cloud, Error};

/// So often each is measured.
const ROUNDS: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let [mut start, mut reset, mut stop, mut template, mut again, mut save, mut load] = [const { Vec::new() }; 7];
    let file = std::env::temp_dir().join(format!("messaging-{}.state", std::process::id()));
    for _ in 0..ROUNDS {
        let mut cloud = timed(&mut start, Cloud::builder().start()).await?;
        timed(&mut reset, cloud.reset()).await?;
        timed(&mut stop, cloud.stop()).await?;
        let deployed = Cloud::builder().template("infra.yaml").start();
        let mut cloud = timed(&mut template, deployed).await?;
        timed(&mut again, cloud.reset()).await?;
        timed(&mut save, cloud.save(&file)).await?;
        let fresh = Cloud::builder().start().await?;
        timed(&mut load, fresh.load(&file)).await?;
    }
    std::fs::remove_file(&file)?;
    for (what, times) in [
        ("start of an empty cloud", start),
        ("reset of an empty cloud", reset),
        ("stop", stop),
        ("start with infra.yaml", template),
        ("reset with infra.yaml", again),
        ("save of a state with infra.yaml", save),
        ("load of a state with infra.yaml", load),
    ] {
        println!("{what}: {}", told(times));
    }
    Ok(())
}

async fn timed<T>(times: &mut Vec<Duration>, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    times.push(begun.elapsed());
    done
}

fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let millis = |of_hundred: usize| times[times.len() * of_hundred / 100].as_secs_f64() * 1_000.0;
    format!("{:.1} ms (p50), {:.1} ms (p99)", millis(50), millis(99))
}
