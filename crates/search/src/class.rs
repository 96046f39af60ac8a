//! A class of characters, and whether it has one.

use std::sync::Arc;

/// How upper and lower case compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// They differ.
    None,
    /// They are the same for ASCII letters: flag `i`.
    Ascii,
    /// They are the same for all letters: flags `i` and `u`.
    Unicode,
    /// The same as in longer texts and back references, where Java compares otherwise than it does single characters.
    Text,
}

/// Ranges of characters in ascending order, both ends included.
pub(crate) type Table = Arc<[(u32, u32)]>;

/// What a look into a table costs, in steps.
const TABLE: u64 = 4;

/// A class of characters. It is kept as it was written: put together, a few bytes of pattern could become megabytes.
#[derive(Debug, Clone)]
pub(crate) enum Class {
    /// One character, or those between two.
    Range(u32, u32, Fold),
    Table(Table),
    Not(Box<Class>),
    Either(Vec<Class>),
    Both(Box<Class>, Box<Class>),
}

impl Class {
    pub(crate) fn one(c: u32, fold: Fold) -> Self {
        Class::Range(c, c, fold)
    }

    /// A class of a few ranges.
    pub(crate) fn of(ranges: &[(char, char)]) -> Self {
        Class::Table(ranges.iter().map(|(from, to)| (u32::from(*from), u32::from(*to))).collect())
    }

    /// The others.
    pub(crate) fn not(self) -> Self {
        Class::Not(Box::new(self))
    }

    /// The class, or the others.
    pub(crate) fn negated(self, negate: bool) -> Self {
        if negate { self.not() } else { self }
    }

    /// Those of both.
    pub(crate) fn or(self, other: Class) -> Self {
        match self {
            Class::Either(mut classes) => {
                classes.push(other);
                Class::Either(classes)
            }
            one => Class::Either(vec![one, other]),
        }
    }

    /// What a look costs, in steps.
    pub(crate) fn cost(&self) -> u64 {
        match self {
            Class::Range(..) => 1,
            Class::Table(_) => TABLE,
            Class::Not(class) => class.cost(),
            Class::Either(classes) => classes.iter().map(Class::cost).sum(),
            Class::Both(left, right) => left.cost() + right.cost(),
        }
    }

    /// Whether it has a character.
    pub(crate) fn has(&self, c: u32) -> bool {
        match self {
            Class::Range(from, to, fold) => in_range(*from, *to, *fold, c),
            Class::Table(ranges) => {
                let at = ranges.partition_point(|(_, to)| *to < c);
                ranges.get(at).is_some_and(|(from, _)| *from <= c)
            }
            Class::Not(class) => !class.has(c),
            Class::Either(classes) => classes.iter().any(|class| class.has(c)),
            Class::Both(left, right) => left.has(c) && right.has(c),
        }
    }
}

fn in_range(from: u32, to: u32, fold: Fold, c: u32) -> bool {
    let inside = |c: u32| (from..=to).contains(&c);
    if inside(c) {
        return true;
    }
    match fold {
        Fold::None => false,
        Fold::Ascii => match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => {
                inside(byte.to_ascii_lowercase().into()) || inside(byte.to_ascii_uppercase().into())
            }
            _ => false,
        },
        Fold::Unicode => {
            let upper = upper(c);
            let lower = lower(upper);
            let single = from == to && self::upper(from) != folded(from);
            inside(upper) || inside(lower) && (from != to || single) || (single && folded(from) == lower)
        }
        Fold::Text => folded(from) == folded(c),
    }
}

/// The character's upper case, if that is one character.
fn upper(c: u32) -> u32 {
    let Some(known) = char::from_u32(c) else { return c };
    let mut upper = known.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one.into(),
        _ => c,
    }
}

/// The character's lower case, if that is one character; that of U+0130 is `i`, as Java has it.
fn lower(c: u32) -> u32 {
    let Some(known) = char::from_u32(c) else { return c };
    let mut lower = known.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one.into(),
        (Some('i'), Some(_)) => 'i'.into(),
        _ => c,
    }
}

/// What two characters have in common that differ in case only.
pub(crate) fn folded(c: u32) -> u32 {
    lower(upper(c))
}

/// Whether two characters are the same.
pub(crate) fn same(left: u32, right: u32, fold: Fold) -> bool {
    let fold = if fold == Fold::Unicode { Fold::Text } else { fold };
    in_range(left, left, fold, right)
}

/// Whether a character ends a line.
pub(crate) fn is_line_end(c: u32, unix: bool) -> bool {
    match c {
        0x0A => true,
        0x0D | 0x85 | 0x2028 | 0x2029 => !unix,
        _ => false,
    }
}
