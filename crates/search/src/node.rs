//! What a pattern consists of.

use crate::class::{Class, Fold};

/// Which alternative of a repetition is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greed {
    /// One more.
    Greedy,
    /// No more.
    Lazy,
    /// One more, and never fewer again.
    Possessive,
}

/// A condition on a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// `^`, `\A`, `\G`: the beginning.
    Begin,
    /// Where the search began.
    Start,
    /// `^` with flag `m`; flag `d`: only `\n` ends a line.
    LineBegin { unix: bool },
    /// `$` and `\Z`: the end, or before a line's end that is the last.
    End { unix: bool },
    /// `$` with flag `m`.
    LineEnd { unix: bool },
    /// `\z`: the very end.
    VeryEnd,
    /// `\b`; flag `U`: of Unicode's words.
    Word { unicode: bool },
    /// `\B`
    NotWord { unicode: bool },
}

/// A piece of a pattern.
#[derive(Debug)]
pub(crate) enum Node {
    Empty,
    /// The match begins here: `\K` of Oniguruma.
    Keep,
    One(Class),
    /// `\R`: a line's end, of one character or two.
    LineEnd,
    /// `\X`: what a reader takes for one character.
    Cluster,
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    /// A group that is remembered by its number.
    Group(Box<Node>, usize),
    Repeat {
        body: Box<Node>,
        min: u32,
        max: Option<u32>,
        greed: Greed,
        /// Whether it was written with numbers.
        counted: bool,
    },
    Ahead {
        body: Box<Node>,
        negated: bool,
    },
    /// Looks back by this many characters at least and at most.
    Behind {
        body: Box<Node>,
        negated: bool,
        lengths: (usize, usize),
    },
    Atomic(Box<Node>),
    /// What a group matched, once more.
    Again(usize, Fold),
    At(Anchor),
}

impl Node {
    /// How many characters it matches, at least and at most; no bound where there is none.
    pub(crate) fn lengths(&self) -> (usize, Option<usize>) {
        match self {
            Node::Empty | Node::Keep | Node::Ahead { .. } | Node::Behind { .. } | Node::At(_) => (0, Some(0)),
            Node::One(_) => (1, Some(1)),
            Node::LineEnd => (1, Some(2)),
            Node::Cluster => (1, None),
            Node::Again(..) => (0, None),
            Node::Group(body, _) | Node::Atomic(body) => body.lengths(),
            Node::Sequence(nodes) => nodes.iter().map(Node::lengths).fold((0, Some(0)), |(min, max), (low, high)| {
                (usize::saturating_add(min, low), max.zip(high).map(|(max, high)| max.saturating_add(high)))
            }),
            Node::Either(nodes) => {
                nodes.iter().map(Node::lengths).fold((usize::MAX, Some(0)), |(min, max), (low, high)| {
                    (min.min(low), max.zip(high).map(|(max, high)| max.max(high)))
                })
            }
            Node::Repeat { body, min, max, .. } => {
                let (low, high) = body.lengths();
                let most = max.zip(high).map(|(max, high)| high.saturating_mul(max as usize));
                (low.saturating_mul(*min as usize), most)
            }
        }
    }
}

/// A pattern as it was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub root: Node,
    /// Groups that are remembered.
    pub groups: usize,
    /// The version of Unicode whose properties characters have.
    pub unicode: &'static str,
    /// Whether what a group matched within something that isn't gone back into stays, also where the search goes back over all of it.
    pub keeps: bool,
}
