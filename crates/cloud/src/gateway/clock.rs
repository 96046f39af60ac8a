//! `/_messaging/clock`: what time it is in the cloud, and how one that stands still is moved.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::core::Cloud;
use crate::core::clock::{Clock, Frozen};
use crate::logs;
use crate::s3::S3;
use engine::Millis;
use wire::AwsError;

/// The version of the page.
const VERSION: u32 = 1;
/// The latest time that a clock is moved to: the year 9000. Later ones have no four digits.
pub const LATEST: Millis = 221_845_392_000_000;

/// The time, and how the clock runs.
pub(super) fn page(cloud: &Cloud) -> Value {
    let clock = cloud.core.clock();
    let now = cloud.core.now();
    json!({"page": "clock", "version": VERSION, "mode": clock.mode(), "now": text::time::iso_millis(now), "millis": now})
}

/// Moves a frozen clock on: `advance=2h` by so much, or `to=2026-03-29T00:00:00Z` until then. What falls due on the way is done in
/// its order, and all of it before the answer leaves.
///
/// # Errors
/// 400 for a query that says anything else, or a time that lies behind. 409 where the clock runs by itself. 503 where what fell due
/// isn't done within a minute.
pub(super) async fn advance(cloud: &Arc<Cloud>, query: &str) -> Result<Value, AwsError> {
    frozen(cloud)?;
    let moments = go_on(cloud, destination(query, cloud.core.now())?).await?;
    let mut page = page(cloud);
    page["moments"] = moments.into();
    Ok(page)
}

/// Moves a frozen clock on by so much, as [`advance`].
///
/// # Errors
/// As [`advance`].
pub(crate) async fn advance_by(cloud: &Arc<Cloud>, by: Duration) -> Result<(), AwsError> {
    let by = Millis::try_from(by.as_millis()).ok();
    let to = by.and_then(|by| cloud.core.now().checked_add(by)).filter(|to| *to <= LATEST);
    go_on(cloud, to.ok_or_else(|| wrong("the year 9000 is the last."))?).await.map(drop)
}

fn frozen(cloud: &Cloud) -> Result<&Frozen, AwsError> {
    match cloud.core.clock() {
        Clock::Frozen(frozen) => Ok(frozen),
        clock => {
            let message = format!(
                "The clock runs by itself ({}): only one that stands still can be moved. Start the server with --clock frozen.",
                clock.mode()
            );
            Err(AwsError::new(409, "ClockRuns", message))
        }
    }
}

/// Moves a frozen clock on until it shows `to`, and gives at how many moments on the way something was due.
async fn go_on(cloud: &Arc<Cloud>, to: Millis) -> Result<u64, AwsError> {
    let frozen = frozen(cloud)?;
    // Before it is shown: after a crash on the way it goes on from there.
    cloud.core.keep_time(to).await?;
    // Lifecycle rules and the retention of logs are due then: whoever looks after that sees that the clock was moved.
    let midnights = |now, end| {
        let (s3, logs) = (S3::of(cloud).next_due(now, end), logs::next_due(cloud, now, end));
        s3.into_iter().chain(logs).min()
    };
    frozen.go_on(to, midnights).await.map_err(|late| {
        let at = text::time::iso_millis(late.at);
        AwsError::new(503, "Busy", format!("What fell due at {at} isn't done within a minute: the clock stands there."))
    })
}

fn wrong(why: impl std::fmt::Display) -> AwsError {
    AwsError::bad("InvalidParameterValue", format!("The clock was not moved: {why}"))
}

/// Where `query` wants a clock that shows `now`.
fn destination(query: &str, now: Millis) -> Result<Millis, AwsError> {
    let mut asked = text::query::pairs(query).map(|(name, value)| (name, text::query::decode_lossy(value)));
    let (Some((name, value)), None) = (asked.next(), asked.next()) else {
        return Err(wrong("say advance=2h or to=2026-03-29T00:00:00Z, one of them."));
    };
    let to = match name {
        "advance" => {
            let by = value.parse::<SignedDuration>().ok().filter(|by| by.is_positive());
            let by = by.ok_or_else(|| wrong(format!("{value:?} is no length of time like 90s, 2h or 1h30m.")))?;
            Millis::try_from(by.as_millis()).ok().and_then(|by| now.checked_add(by))
        }
        "to" => {
            let to = value.parse::<Timestamp>().ok();
            let to = to.ok_or_else(|| wrong(format!("{value:?} is no moment like 2026-03-29T00:00:00Z.")))?;
            Some(Millis::try_from(to.as_millisecond()).unwrap_or_default())
        }
        other => return Err(wrong(format!("it takes advance and to, and no {other:?}."))),
    };
    let to = to.filter(|to| *to <= LATEST).ok_or_else(|| wrong("the year 9000 is the last."))?;
    if to < now {
        let now = text::time::iso_millis(now);
        return Err(wrong(format!("it shows {now}, and time doesn't go back.")));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_on_and_never_back() {
        let now = 1_774_742_400_000;
        for (query, to) in [
            ("advance=2h", Ok(now + 7_200_000)),
            ("advance=1h%2030m", Ok(now + 5_400_000)),
            ("advance=1ms", Ok(now + 1)),
            ("to=2026-03-29T00:00:00Z", Ok(now)),
            ("to=2026-03-30T02%3A00%3A00%2B02%3A00", Ok(now + 86_400_000)),
            ("to=2026-03-28T23:59:59Z", Err("time doesn't go back")),
            ("advance=0s", Err("no length of time")),
            ("advance=-1s", Err("no length of time")),
            ("advance=20", Err("no length of time")),
            ("advance=1000000y", Err("no length of time")),
            ("advance=9999999999h", Err("year 9000")),
            ("to=tomorrow", Err("no moment")),
            ("by=2h", Err("no \"by\"")),
            ("advance=2h&to=2026-03-30T00:00:00Z", Err("one of them")),
            ("", Err("one of them")),
        ] {
            match (destination(query, now), to) {
                (Ok(found), Ok(to)) => assert_eq!(found, to, "{query}"),
                (Err(error), Err(told)) => assert!(error.message.contains(told), "{query}: {}", error.message),
                (found, _) => panic!("{query}: {found:?}"),
            }
        }
    }
}
