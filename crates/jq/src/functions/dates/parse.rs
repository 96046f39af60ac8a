//! `strptime`, as the C library of GNU reads dates in the locale C.

use super::Moment;
use super::write::{DAYS, MONTHS};

/// What has been read so far.
struct Reader<'t> {
    rest: &'t str,
    moment: Moment,
    /// What has to be reckoned at the end.
    century: Option<i64>,
    afternoon: Option<bool>,
    twelve: bool,
    has_day: bool,
    has_month: bool,
    has_yearday: bool,
    has_weekday: bool,
    wants_days: bool,
}

/// The date that a text gives, if it is of the format.
pub(super) fn moment(text: &str, format: &str) -> Option<Moment> {
    let mut reader = Reader {
        rest: text,
        // Days of week and year that no date has: they stand where nothing tells them.
        moment: Moment { year: 1900, weekday: 8, yearday: 367, ..Moment::default() },
        century: None,
        afternoon: None,
        twelve: false,
        has_day: false,
        has_month: false,
        has_yearday: false,
        has_weekday: false,
        wants_days: false,
    };
    reader.read(format)?;
    if !reader.rest.is_empty() {
        return None;
    }
    reader.finished()
}

impl Reader<'_> {
    fn read(&mut self, format: &str) -> Option<()> {
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c.is_ascii_whitespace() {
                self.space();
                continue;
            }
            if c != '%' {
                self.rest = self.rest.strip_prefix(c)?;
                continue;
            }
            let mut letter = chars.next()?;
            while "_-0^#".contains(letter) {
                letter = chars.next()?;
            }
            if "EO".contains(letter) {
                letter = chars.next()?;
            }
            self.part(letter)?;
        }
        Some(())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    }

    /// A number of at most so many digits, in bounds; spaces may stand before it.
    fn number(&mut self, from: i64, to: i64, digits: usize) -> Option<i64> {
        self.rest = self.rest.trim_start_matches(' ');
        let len = self.rest.bytes().take(digits).take_while(u8::is_ascii_digit).count();
        // As many digits are taken as the bound allows.
        let len = (1..=len).rev().find(|len| self.rest[..*len].parse().is_ok_and(|n: i64| n <= to || *len == 1))?;
        let n: i64 = self.rest[..len].parse().ok()?;
        self.rest = &self.rest[len..];
        (from..=to).contains(&n).then_some(n)
    }

    /// One of some names, in full or its first three letters, in any case.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        for (index, name) in names.iter().enumerate() {
            for name in [name, &name[..3]] {
                if self.rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name)) {
                    self.rest = &self.rest[name.len()..];
                    return Some(index as i64);
                }
            }
        }
        None
    }

    fn part(&mut self, letter: char) -> Option<()> {
        match letter {
            '%' => self.rest = self.rest.strip_prefix('%')?,
            'a' | 'A' => {
                self.moment.weekday = self.name(&DAYS)?;
                self.has_weekday = true;
            }
            'b' | 'B' | 'h' => {
                self.moment.month = self.name(&MONTHS)?;
                (self.has_month, self.wants_days) = (true, true);
            }
            'C' => {
                self.century = Some(self.number(0, 99, 2)?);
                self.wants_days = true;
            }
            'd' | 'e' => {
                self.moment.day = self.number(1, 31, 2)?;
                (self.has_day, self.wants_days) = (true, true);
            }
            'H' | 'k' => {
                self.moment.hour = self.number(0, 23, 2)?;
                self.twelve = false;
            }
            'I' | 'l' => {
                self.moment.hour = self.number(1, 12, 2)? % 12;
                self.twelve = true;
            }
            'j' => {
                self.moment.yearday = self.number(1, 366, 3)? - 1;
                self.has_yearday = true;
            }
            'm' => {
                self.moment.month = self.number(1, 12, 2)? - 1;
                (self.has_month, self.wants_days) = (true, true);
            }
            'M' => self.moment.minute = self.number(0, 59, 2)?,
            'n' | 't' => self.space(),
            'p' | 'P' => {
                let half = self.rest.get(..2)?;
                self.afternoon = Some(half.eq_ignore_ascii_case("pm"));
                if !half.eq_ignore_ascii_case("pm") && !half.eq_ignore_ascii_case("am") {
                    return None;
                }
                self.rest = &self.rest[2..];
            }
            's' => {
                let len = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let seconds: i64 = self.rest[..len].parse().ok().filter(|s| *s < 60_000_000_000_000)?;
                self.rest = &self.rest[len..];
                self.moment = Moment::of_seconds(seconds);
                (self.has_day, self.has_month, self.has_yearday) = (false, false, false);
            }
            'S' => self.moment.second = self.number(0, 61, 2)?,
            'y' => {
                let n = self.number(0, 99, 2)?;
                self.moment.year = if n < 69 { 2000 + n } else { 1900 + n };
                self.wants_days = true;
            }
            'Y' => {
                self.moment.year = self.number(0, 9999, 4)?;
                (self.century, self.wants_days) = (None, true);
            }
            _ => return self.rare_part(letter),
        }
        Some(())
    }

    /// The parts that change little, or consist of others.
    fn rare_part(&mut self, letter: char) -> Option<()> {
        match letter {
            'u' => {
                self.moment.weekday = self.number(1, 7, 1)? % 7;
                self.has_weekday = true;
            }
            'w' => {
                self.moment.weekday = self.number(0, 6, 1)?;
                self.has_weekday = true;
            }
            'g' | 'U' | 'V' | 'W' => {
                self.number(0, if letter == 'g' { 99 } else { 53 }, 2)?;
            }
            'G' => {
                let len = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                self.rest = self.rest.get(len..).filter(|_| len > 0)?;
            }
            'Z' => {
                // A name is passed over.
                let len = self.rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(self.rest.len());
                self.rest = &self.rest[len..];
            }
            'z' => self.zone()?,
            'c' => self.read("%a %b %e %H:%M:%S %Y")?,
            'D' | 'x' => self.read("%m/%d/%y")?,
            'F' => self.read("%Y-%m-%d")?,
            'r' => self.read("%I:%M:%S %p")?,
            'R' => self.read("%H:%M")?,
            'T' | 'X' => self.read("%H:%M:%S")?,
            _ => return None,
        }
        Some(())
    }

    /// `Z`, or hours and minutes with a sign; they change nothing.
    fn zone(&mut self) -> Option<()> {
        self.space();
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(());
        }
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let mut digits = String::new();
        while digits.len() < 4 {
            if digits.len() == 2 && self.rest.starts_with(':') {
                self.rest = &self.rest[1..];
            }
            match self.rest.chars().next().filter(char::is_ascii_digit) {
                Some(digit) => digits.push(digit),
                None => break,
            }
            self.rest = &self.rest[1..];
        }
        let minutes: i64 = digits.get(2..).unwrap_or_default().parse().unwrap_or(0);
        (matches!(digits.len(), 2 | 4) && minutes < 60).then_some(())
    }

    /// Reckons what follows from the parts.
    fn finished(mut self) -> Option<Moment> {
        if self.twelve && self.afternoon == Some(true) {
            self.moment.hour += 12;
        }
        if let Some(century) = self.century {
            self.moment.year = century * 100 + self.moment.year.rem_euclid(100);
        }
        if self.wants_days && !self.has_weekday && self.has_yearday && !(self.has_month && self.has_day) {
            let first = super::days_before(self.moment.year, 0);
            let (_, month, day) = super::civil(first + self.moment.yearday);
            if !self.has_month {
                self.moment.month = month;
            }
            if !self.has_day {
                self.moment.day = day;
            }
        }
        let days = self.moment.clone().with_days();
        let known = (1..=31).contains(&self.moment.day);
        if (self.wants_days && !self.has_weekday) || (known && self.moment.weekday == 8) {
            self.moment.weekday = days.weekday;
        }
        if (self.wants_days && !self.has_yearday) || (known && self.moment.yearday == 367) {
            self.moment.yearday = days.yearday;
        }
        Some(self.moment)
    }
}
