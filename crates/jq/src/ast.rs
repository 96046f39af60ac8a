//! The tree of a jq filter.

use serde_json::Value;

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ast {
    Identity,
    /// `..`
    Recurse,
    Index(Box<Ast>, Box<Ast>),
    Slice(Box<Ast>, Option<Box<Ast>>, Option<Box<Ast>>),
    Iterate(Box<Ast>),
    Literal(Value),
    /// A string with `\(..)` in it, and the `@format` before it.
    Text(Vec<TextPart>, Format),
    Format(Format),
    Array(Option<Box<Ast>>),
    Object(Vec<(Ast, Ast)>),
    Negate(Box<Ast>),
    Pipe(Box<Ast>, Box<Ast>),
    Comma(Box<Ast>, Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
    And(Box<Ast>, Box<Ast>),
    Or(Box<Ast>, Box<Ast>),
    Alternative(Box<Ast>, Box<Ast>),
    If(Vec<(Ast, Ast)>, Box<Ast>),
    Try(Box<Ast>, Option<Box<Ast>>),
    Reduce {
        source: Box<Ast>,
        variable: String,
        init: Box<Ast>,
        update: Box<Ast>,
    },
    Bind {
        source: Box<Ast>,
        variable: String,
        body: Box<Ast>,
    },
    Variable(String),
    Call(String, Vec<Ast>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TextPart {
    Literal(String),
    Interpolated(Ast),
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Base64,
    Base64Decoded,
    Uri,
}

impl Format {
    pub fn parse(name: &str) -> Result<Self, String> {
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
