//! Looks at a request's parameters as they come, in whatever protocol, beside the shapes that they should have.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::table::{Bounds, Shape, Shapes};
use super::words::{Bound, Broken, Constraint};

/// Where in a request a value stands.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'static str),
    /// Counted from 1, as AWS does.
    Item(&'p Path<'p>, usize),
    Value(&'p Path<'p>, &'p str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member(above, name) => {
                if !matches!(above, Path::Root) {
                    write!(f, "{above}.")?;
                }
                let mut characters = name.chars();
                characters.next().map_or(Ok(()), |first| write!(f, "{}", first.to_ascii_lowercase()))?;
                f.write_str(characters.as_str())
            }
            Path::Item(above, number) => write!(f, "{above}.{number}.member"),
            Path::Value(above, key) => write!(f, "{above}.{key}.member"),
        }
    }
}

/// One value that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Look<'c> {
    pub shapes: &'static Shapes,
    pub shape: &'static Shape,
    pub at: Path<'c>,
    pub broken: &'c RefCell<Broken>,
}

/// What a value says of itself to the list or the map that it is in.
#[derive(Default)]
pub(super) struct Seen {
    /// Whether there is one: JSON's null is none.
    given: bool,
    /// A text or a number as it is told.
    told: Option<String>,
    /// A text that breaks a constraint, which its list tells.
    broken: bool,
}

impl Look<'_> {
    fn fail(&self, told: Option<String>, constraint: Constraint) {
        self.broken.borrow_mut().add(self.at.to_string(), told, constraint);
    }

    /// Holds a length against its bounds.
    fn length(&self, length: usize, bounds: Bounds, told: impl Fn() -> Option<String>) {
        if let Some(bound) = beyond(i64::try_from(length).unwrap_or(i64::MAX), bounds) {
            self.fail(told(), Constraint::Length(bound));
        }
    }

    fn within<'c>(&'c self, name: &str, at: Path<'c>) -> Option<Look<'c>> {
        let shape = self.shapes.named(name)?;
        Some(Look { shapes: self.shapes, shape, at, broken: self.broken })
    }
}

fn beyond(value: i64, bounds: Bounds) -> Option<Bound> {
    match bounds {
        Bounds { least: Some(least), .. } if value < least => Some(Bound::Least(least)),
        Bounds { most: Some(most), .. } if value > most => Some(Bound::Most(most)),
        _ => None,
    }
}

/// All that a shape of texts says, in AWS's order (boto3's issue 2601 shows it).
fn constraints(shape: &Shape) -> Vec<Constraint> {
    match shape {
        Shape::Text { bounds, pattern, .. } => {
            let most = bounds.most.map(|most| Constraint::Length(Bound::Most(most)));
            let least = bounds.least.map(|least| Constraint::Length(Bound::Least(least)));
            most.into_iter().chain(least).chain(pattern.as_ref().map(|it| Constraint::Pattern(it.text()))).collect()
        }
        Shape::Enum(words) => vec![Constraint::Enum(words.join(", "))],
        _ => Vec::new(),
    }
}

/// What a text breaks of its shape.
fn breaks(shape: &Shape, text: &str) -> Vec<Constraint> {
    match shape {
        Shape::Text { bounds, pattern, own_words, .. } => {
            let pattern = pattern.as_ref().filter(|pattern| own_words.is_none() && !pattern.matches(text));
            let pattern = pattern.map(|pattern| Constraint::Pattern(pattern.text()));
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            pattern.into_iter().chain(beyond(length, *bounds).map(Constraint::Length)).collect()
        }
        Shape::Enum(words) if !words.contains(&text) => vec![Constraint::Enum(words.join(", "))],
        _ => Vec::new(),
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        match self.at {
            // The request itself is there, in every protocol.
            Path::Root => self.value(deserializer),
            _ => deserializer.deserialize_option(self),
        }
    }
}

impl Look<'_> {
    fn value<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        match self.shape {
            Shape::Structure { fields, .. } => deserializer.deserialize_struct("", fields, Kind(self)),
            Shape::List { .. } => deserializer.deserialize_seq(Kind(self)),
            Shape::Map { .. } => deserializer.deserialize_map(Kind(self)),
            Shape::Text { .. } | Shape::Enum(_) | Shape::Blob(_) => deserializer.deserialize_str(Kind(self)),
            Shape::Integer(_) => deserializer.deserialize_i32(Kind(self)),
            Shape::Long(_) => deserializer.deserialize_i64(Kind(self)),
            Shape::Double => deserializer.deserialize_f64(Kind(self)),
            Shape::Boolean => deserializer.deserialize_bool(Kind(self)),
            // Seconds in JSON, a text in a form.
            Shape::Timestamp => deserializer.deserialize_any(Kind(self)),
        }
    }
}

fn given() -> Seen {
    Seen { given: true, ..Seen::default() }
}

/// A value that may be JSON's null.
impl<'de> Visitor<'de> for Look<'_> {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Kind(*self).expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Seen, E> {
        Ok(Seen::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen, D::Error> {
        self.value(deserializer)
    }
}

/// A value that is there.
struct Kind<'c>(Look<'c>);

impl<'de> Visitor<'de> for Kind<'_> {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The protocols' readers make AWS's words of these.
        f.write_str(match self.0.shape {
            Shape::Structure { .. } => "a structure",
            Shape::List { .. } => "a list",
            Shape::Map { .. } => "a map",
            Shape::Text { .. } | Shape::Enum(_) => "a string",
            Shape::Blob(_) => "a base64 string",
            Shape::Integer(_) => "i32",
            Shape::Long(_) => "i64",
            Shape::Double => "f64",
            Shape::Boolean => "a boolean",
            Shape::Timestamp => "a timestamp",
        })
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Seen, E> {
        match self.0.shape {
            Shape::Boolean => Ok(given()),
            _ => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Seen, E> {
        let bounds = match self.0.shape {
            Shape::Integer(bounds) if i32::try_from(value).is_ok() => *bounds,
            Shape::Integer(_) => return Err(E::invalid_value(Unexpected::Signed(value), &self)),
            Shape::Long(bounds) => *bounds,
            Shape::Double | Shape::Timestamp => return Ok(given()),
            _ => return Err(E::invalid_type(Unexpected::Signed(value), &self)),
        };
        if let Some(bound) = beyond(value, bounds) {
            self.0.fail(Some(value.to_string()), Constraint::Value(bound));
        }
        Ok(Seen { told: Some(value.to_string()), ..given() })
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Seen, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Seen, E> {
        match self.0.shape {
            Shape::Double | Shape::Timestamp => Ok(given()),
            _ => Err(E::invalid_type(Unexpected::Float(value), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Seen, E> {
        let look = self.0;
        let secret = match look.shape {
            Shape::Text { secret, .. } => *secret,
            Shape::Enum(_) => false,
            Shape::Blob(bounds) => {
                let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
                look.length((text.len() - padding.min(text.len())) * 3 / 4, *bounds, || None);
                return Ok(given());
            }
            // A date begins with its year; what it is else the operation says.
            Shape::Timestamp if text.as_bytes().first().is_some_and(u8::is_ascii_digit) => return Ok(given()),
            _ => return Err(E::invalid_type(Unexpected::Str(text), &self)),
        };
        if let Shape::Text { pattern: Some(pattern), own_words: Some(words), .. } = look.shape
            && !pattern.matches(text)
        {
            let member = look.at.to_string();
            look.broken.borrow_mut().add_own(&member, words);
        }
        let told = || (!secret).then(|| text.to_owned());
        let broken = breaks(look.shape, text);
        // Of texts in lists and maps AWS names the list or the map.
        let inner = matches!(look.at, Path::Item(..) | Path::Value(..));
        let seen = Seen { broken: !broken.is_empty(), told: if inner { told() } else { None }, ..given() };
        if !inner {
            broken.into_iter().for_each(|constraint| look.fail(told(), constraint));
        }
        Ok(seen)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        let look = self.0;
        let Shape::List { bounds, item } = look.shape else {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        };
        let (mut count, mut broken, mut told) = (0, false, Some(Vec::new()));
        while let Some(at) = look.within(item, Path::Item(&look.at, count + 1)) {
            let Some(seen) = items.next_element_seed(at)? else { break };
            count += 1;
            broken |= seen.broken;
            told = told.zip(seen.told).map(|(mut told, one)| {
                told.push(one);
                told
            });
        }
        let told = || told.as_ref().map(|told| format!("[{}]", told.join(", ")));
        look.length(count, *bounds, told);
        if broken && let Some(item) = look.shapes.named(item) {
            look.fail(told(), Constraint::Each("Member", constraints(item)));
        }
        Ok(given())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Seen, A::Error> {
        match self.0.shape {
            Shape::Structure { .. } => self.0.members(map),
            Shape::Map { .. } => self.0.entries(map),
            _ => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}

impl Look<'_> {
    /// A structure's members; unknown ones are passed over, as AWS does.
    fn members<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let Shape::Structure { fields, members } = self.shape else { return Ok(given()) };
        let mut seen = vec![false; fields.len()];
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let found = fields.iter().position(|field| *field == name);
            let known = found.and_then(|at| Some((at, self.shapes.of(&members[at])?)));
            let Some((at, shape)) = known else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let path = Path::Member(&self.at, fields[at]);
            seen[at] |= map.next_value_seed(Look { shapes: self.shapes, shape, at: path, broken: self.broken })?.given;
        }
        for (at, member) in members.iter().enumerate().filter(|(at, _)| !seen[*at]) {
            if member.required {
                let path = Path::Member(&self.at, fields[at]).to_string();
                self.broken.borrow_mut().add(path, None, Constraint::Null);
            }
        }
        Ok(given())
    }

    /// A map's entries.
    fn entries<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let Shape::Map { bounds, key, value } = self.shape else { return Ok(given()) };
        let (mut count, mut keys, mut values, mut told) = (0, false, false, Some(Vec::new()));
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            count += 1;
            keys |= self.shapes.named(key).is_some_and(|key| !breaks(key, &name).is_empty());
            let Some(at) = self.within(value, Path::Value(&self.at, &name)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let seen = map.next_value_seed(at)?;
            values |= seen.broken;
            told = told.zip(seen.told).map(|(mut told, one)| {
                told.push(format!("{name}={one}"));
                told
            });
        }
        let told = || told.as_ref().map(|told| format!("{{{}}}", told.join(", ")));
        self.length(count, *bounds, told);
        for (who, broken, shape) in [("Map keys", keys, key), ("Map value", values, value)] {
            if broken && let Some(shape) = self.shapes.named(shape) {
                self.fail(told(), Constraint::Each(who, constraints(shape)));
            }
        }
        Ok(given())
    }
}
