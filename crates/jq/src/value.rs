//! JSON values as jq has them: numbers are floats, objects keep the order in which their members came, and a copy is cheap.

mod order;
mod text;

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Number;

pub(crate) use order::{compare, equal, identical, sorting};
pub(crate) use text::{described, dumped, shortened, write_number};

/// How deep arrays and objects may be nested, so that no recursion over one exhausts a stack. jq 1.6 reads no text that is
/// nested deeper than 256.
pub(crate) const MAX_DEPTH: u32 = 300;

/// From here on sizes aren't told apart: no budget pays for one.
const MAX_SIZE: usize = 1 << 40;

/// The members of an object.
pub(crate) type Members = IndexMap<Arc<str>, Val>;

/// A JSON value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Val {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    List(Arc<List>),
    Object(Arc<Object>),
}

/// The items of an array.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub items: Vec<Val>,
    /// How deep it is nested at most, itself included.
    depth: u32,
    /// As [`Val::size`]: parts may be shared, so that counting them could take for ever.
    size: usize,
}

/// The members of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub members: Members,
    /// How deep it is nested at most, itself included.
    depth: u32,
    /// As [`Val::size`]: parts may be shared, so that counting them could take for ever.
    size: usize,
}

impl Val {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().into())
    }

    pub(crate) fn list(items: Vec<Val>) -> Self {
        let depth = 1 + items.iter().map(Val::depth).max().unwrap_or_default();
        let size = items.iter().fold(1, |sum, item| (sum + item.size()).min(MAX_SIZE));
        Self::List(Arc::new(List { items, depth, size }))
    }

    pub(crate) fn object(members: Members) -> Self {
        let depth = 1 + members.values().map(Val::depth).max().unwrap_or_default();
        let each = |(name, value): (&Arc<str>, &Val)| 1 + name.len() / 16 + value.size();
        let size = members.iter().map(each).fold(1, |sum, size| (sum + size).min(MAX_SIZE));
        Self::Object(Arc::new(Object { members, depth, size }))
    }

    /// An object of few members.
    pub(crate) fn of_members<const N: usize>(members: [(&str, Val); N]) -> Self {
        Self::object(members.into_iter().map(|(name, value)| (Arc::from(name), value)).collect())
    }

    /// How deep it is nested at most.
    pub(crate) fn depth(&self) -> u32 {
        match self {
            Val::List(list) => list.depth,
            Val::Object(object) => object.depth,
            _ => 0,
        }
    }

    /// Whether a condition takes it for true: all are but null and false.
    pub(crate) fn truthy(&self) -> bool {
        !matches!(self, Val::Null | Val::Bool(false))
    }

    /// The name of its type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Val::Null => "null",
            Val::Bool(_) => "boolean",
            Val::Number(_) => "number",
            Val::Text(_) => "string",
            Val::List(_) => "array",
            Val::Object(_) => "object",
        }
    }

    /// What it costs to read through it: one step for each of its parts, and one for every 16 bytes of text.
    pub(crate) fn size(&self) -> usize {
        match self {
            Val::Text(text) => 1 + text.len() / 16,
            Val::List(list) => list.size,
            Val::Object(object) => object.size,
            _ => 1,
        }
    }

    /// What it costs to copy its outermost part.
    pub(crate) fn width(&self) -> usize {
        match self {
            Val::Text(text) => 1 + text.len() / 16,
            Val::List(list) => 1 + list.items.len() / 4,
            Val::Object(object) => 1 + object.members.len() / 2,
            _ => 1,
        }
    }

    /// The same value as `serde_json` has it. Not a number is null, and the infinite is the largest there is, as jq writes them.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Val::Null => serde_json::Value::Null,
            Val::Bool(value) => (*value).into(),
            Val::Number(n) if n.fract() == 0.0 && n.abs() < 1e17 => Number::from(*n as i64).into(),
            Val::Number(n) => {
                let n = if n.is_infinite() { f64::MAX.copysign(*n) } else { *n };
                Number::from_f64(n).map_or(serde_json::Value::Null, serde_json::Value::Number)
            }
            Val::Text(text) => serde_json::Value::String((**text).to_owned()),
            Val::List(list) => list.items.iter().map(Val::to_json).collect::<Vec<_>>().into(),
            Val::Object(object) => {
                object.members.iter().map(|(name, value)| ((**name).to_owned(), value.to_json())).collect()
            }
        }
    }
}

impl List {
    /// The items of a list that this is the last user of, or else a copy of them.
    pub(crate) fn taken(list: Arc<Self>) -> Vec<Val> {
        Arc::try_unwrap(list).map_or_else(|shared| shared.items.clone(), |own| own.items)
    }
}

impl List {
    /// Two lists, one behind the other.
    pub(crate) fn joined(mut list: Arc<Self>, behind: &Self) -> Val {
        let own = Arc::make_mut(&mut list);
        own.items.extend_from_slice(&behind.items);
        own.depth = own.depth.max(behind.depth);
        own.size = (own.size + behind.size).min(MAX_SIZE);
        Val::List(list)
    }
}

impl Object {
    /// As [`List::taken`].
    pub(crate) fn taken(object: Arc<Self>) -> Members {
        Arc::try_unwrap(object).map_or_else(|shared| shared.members.clone(), |own| own.members)
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<usize> for Val {
    fn from(value: usize) -> Self {
        Self::Number(value as f64)
    }
}
