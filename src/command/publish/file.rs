//! The user's own events: a file, a pipe or stdin, opened and, where that can be, checked before anything is sent.

use std::fs::File;
use std::io::{Seek as _, stdin};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::Args;
use crate::event::envelope::Attribute;
use crate::event::lines::Lines;
use crate::event::own::Common;
use crate::exit::{Exit, Failure};
use crate::stop::Stop;
use crate::traffic::publisher::Feed;
use crate::traffic::shape::Given;

/// So many bad lines of a file are named.
const NAMED: usize = 5;

/// As a sentence calls it.
pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) { "stdin".into() } else { path.display().to_string() }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens what `--file` names. Of a file every line is read first: nothing is sent if one of them is no event. A pipe that
/// nobody writes to is waited for until the user stops.
pub(super) async fn open(path: &Path, args: &Args, topic: &str, stop: &Stop) -> Result<Feed, Failure> {
    let fixed = |given: &Arc<Given<Attribute>>| {
        given.fixed().cloned().ok_or_else(|| {
            Failure::usage(format!("--attribute {} has several values to draw from", given.name))
                .why("with --file nothing is drawn: each line may have attributes of its own")
                .help("{\"message\": .., \"attributes\": {\"status\": \"paid\"}} in a line says its own.")
        })
    };
    let attributes = args.shape.attribute.iter().map(fixed).collect::<Result<_, _>>()?;
    let common = Common { attributes, fifo: topic.ends_with(".fifo") };
    let (path, (to, opened)) = (path.to_owned(), oneshot::channel());
    // No task: the program's end waits for those, and this one may never be done.
    std::thread::spawn(move || to.send(read(&path, common)));
    let stopped = || Failure::new("Stopped before it was done").exit(Exit::Interrupted);
    tokio::select! {
        opened = opened => opened.map_err(|_| stopped())?,
        () = stop.signalled() => Err(stopped()),
    }
}

fn read(path: &Path, common: Common) -> Result<Feed, Failure> {
    if is_stdin(path) {
        return Ok(Feed::start(Lines::new(stdin(), common), false));
    }
    let unreadable = |error: std::io::Error| Failure::usage(format!("Can't read {}", path.display())).why(error);
    let mut file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if found.is_dir() {
        return Err(Failure::usage(format!("{} is a folder", path.display())).help("Name a file, or - for stdin."));
    }
    // A pipe, as of a shell's <(command), can be read but once.
    if found.is_file() {
        check(path, Lines::new(&file, common.clone()), unreadable)?;
        file.rewind().map_err(unreadable)?;
    }
    Ok(Feed::start(Lines::new(file, common), found.is_file()))
}

fn check(path: &Path, mut lines: Lines<&File>, unreadable: impl Fn(std::io::Error) -> Failure) -> Result<(), Failure> {
    let (mut events, mut bad, mut named) = (0_u64, 0_u64, Vec::new());
    while let Some(line) = lines.next().map_err(&unreadable)? {
        match line {
            Ok(_) => events += 1,
            Err(line) => {
                bad += 1;
                if named.len() < NAMED {
                    named.push(format!("{} line {}: {}", path.display(), line.line, line.why));
                }
            }
        }
    }
    if bad == 0 && events == 0 {
        return Err(Failure::usage(format!("{} holds no event", path.display()))
            .help("Each event is a line of JSON; `messaging publish --help` has examples."));
    }
    if bad == 0 {
        return Ok(());
    }
    if bad > named.len() as u64 {
        named.push(format!("and {} more", bad - named.len() as u64));
    }
    let whole = if bad == 1 { "A line is no event".to_owned() } else { format!("{bad} lines are no events") };
    Err(Failure::usage(format!("{whole}: nothing was published"))
        .why(named.join("\n"))
        .help("Each event is a line of JSON; `messaging publish --help` has examples."))
}
