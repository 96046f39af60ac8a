//! Functions of dates. jq has a date as seconds since 1970, or as the list
//! `[year, month from 0, day, hours, minutes, seconds, weekday from Sunday, day of the year from 0]`; all are in UTC here.

mod parse;
mod write;

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Native, entry, only};
use crate::error::{Stop, fail};
use crate::value::Val;

pub(super) const TABLE: &[Native] = &[
    entry("now", 0, |_, _, _| Ok(Val::Number(now()))),
    entry("gmtime", 0, |_, input, _| broken_down(&input, "gmtime")),
    entry("localtime", 0, |_, input, _| broken_down(&input, "localtime")),
    entry("mktime", 0, |_, input, _| match &input {
        Val::List(_) => {
            let seconds = Moment::of_list(&input, "mktime requires parsed datetime inputs")?.seconds();
            if seconds == -1 { fail("invalid gmtime representation") } else { Ok(Val::Number(seconds as f64)) }
        }
        _ => fail("mktime requires array inputs"),
    }),
    entry("strftime", 1, |budget, input, arguments| {
        datelike(&input, "strftime/1 requires parsed datetime inputs")?;
        let Val::Text(format) = only(arguments) else { return fail("strftime/1 requires a string format") };
        let moment = moment(&input, "strftime/1 requires parsed datetime inputs")?;
        let text = write::text(&moment, &format, budget)?;
        if text.is_empty() { fail("strftime/1: unknown system failure") } else { Ok(Val::text(text)) }
    }),
    entry("strflocaltime", 1, |budget, input, arguments| {
        datelike(&input, "strflocaltime/1 requires parsed datetime inputs")?;
        let Val::Text(format) = only(arguments) else { return fail("strflocaltime/1 requires a string format") };
        let moment = moment(&input, "strflocaltime/1 requires parsed datetime inputs")?;
        let text = write::text(&moment, &format, budget)?;
        if text.is_empty() { fail("strflocaltime/1: unknown system failure") } else { Ok(Val::text(text)) }
    }),
    entry("strptime", 1, |budget, input, arguments| {
        let (Val::Text(text), Val::Text(format)) = (&input, &only(arguments)) else {
            return fail("strptime/1 requires string inputs and arguments");
        };
        budget.pay_text(text.len() + format.len())?;
        match parse::moment(text, format) {
            Some(moment) => Ok(moment.to_list(0.0)),
            None => fail(format!("date \"{text}\" does not match format \"{format}\"")),
        }
    }),
];

/// The time in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "jq's `now` is the wall clock, and a query knows no other")]
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as f64 / 1e6
}

/// The parts of a date, as C has them.
#[derive(Debug, Clone, Default)]
struct Moment {
    year: i64,
    /// From 0.
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// From Sunday.
    weekday: i64,
    /// From 0.
    yearday: i64,
}

impl Moment {
    /// The parts of a number of seconds since 1970.
    fn of_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(86_400);
        let within = seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days);
        Self {
            year,
            month,
            day,
            hour: within / 3600,
            minute: within / 60 % 60,
            second: within % 60,
            weekday: (days + 4).rem_euclid(7),
            yearday: days - days_before(year, 0),
        }
    }

    /// The parts that a list gives.
    fn of_list(list: &Val, wrong: &str) -> Result<Self, Stop> {
        let Val::List(list) = list else { return fail(wrong) };
        let mut parts = [0; 8];
        if list.items.len() < parts.len() {
            return fail(wrong);
        }
        for (part, item) in parts.iter_mut().zip(&list.items) {
            match item {
                Val::Number(n) => *part = n.clamp(-2_147_483_648.0, 2_147_483_647.0) as i64,
                _ => return fail(wrong),
            }
        }
        let [year, month, day, hour, minute, second, weekday, yearday] = parts;
        Ok(Self { year, month, day, hour, minute, second, weekday, yearday })
    }

    /// Seconds since 1970, of parts that may be out of their bounds.
    fn seconds(&self) -> i64 {
        let year = self.year + self.month.div_euclid(12);
        let days = days_before(year, self.month.rem_euclid(12)) + self.day - 1;
        days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second
    }

    /// The list of the parts.
    fn to_list(&self, fraction: f64) -> Val {
        let parts = [self.year, self.month, self.day, self.hour, self.minute];
        let behind = [self.weekday, self.yearday];
        let number = |n: i64| Val::Number(n as f64);
        let second = Val::Number(self.second as f64 + fraction);
        Val::list(parts.map(number).into_iter().chain([second]).chain(behind.map(number)).collect())
    }

    /// Sets weekday and day of the year from year, month and day.
    fn with_days(mut self) -> Self {
        let days = days_before(self.year, self.month.rem_euclid(12)) + self.day - 1;
        self.weekday = (days + 4).rem_euclid(7);
        self.yearday = days - days_before(self.year, 0);
        self
    }
}

/// Days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    // March begins the year, so that a leap day ends it.
    let year = if month < 2 { year - 1 } else { year };
    let months = if month < 2 { month + 10 } else { month - 2 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * months + 2) / 5 - 719_468
}

/// Year, month and day of a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while days >= days_before(year + 1, 0) {
        year += (days - days_before(year + 1, 0)) / 366 + 1;
    }
    let month = (1..12).take_while(|month| days >= days_before(year, *month)).count() as i64;
    (year, month, days - days_before(year, month) + 1)
}

/// `gmtime`: seconds as the list of a date.
fn broken_down(input: &Val, name: &str) -> Result<Val, Stop> {
    let Val::Number(n) = input else { return fail(format!("{name}() requires numeric inputs")) };
    let whole = n.floor();
    if whole.is_nan() || whole.abs() > 6.7e16 {
        return fail("errror converting number of seconds since epoch to datetime");
    }
    // jq 1.6 takes the second from the number cut off, and the fraction from the number rounded down.
    let moment = Moment::of_seconds(n.trunc() as i64);
    let seconds = moment.second as f64 + (n - whole);
    Ok(moment.to_list(seconds - moment.second as f64))
}

/// Refuses what is no date in either form.
fn datelike(input: &Val, wrong: &str) -> Result<(), Stop> {
    if matches!(input, Val::Number(_) | Val::List(_)) { Ok(()) } else { fail(wrong) }
}

/// The parts of a date in either form.
fn moment(input: &Val, wrong: &str) -> Result<Moment, Stop> {
    match input {
        Val::Number(_) => Moment::of_list(&broken_down(input, "gmtime")?, wrong),
        _ => Moment::of_list(input, wrong),
    }
}
