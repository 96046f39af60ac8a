//! The settings, read.

use std::time::Duration;

use crate::{Error, Setting, Settings, UsedBy};

const POLL: &str = "ARCHIVE_POLL";
const WORK: &str = "ARCHIVE_WORK";
const GENRES: &str = "ARCHIVE_GENRES";

/// SQS hides a message for so long at most, however often that is extended.
const LONGEST_WORK: Duration = Duration::from_secs(12 * 3_600);

/// What the command line offers.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: POLL,
        value: Some("TIME"),
        help: "After so long without a `GET /` the service looks for books by itself, as 5s; `false` leaves all to `GET /`. A process \
               that only works, with `--role worker`, always looks",
        default: Some("5s"),
        used_by: UsedBy::Both,
    },
    Setting {
        name: WORK,
        value: Some("TIME"),
        help: "How long the work on a book takes before it is filed, as 90s or 2h: for jobs that are long in earnest, and to see \
               them keep their messages",
        default: Some("0s"),
        used_by: UsedBy::Both,
    },
    Setting {
        name: GENRES,
        value: Some("GENRES"),
        help: "The genres that are filed, and the bucket of each where it isn't called so: scifi=my-scifi,romance. Without it those \
               of the stack; without a stack each genre that has a bucket of its name",
        default: None,
        used_by: UsedBy::Serve,
    },
];

/// The settings, read.
#[derive(Debug, PartialEq)]
pub(super) struct Options {
    /// After how long without a request the service looks by itself.
    pub poll: Option<Duration>,
    /// How long the work on a book takes.
    pub work: Duration,
    /// The genres with their buckets; without a bucket it is that of the stack, or called as the genre.
    pub genres: Option<Vec<(String, Option<String>)>>,
}

impl Options {
    /// # Errors
    /// One that doesn't make sense.
    pub(super) fn read(settings: &Settings) -> Result<Self, Error> {
        let poll = match settings.get(POLL) {
            None => None,
            Some(value) if ["false", "no", "off"].contains(&value.to_ascii_lowercase().as_str()) => None,
            Some(value) => Some(duration(POLL, value)?).filter(|period| !period.is_zero()),
        };
        let work = settings.get(WORK).map_or(Ok(Duration::ZERO), |value| duration(WORK, value))?;
        if work > LONGEST_WORK {
            return Err(Error::usage(
                format!("{WORK} is longer than 12 hours"),
                "SQS gives a message to somebody else 12 hours after its receive; set a shorter time.",
            ));
        }
        let genres = settings.get(GENRES).map(genres).transpose()?;
        Ok(Self { poll, work, genres })
    }
}

/// `90s`, `1h 30m`, `250ms`; a bare number is one of seconds.
fn duration(name: &str, value: &str) -> Result<Duration, Error> {
    let seconds = value.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let spelled = || Duration::try_from(value.parse::<jiff::SignedDuration>().ok()?).ok();
    seconds
        .or_else(spelled)
        .ok_or_else(|| Error::usage(format!("{name} is {value:?}, which is no time"), "Write it as 90s, 5m or 2h."))
}

/// `scifi=my-scifi,romance`, as setting and as output of the stack.
pub(super) fn genres(value: &str) -> Result<Vec<(String, Option<String>)>, Error> {
    let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| match part.split_once('=') {
        None => Some((part.to_owned(), None)),
        Some((genre, bucket)) if !genre.trim().is_empty() && !bucket.trim().is_empty() => {
            Some((genre.trim().to_owned(), Some(bucket.trim().to_owned())))
        }
        Some(_) => None,
    };
    let all: Option<Vec<_>> = parts.map(read).collect();
    all.filter(|all| !all.is_empty()).ok_or_else(|| {
        Error::usage(format!("{GENRES} is {value:?}, which names no genres"), "Write it as scifi=my-scifi,romance.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&'static str, &str)]) -> Result<Options, Error> {
        let values = values.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Options::read(&Settings(values.collect()))
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (value, millis) in [("5", 5_000), ("0.25", 250), ("90s", 90_000), ("1h 30m", 5_400_000), ("250ms", 250)] {
            assert_eq!(read(&[(WORK, value)]).unwrap().work, Duration::from_millis(millis), "{value}");
        }
        for wrong in ["soon", "-1", "-5s", "13h", "NaN", "1e300"] {
            assert!(read(&[(WORK, wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn looking_by_itself_can_be_switched_off() {
        for (value, poll) in [("false", None), ("off", None), ("0", None), ("2s", Some(2))] {
            assert_eq!(read(&[(POLL, value)]).unwrap().poll, poll.map(Duration::from_secs), "{value}");
        }
        assert!(read(&[(POLL, "maybe")]).is_err());
    }

    #[test]
    fn genres_have_the_buckets_that_they_are_given() {
        let genres = read(&[(GENRES, "scifi=my-scifi, romance ,")]).unwrap().genres.unwrap();
        assert_eq!(genres, [("scifi".into(), Some("my-scifi".into())), ("romance".into(), None)]);
        for wrong in [",", "scifi=", "=bucket"] {
            assert!(read(&[(GENRES, wrong)]).is_err(), "{wrong}");
        }
    }
}
