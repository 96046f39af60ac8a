//! Functions of dates. jq has a date as seconds since 1970, or as the list
//! `[year, month from 0, day, hours, minutes, seconds, weekday from Sunday, day of the year from 0]`; both in UTC.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

use crate::value::number;

/// The format of `todate` and `fromdate`.
pub(super) const ISO: &str = "%Y-%m-%dT%H:%M:%SZ";

/// A date as text.
pub(super) fn strftime(date: &Value, format: &str) -> Result<Value, String> {
    let text = jiff::fmt::strtime::format(format, &zoned(date)?);
    text.map(Value::String).map_err(|_| format!("strftime/1: unknown format {format}"))
}

/// Text as the list of a date.
pub(super) fn strptime(text: &str, format: &str) -> Result<Value, String> {
    let failed = || format!("date \"{text}\" does not match format \"{format}\"");
    let parsed = jiff::fmt::strtime::parse(format, text).map_err(|_| failed())?;
    let date = match parsed.to_timestamp() {
        Ok(moment) => moment.to_zoned(TimeZone::UTC).datetime(),
        // The text names no zone.
        Err(_) => parsed.to_datetime().or_else(|_| parsed.to_date().map(DateTime::from)).map_err(|_| failed())?,
    };
    Ok(parts(date))
}

/// `gmtime`: seconds as the list of a date.
pub(super) fn break_down(seconds: f64) -> Result<Value, String> {
    let moment = timestamp(seconds).ok_or("the date is out of range")?;
    Ok(parts(moment.to_zoned(TimeZone::UTC).datetime()))
}

/// `mktime`: the list of a date as whole seconds.
pub(super) fn mktime(parts: &Value) -> Result<Value, String> {
    seconds(parts).map(number)
}

fn zoned(date: &Value) -> Result<Zoned, String> {
    let moment = match date {
        Value::Number(n) => n.as_f64().and_then(timestamp),
        Value::Array(_) => seconds(date).ok().and_then(timestamp),
        _ => return Err("strftime/1 requires parsed datetime inputs".into()),
    };
    moment.map(|m| m.to_zoned(TimeZone::UTC)).ok_or_else(|| "the date is out of range".into())
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let milliseconds = (seconds * 1000.0).floor();
    (milliseconds.abs() < 4e14).then(|| Timestamp::from_millisecond(milliseconds as i64).ok()).flatten()
}

fn parts(date: DateTime) -> Value {
    json!([
        date.year(),
        date.month() - 1,
        date.day(),
        date.hour(),
        date.minute(),
        date.second(),
        date.weekday().to_sunday_zero_offset(),
        date.day_of_year() - 1
    ])
}

fn seconds(parts: &Value) -> Result<f64, String> {
    let wrong = "mktime requires array of 6 numbers";
    let list = parts.as_array().filter(|l| l.len() >= 6).ok_or(wrong)?;
    let part = |i: usize| list.get(i).and_then(Value::as_f64).map(|n| n.floor() as i64).ok_or(wrong);
    let month = i8::try_from(part(1)?).ok().and_then(|m| m.checked_add(1)).ok_or(wrong)?;
    let small = |i: usize| part(i).and_then(|n| i8::try_from(n).map_err(|_| wrong));
    let year = i16::try_from(part(0)?).map_err(|_| wrong)?;
    let moment = DateTime::new(year, month, small(2)?, small(3)?, small(4)?, small(5)?, 0).map_err(|_| wrong)?;
    let moment = moment.to_zoned(TimeZone::UTC).map_err(|_| wrong)?;
    Ok(moment.timestamp().as_second() as f64)
}
