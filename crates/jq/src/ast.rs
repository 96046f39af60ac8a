//! The tree of a jq filter. Names are resolved: of what is defined around a filter, the tree says how many definitions out.

use crate::functions::Native;
pub(crate) use crate::symbols::{Format, Operator};
use crate::value::Val;

/// A filter: it makes any number of results of one input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ast {
    /// `.`
    Identity,
    /// `base[index]`; `.name` is one as well. With a `?` right behind it, what can't be indexed has no result.
    Index {
        base: Box<Ast>,
        index: Box<Ast>,
        optional: bool,
    },
    /// `base[from:to]`
    Slice {
        base: Box<Ast>,
        from: Option<Box<Ast>>,
        to: Option<Box<Ast>>,
        optional: bool,
    },
    /// `base[]`
    Iterate {
        base: Box<Ast>,
        optional: bool,
    },
    /// A number, a plain string, null, true or false.
    Literal(Constant),
    /// A string with `\(..)` in it, and the `@format` before it.
    Text(Vec<TextPart>, Format),
    /// `@format` alone.
    Format(Format),
    /// `[..]`
    List(Option<Box<Ast>>),
    /// `{..}`: keys and values.
    Object(Vec<(Ast, Ast)>),
    /// `-inner`
    Negate(Box<Ast>),
    /// `left | right`
    Pipe(Box<Ast>, Box<Ast>),
    /// `left, right`
    Comma(Box<Ast>, Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
    /// `left and right`, `left or right`: the second operand is asked where the first is not what decides.
    Logic {
        decides: bool,
        left: Box<Ast>,
        right: Box<Ast>,
    },
    /// `left // right`
    Alternative(Box<Ast>, Box<Ast>),
    /// `if condition then yes else no end`
    If {
        condition: Box<Ast>,
        yes: Box<Ast>,
        no: Box<Ast>,
    },
    /// `try body catch handler`; `body?` is one without a handler.
    Try(Box<Ast>, Option<Box<Ast>>),
    /// `reduce source as pattern (init; update)`
    Reduce {
        source: Box<Ast>,
        patterns: Patterns,
        init: Box<Ast>,
        update: Box<Ast>,
    },
    /// `foreach source as pattern (init; update; extract)`
    Foreach {
        source: Box<Ast>,
        patterns: Patterns,
        init: Box<Ast>,
        update: Box<Ast>,
        extract: Option<Box<Ast>>,
    },
    /// `source as pattern | body`
    Bind {
        source: Box<Ast>,
        patterns: Patterns,
        body: Box<Ast>,
    },
    /// `def name(parameters): body; rest`
    Define(Box<Definition>, Box<Ast>),
    /// `label $name | body`
    Label(Box<Ast>),
    /// `break $name`
    Break(usize),
    /// `$name`
    Variable(usize),
    /// A function of the query, or a parameter of one, and its arguments.
    Call(usize, Vec<Ast>),
    /// A function that is written in jq, by its number.
    Global(usize, Vec<Ast>),
    /// A function that is not.
    Native(&'static Native, Vec<Ast>),
    /// `empty`
    Empty,
    /// `path(body)`
    Path(Box<Ast>),
    /// `range(from; upto)`
    Range(Box<Ast>, Box<Ast>),
    /// `getpath(path)`
    GetPath(Box<Ast>),
}

/// A value that stands in a query.
#[derive(Debug, Clone)]
pub(crate) struct Constant(pub Val);

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        crate::value::dumped(&self.0) == crate::value::dumped(&other.0)
    }
}

/// A function that the query defines.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    pub parameters: usize,
    pub body: Ast,
}

/// What takes a value apart: the first pattern that fits, and as many variables as all of them have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Patterns {
    pub patterns: Vec<Pattern>,
    pub variables: usize,
}

/// What takes a value apart. Variables go by their places among those of all patterns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pattern {
    /// `$name`
    Variable(usize),
    /// `[..]`
    List(Vec<Pattern>),
    /// `{..}`: for each member the variable that gets it, its name, and what takes it apart.
    Object(Vec<(Option<usize>, Ast, Option<Pattern>)>),
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TextPart {
    Literal(String),
    Interpolated(Ast),
}
