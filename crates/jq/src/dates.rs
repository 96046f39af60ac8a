//! jq's dates: seconds since 1970, and the list [year, month from 0, day, hours, minutes, seconds, weekday, day of year].

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

fn zoned(value: &Value) -> Result<Zoned, String> {
    let moment = match value {
        Value::Number(n) => n.as_f64().and_then(timestamp),
        Value::Array(_) => seconds(value).ok().and_then(timestamp),
        _ => return Err("strftime/1 requires parsed datetime inputs".into()),
    };
    moment.map(|m| m.to_zoned(TimeZone::UTC)).ok_or_else(|| "the date is out of range".into())
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let milliseconds = (seconds * 1000.0).floor();
    (milliseconds.abs() < 4e14).then(|| Timestamp::from_millisecond(milliseconds as i64).ok()).flatten()
}

/// A moment or a list, as text.
pub(crate) fn strftime(value: &Value, format: &str) -> Result<String, String> {
    jiff::fmt::strtime::format(format, &zoned(value)?).map_err(|_| format!("strftime/1: unknown format {format}"))
}

/// Text as the list.
pub(crate) fn strptime(text: &str, format: &str) -> Result<Value, String> {
    let failed = || format!("date \"{text}\" does not match format \"{format}\"");
    // A final `Z` in the text is the zone; the parser wants to be told.
    let parsed = jiff::fmt::strtime::parse(format, text).map_err(|_| failed())?;
    let moment = match parsed.to_timestamp() {
        Ok(moment) => moment.to_zoned(TimeZone::UTC).datetime(),
        Err(_) => parsed.to_datetime().or_else(|_| parsed.to_date().map(DateTime::from)).map_err(|_| failed())?,
    };
    Ok(list(moment))
}

/// Seconds as the list.
pub(crate) fn broken_down(seconds: f64) -> Result<Value, String> {
    let moment = timestamp(seconds).ok_or("the date is out of range")?;
    Ok(list(moment.to_zoned(TimeZone::UTC).datetime()))
}

fn list(moment: DateTime) -> Value {
    json!([
        moment.year(),
        moment.month() - 1,
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
        moment.weekday().to_sunday_zero_offset(),
        moment.day_of_year() - 1
    ])
}

/// The list as seconds.
pub(crate) fn seconds(value: &Value) -> Result<f64, String> {
    let wrong = "mktime requires array of 6 numbers";
    let list = value.as_array().filter(|l| l.len() >= 6).ok_or(wrong)?;
    let part = |i: usize| list.get(i).and_then(Value::as_f64).map(|n| n.floor() as i64).ok_or(wrong);
    let month = i8::try_from(part(1)?).ok().and_then(|m| m.checked_add(1)).ok_or(wrong)?;
    let small = |i: usize| part(i).and_then(|n| i8::try_from(n).map_err(|_| wrong));
    let year = i16::try_from(part(0)?).map_err(|_| wrong)?;
    let moment = DateTime::new(year, month, small(2)?, small(3)?, small(4)?, small(5)?, 0).map_err(|_| wrong)?;
    let moment = moment.to_zoned(TimeZone::UTC).map_err(|_| wrong)?;
    Ok(moment.timestamp().as_second() as f64)
}
