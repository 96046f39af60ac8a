//! The shapes of a service's requests, read from its table.

use std::collections::HashMap;

use super::pattern::Pattern;

/// How long or how large a value may be; what isn't given has no bound.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    pub least: Option<i64>,
    pub most: Option<i64>,
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    pub required: bool,
    shape: &'static str,
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    Structure { fields: Vec<&'static str>, members: Vec<Member> },
    List { bounds: Bounds, item: &'static str },
    Map { bounds: Bounds, key: &'static str, value: &'static str },
    Text { bounds: Bounds, secret: bool, pattern: Option<Pattern>, own_words: Option<&'static str> },
    Enum(Vec<&'static str>),
    Integer(Bounds),
    Long(Bounds),
    Blob(Bounds),
    Double,
    Boolean,
    Timestamp,
}

/// All shapes of a service.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    operations: HashMap<&'static str, &'static str>,
    shapes: HashMap<&'static str, Shape>,
}

impl Shapes {
    /// Reads a table; `crates/cloud/data/renew-members` writes it and says what stands in it.
    pub(super) fn read(table: &'static str) -> Self {
        let mut read = Self::default();
        for line in table.lines() {
            let columns: Vec<&'static str> = line.split('\t').collect();
            let [kind, name, rest @ ..] = &columns[..] else { continue };
            if *kind == "operation" {
                read.operations.extend(rest.first().map(|shape| (*name, *shape)));
            } else if let Some(shape) = shape(kind, rest) {
                read.shapes.insert(name, shape);
            }
        }
        read
    }

    /// The shape of an operation's input.
    pub(super) fn input(&self, operation: &str) -> Option<&Shape> {
        self.named(self.operations.get(operation)?)
    }

    /// A shape by its name.
    pub(super) fn named(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// The shape of a structure's member.
    pub(super) fn of(&self, member: &Member) -> Option<&Shape> {
        self.named(member.shape)
    }

    /// The names of the operations, and of all shapes that a shape names.
    #[cfg(test)]
    pub(super) fn names(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let inner = self.shapes.values().flat_map(|shape| match shape {
            Shape::Structure { members, .. } => members.iter().map(|member| member.shape).collect(),
            Shape::List { item, .. } => vec![*item],
            Shape::Map { key, value, .. } => vec![*key, *value],
            _ => Vec::new(),
        });
        (self.operations.keys().copied().collect(), inner.collect())
    }

    /// The patterns of all texts.
    #[cfg(test)]
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.shapes.values().filter_map(|shape| match shape {
            Shape::Text { pattern, .. } => pattern.as_ref(),
            _ => None,
        })
    }
}

/// The shape that the columns behind a line's kind and name tell of.
fn shape(kind: &str, columns: &[&'static str]) -> Option<Shape> {
    let column = |at: usize| columns.get(at).copied().unwrap_or_default();
    let bounds = Bounds { least: column(0).parse().ok(), most: column(1).parse().ok() };
    Some(match kind {
        "structure" => {
            let member = |column: &&'static str| {
                let (name, shape) = column.split_once(':')?;
                let required = name.ends_with('!');
                Some((name.trim_end_matches('!'), Member { required, shape }))
            };
            let (fields, members) = columns.iter().filter_map(member).unzip();
            Shape::Structure { fields, members }
        }
        "list" => Shape::List { bounds, item: column(2) },
        "map" => Shape::Map { bounds, key: column(2), value: column(3) },
        "text" => {
            let pattern = Some(column(3)).filter(|it| !it.is_empty()).map(Pattern::new);
            let own_words = Some(column(4)).filter(|it| !it.is_empty());
            Shape::Text { bounds, secret: column(2) == "!", pattern, own_words }
        }
        "enum" => Shape::Enum(columns.to_vec()),
        "integer" => Shape::Integer(bounds),
        "long" => Shape::Long(bounds),
        "blob" => Shape::Blob(bounds),
        "double" => Shape::Double,
        "boolean" => Shape::Boolean,
        "timestamp" => Shape::Timestamp,
        _ => return None,
    })
}
