//! The tree of a jq filter.

use serde_json::Value;

/// A filter: it makes any number of results of one input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ast {
    /// `.`
    Identity,
    /// `..`
    Recurse,
    /// `base[index]`; `.name` is one as well.
    Index(Box<Ast>, Box<Ast>),
    /// `base[from:to]`
    Slice(Box<Ast>, Option<Box<Ast>>, Option<Box<Ast>>),
    /// `base[]`
    Iterate(Box<Ast>),
    /// A number, a plain string, null, true or false.
    Literal(Value),
    /// A string with `\(..)` in it, and the `@format` before it.
    Text(Vec<TextPart>, Format),
    /// `@format` alone.
    Format(Format),
    /// `[..]`
    Array(Option<Box<Ast>>),
    /// `{..}`: keys and values.
    Object(Vec<(Ast, Ast)>),
    /// `-inner`
    Negate(Box<Ast>),
    /// `left | right`
    Pipe(Box<Ast>, Box<Ast>),
    /// `left, right`
    Comma(Box<Ast>, Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
    /// `left and right`
    And(Box<Ast>, Box<Ast>),
    /// `left or right`
    Or(Box<Ast>, Box<Ast>),
    /// `left // right`
    Alternative(Box<Ast>, Box<Ast>),
    /// Conditions, each with what runs if it is true; and what runs otherwise.
    If(Vec<(Ast, Ast)>, Box<Ast>),
    /// `try body catch handler`; `body?` is one without a handler.
    Try(Box<Ast>, Option<Box<Ast>>),
    /// `reduce source as $variable (init; update)`
    Reduce {
        source: Box<Ast>,
        variable: String,
        init: Box<Ast>,
        update: Box<Ast>,
    },
    /// `source as $variable | body`
    Bind {
        source: Box<Ast>,
        variable: String,
        body: Box<Ast>,
    },
    /// `$name`
    Variable(String),
    /// A function's name and arguments.
    Call(String, Vec<Ast>),
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TextPart {
    Literal(String),
    Interpolated(Ast),
}

/// An operator that makes one value of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// How a value is written into a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Base64,
    Base64Decoded,
    Uri,
}

impl Format {
    /// The format of a name, without its `@`.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "text" => Format::Text,
            "json" => Format::Json,
            "base64" => Format::Base64,
            "base64d" => Format::Base64Decoded,
            "uri" => Format::Uri,
            other => return Err(format!("the jq format @{other} is not supported")),
        })
    }
}

/// Refuses variables that nothing binds.
pub(crate) fn check_variables(ast: &Ast) -> Result<(), String> {
    fn walk<'a>(ast: &'a Ast, bound: &mut Vec<&'a str>) -> Result<(), String> {
        match ast {
            Ast::Variable(name) if !bound.contains(&name.as_str()) => Err(format!("${name} is not defined")),
            Ast::Bind { source, variable, body } => {
                walk(source, bound)?;
                bound.push(variable);
                let result = walk(body, bound);
                bound.pop();
                result
            }
            Ast::Reduce { source, variable, init, update } => {
                walk(source, bound)?;
                walk(init, bound)?;
                bound.push(variable);
                let result = walk(update, bound);
                bound.pop();
                result
            }
            other => other.children().into_iter().try_for_each(|child| walk(child, bound)),
        }
    }
    walk(ast, &mut Vec::new())
}

impl Ast {
    /// The filters directly inside this one.
    fn children(&self) -> Vec<&Ast> {
        match self {
            Ast::Identity | Ast::Recurse | Ast::Literal(_) | Ast::Format(_) | Ast::Variable(_) => Vec::new(),
            Ast::Iterate(a) | Ast::Negate(a) => vec![a],
            Ast::Index(a, b)
            | Ast::Pipe(a, b)
            | Ast::Comma(a, b)
            | Ast::Binary(_, a, b)
            | Ast::And(a, b)
            | Ast::Or(a, b)
            | Ast::Alternative(a, b)
            | Ast::Bind { source: a, body: b, .. } => vec![a, b],
            Ast::Slice(a, b, c) => std::iter::once(&**a).chain(b.as_deref()).chain(c.as_deref()).collect(),
            Ast::Array(a) => a.as_deref().into_iter().collect(),
            Ast::Try(a, b) => std::iter::once(&**a).chain(b.as_deref()).collect(),
            Ast::Text(parts, _) => parts
                .iter()
                .filter_map(|part| match part {
                    TextPart::Interpolated(ast) => Some(ast),
                    TextPart::Literal(_) => None,
                })
                .collect(),
            Ast::Object(entries) => entries.iter().flat_map(|(k, v)| [k, v]).collect(),
            Ast::If(branches, otherwise) => branches.iter().flat_map(|(c, t)| [c, t]).chain([&**otherwise]).collect(),
            Ast::Reduce { source, init, update, .. } => vec![source, init, update],
            Ast::Call(_, arguments) => arguments.iter().collect(),
        }
    }
}
