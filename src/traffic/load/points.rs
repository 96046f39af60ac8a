//! A profile from a file of points: a time and a rate in each line, and straight lines between them.

use std::path::Path;
use std::time::Duration;

use super::curve::Curve;
use super::parse;
use super::profile::Profile;
use crate::config::file;

/// A file has at most so many bytes.
const MAX_BYTES: u64 = 4 << 20;
/// A file has at most so many points.
const MAX_POINTS: usize = 100_000;

/// Reads the profile in a file, and how many points it has.
///
/// # Errors
/// What is wrong, with the file and the line.
pub(super) fn read(path: &Path, repeats: bool) -> Result<(Profile, u64), String> {
    let name = path.display();
    let unreadable = |error: std::io::Error| format!("can't read {name}: {error}");
    let text = file::read(path, MAX_BYTES).map_err(unreadable)?;
    let points = points(text.strip_prefix('\u{feff}').unwrap_or(&text)).map_err(|why| format!("{name} {why}"))?;
    let pieces: Vec<_> = points
        .windows(2)
        .filter(|pair| pair[1].0 > pair[0].0)
        .map(|pair| (Curve::Line { from: pair[0].1, to: pair[1].1 }, pair[1].0 - pair[0].0))
        .collect();
    if pieces.is_empty() {
        return Err(format!("{name} has no two points at different times: lines like 0,100 and 60,1000 are needed"));
    }
    let profile = Profile::new(&pieces, repeats).map_err(|why| format!("{name}: {why}"))?;
    Ok((profile, points.len() as u64))
}

/// The points, each a time since the start and a rate; two at the same time make a jump.
fn points(text: &str) -> Result<Vec<(Duration, f64)>, String> {
    let mut points: Vec<(Duration, f64)> = Vec::new();
    let mut has_header = false;
    for (line, number) in text.lines().zip(1_u64..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((time, rate)) = line.split_once(',') else {
            return Err(format!("line {number}: a time and a rate are needed, like 60,1000"));
        };
        // What the columns are called.
        if points.is_empty() && !has_header && !time.trim().starts_with(|c: char| c.is_ascii_digit()) {
            has_header = true;
            continue;
        }
        let time = parse::length(time.trim()).map_err(|why| format!("line {number}: {why}"))?;
        let rate = parse::rate_or_zero(rate.trim()).map_err(|why| format!("line {number}: {why}"))?;
        match points.last() {
            None if !time.is_zero() => return Err(format!("line {number}: the first point is at the time 0")),
            Some((before, _)) if time < *before => {
                return Err(format!("line {number}: its time is before that of the point above"));
            }
            _ if points.len() == MAX_POINTS => return Err(format!("line {number}: more than 100,000 points")),
            _ => points.push((time, rate)),
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<(Profile, u64), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("load.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, false).map_err(|why| why.replace(&path.display().to_string(), "load.csv"))
    }

    #[test]
    fn between_points_the_rate_goes_in_a_straight_line() {
        let (profile, points) = load("t,rate\n# in the morning\n0,0\n10,100\n\n10, 50/s\n1m,50\r\n").unwrap();
        assert_eq!((profile.events(), points), (Some(500 + 2_500), 4));
        assert_eq!(profile.lasts(), Some(Duration::from_secs(60)));
        assert_eq!(profile.moment(500), Duration::from_secs(10));
        assert_eq!(profile.moment(550), Duration::from_secs(11));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        for (text, why) in [
            ("", "load.csv has no two points"),
            ("0,100\n", "load.csv has no two points"),
            ("0,100\n0,200\n", "load.csv has no two points"),
            ("t,rate\nt,rate\n0,1", "load.csv line 2: a duration"),
            ("0,100\n60", "load.csv line 2: a time and a rate are needed"),
            ("5,100\n60,100", "load.csv line 1: the first point is at the time 0"),
            ("0,100\n60,100\n30,1", "load.csv line 3: its time is before"),
            ("0,100\n60,x", "load.csv line 2: a rate like"),
            ("0,100\n60,-1", "load.csv line 2: a rate like"),
            ("0,100\n60,NaN", "load.csv line 2: a rate like"),
            ("0,0\n60,0", "load.csv: it never has an event"),
            ("0,1\n40000000,1", "load.csv: it takes longer than 366 days"),
        ] {
            let error = load(text).unwrap_err();
            assert!(error.starts_with(why), "{text:?}: {error}");
        }
        let many: String = (0..=100_000).map(|n| format!("{n},1\n")).collect();
        assert!(load(&many).unwrap_err().contains("line 100001: more than 100,000 points"));
        assert!(load(&"#".repeat(5 << 20)).unwrap_err().contains("more than 4194304"));
        assert!(read(Path::new("/nowhere"), false).unwrap_err().starts_with("can't read /nowhere: "));
    }
}
