//! A file of reports: the lines that a command printed with `--json`, of which those that are reports are taken.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::config::file::open_regular;
use crate::exit::Failure;
use crate::report::Outcome;
use crate::report::merge::{Part, VERSION};

/// A line is at most so long: a report with all its histograms full has less than a third of it.
const MAX_LINE: u64 = 4 << 20;
/// So many reports may be merged at once.
pub(super) const MAX_REPORTS: usize = 1_024;
/// No run counts further: so many of so many reports, and sums of several of them, still fit.
const MAX_COUNT: u64 = 1 << 48;
/// Whose reports can be merged.
const COMMANDS: [&str; 2] = ["simulate", "publish"];

/// The reports of a file: at least one.
///
/// # Errors
/// What is wrong, with the file and the line.
pub(super) fn read(path: &Path) -> Result<Vec<Part>, Failure> {
    let name = path.display();
    let unreadable = |error: std::io::Error| Failure::usage(format!("Can't read {name}")).why(error);
    let mut file = BufReader::new(open_regular(path).map_err(unreadable)?);
    let mut reports = Vec::new();
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        if (&mut file).take(MAX_LINE + 1).read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        let at = format!("{name} line {number}");
        let refuse = |why: String| Failure::usage(format!("{at} can't be merged")).why(why).help(HELP);
        if bytes.len() as u64 > MAX_LINE {
            return Err(refuse("it is longer than 4 MiB".into()));
        }
        let Some(report) = report(&bytes).map_err(refuse)? else { continue };
        let (command, outcome) = report;
        reports.push(Part::new(at.clone(), command, outcome).map_err(refuse)?);
        if reports.len() > MAX_REPORTS {
            return Err(refuse(format!("it has more than {MAX_REPORTS} reports")));
        }
    }
    if reports.is_empty() {
        return Err(Failure::usage(format!("{name} holds no report")).help(HELP));
    }
    Ok(reports)
}

const HELP: &str = "A file is what `messaging simulate --json` or `messaging publish --json` printed.";

/// The report of a line; none if the line is another record, or empty.
fn report(line: &[u8]) -> Result<Option<(&'static str, Outcome)>, String> {
    #[derive(Deserialize)]
    struct Head {
        record: String,
    }
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let head: Head = serde_json::from_slice(line).map_err(|error| format!("it is no record: {error}"))?;
    if head.record != "report" {
        return Ok(None);
    }
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let command = value["command"].as_str().unwrap_or_default();
    let Some(command) = COMMANDS.into_iter().find(|known| *known == command) else {
        return Err(format!("it is a report of {command:?}: those of simulate and publish can be merged"));
    };
    match &value["merge"]["version"] {
        Value::Null => return Err("it is a report of another version: it has no \"merge\"".into()),
        version if *version == VERSION => {}
        version => return Err(format!("it is a report of the version {version}, and this program knows {VERSION}")),
    }
    if !counts_fit(&value) {
        return Err("it is a report with a number that can't be".into());
    }
    let outcome =
        serde_json::from_value(value).map_err(|error| format!("it is no report of version {VERSION}: {error}"))?;
    Ok(Some((command, outcome)))
}

/// Whether every whole number is one that a run may have counted. A seed may be any.
fn counts_fit(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().all(|(name, value)| name == "seed" || counts_fit(value)),
        Value::Array(values) => values.iter().all(counts_fit),
        Value::Number(number) => number.as_u64().is_none_or(|n| n <= MAX_COUNT),
        _ => true,
    }
}
