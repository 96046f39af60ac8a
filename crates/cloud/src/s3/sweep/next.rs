//! When the next sweep will find something: a clock that is moved over centuries needn't stop at midnights at which nothing is due.

use super::super::error::Failure;
use super::super::service::S3;
use super::{PAGE, stages};
use crate::s3::expiry::DAY;
use engine::Millis;

/// A midnight, as the number of its day.
type Day = Millis;

impl S3 {
    /// The first midnight after `now` and before `end` at which something is due, if nothing else happens until then.
    pub(crate) fn next_due(&self, now: Millis, end: Millis) -> Option<Millis> {
        let first = now / DAY + 1;
        let never = end.div_ceil(DAY);
        if first >= never {
            return None;
        }
        // What can't be read the sweep says.
        let day = self.first_day(first, never).unwrap_or(first);
        (day < never).then_some(day * DAY)
    }

    /// The first day from `first` to before `never`; `never` if there is none.
    fn first_day(&self, first: Day, never: Day) -> Result<Day, Failure> {
        let mut found = never;
        for bucket in self.ruled()? {
            for (stage, prefix) in stages(&bucket) {
                let mut after = None;
                loop {
                    let seen = self.store.read(|docs| {
                        let mut last = None;
                        for (key, value) in docs.walk(prefix.clone(), after.take()).take(PAGE) {
                            let due = |day: Day| stage.is_due(docs, &bucket, key, value, day * DAY);
                            found = earliest(first, found, due)?;
                            last = Some(key.to_owned());
                        }
                        Ok::<_, Failure>(last)
                    })?;
                    match seen {
                        Some(last) if found > first => after = Some(last),
                        _ => break,
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The first day from `first` to before `found` on which something is `due`; `found` if there is none. What is due stays so.
fn earliest(first: Day, found: Day, due: impl Fn(Day) -> Result<bool, Failure>) -> Result<Day, Failure> {
    if found <= first || !due(found - 1)? {
        return Ok(found);
    }
    let (mut low, mut high) = (first, found - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if due(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_day_is_found() {
        for (first, found, since, expected) in
            [(5, 100, 40, 40), (5, 100, 3, 5), (5, 100, 99, 99), (5, 100, 100, 100), (5, 5, 3, 5), (5, 6, 5, 5)]
        {
            assert_eq!(earliest(first, found, |day| Ok(day >= since)).unwrap(), expected);
        }
    }
}
