//! A pattern as a program: steps one after the other, with jumps.

use super::class::Class;
use super::class::Fold;
use super::node::{Anchor, Greed, Node, Parsed};
use super::property::Properties;

/// One step of a program. Steps are named by their place in it.
#[derive(Debug)]
pub(super) enum Step {
    /// A character of a class.
    One {
        class: Class,
        cost: u64,
    },
    /// Goes on at the first; should that fail, at the second.
    Split(usize, usize),
    Jump(usize),
    /// Writes down where a group begins.
    Open(usize),
    /// Writes down where a group ended that matched.
    Close(usize),
    At(Anchor),
    Again(usize, Fold),
    /// Begins to count.
    Reset(usize),
    /// Decides whether there is one more round: the next step begins it.
    Round {
        counter: usize,
        min: u32,
        max: Option<u32>,
        lazy: bool,
        end: usize,
    },
    /// Counts a round.
    Count(usize),
    /// Runs the steps that follow, up to a [`Step::Done`], by themselves; `then` comes after.
    Inner {
        kind: Inner,
        then: usize,
    },
    /// Goes on if it is at the position that a counter wrote down.
    Meet(usize),
    Done,
}

/// What is done with steps that run by themselves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inner {
    /// They match, once and for all.
    Atomic,
    /// They would match from here on.
    Ahead { negated: bool },
    /// They would match up to here, from so many characters before; the counter keeps the position.
    Behind { negated: bool, lengths: (usize, usize), counter: usize },
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub steps: Vec<Step>,
    /// Groups, the whole included.
    pub groups: usize,
    pub counters: usize,
    /// The characters of words, as `\b` sees them without and with flag `U`.
    pub words: Option<[Class; 2]>,
}

/// Compiles a pattern that has to match the whole text.
pub(super) fn compile(parsed: &Parsed) -> Program {
    let program = Program { steps: Vec::new(), groups: parsed.groups, counters: 0, words: None };
    let mut compiler = Compiler { program };
    compiler.node(&parsed.root);
    compiler.push(Step::At(Anchor::VeryEnd));
    compiler.push(Step::Done);
    compiler.program
}

struct Compiler {
    program: Program,
}

impl Compiler {
    fn push(&mut self, step: Step) -> usize {
        self.program.steps.push(step);
        self.program.steps.len() - 1
    }

    fn here(&self) -> usize {
        self.program.steps.len()
    }

    fn counter(&mut self) -> usize {
        self.program.counters += 1;
        self.program.counters - 1
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::One(class) => {
                self.push(Step::One { class: class.clone(), cost: class.cost() });
            }
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Node::Either(nodes) => self.either(nodes),
            Node::Group(body, number) => {
                self.push(Step::Open(*number));
                self.node(body);
                self.push(Step::Close(*number));
            }
            Node::Repeat { body, min, max, greed: Greed::Possessive } => {
                self.inner(Inner::Atomic, |compiler| compiler.repeat(body, *min, *max, false));
            }
            Node::Repeat { body, min, max, greed } => self.repeat(body, *min, *max, *greed == Greed::Lazy),
            Node::Atomic(body) => self.inner(Inner::Atomic, |compiler| compiler.node(body)),
            Node::Ahead { body, negated } => {
                self.inner(Inner::Ahead { negated: *negated }, |compiler| compiler.node(body));
            }
            Node::Behind { body, negated, lengths } => {
                let counter = self.counter();
                self.inner(Inner::Behind { negated: *negated, lengths: *lengths, counter }, |compiler| {
                    compiler.node(body);
                    compiler.push(Step::Meet(counter));
                });
            }
            Node::Again(group, fold) => {
                self.push(Step::Again(*group, *fold));
            }
            Node::At(anchor) => {
                if matches!(anchor, Anchor::Word { .. } | Anchor::NotWord { .. }) && self.program.words.is_none() {
                    let mut properties = Properties::default();
                    self.program.words = Some([false, true].map(|unicode| properties.word(unicode)));
                }
                self.push(Step::At(*anchor));
            }
        }
    }

    fn inner(&mut self, kind: Inner, body: impl FnOnce(&mut Self)) {
        let begin = self.push(Step::Inner { kind, then: 0 });
        body(self);
        self.push(Step::Done);
        self.program.steps[begin] = Step::Inner { kind, then: self.here() };
    }

    fn either(&mut self, nodes: &[Node]) {
        let mut jumps = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.node(node);
                continue;
            }
            let split = self.push(Step::Split(0, 0));
            self.node(node);
            jumps.push(self.push(Step::Jump(0)));
            self.program.steps[split] = Step::Split(split + 1, self.here());
        }
        let end = self.here();
        for jump in jumps {
            self.program.steps[jump] = Step::Jump(end);
        }
    }

    fn repeat(&mut self, body: &Node, min: u32, max: Option<u32>, lazy: bool) {
        let split = |once: usize, end: usize| if lazy { Step::Split(end, once) } else { Step::Split(once, end) };
        let never_empty = body.lengths().0 > 0;
        match (min, max) {
            (0, Some(1)) => {
                let begin = self.push(Step::Split(0, 0));
                self.node(body);
                self.program.steps[begin] = split(begin + 1, self.here());
            }
            (0, None) if never_empty => {
                let begin = self.push(Step::Split(0, 0));
                self.node(body);
                self.push(Step::Jump(begin));
                self.program.steps[begin] = split(begin + 1, self.here());
            }
            (1, None) if never_empty => {
                let begin = self.here();
                self.node(body);
                let after = self.here() + 1;
                self.push(split(begin, after));
            }
            _ => {
                let counter = self.counter();
                self.push(Step::Reset(counter));
                let round = self.push(Step::Jump(0));
                self.push(Step::Count(counter));
                self.node(body);
                self.push(Step::Jump(round));
                self.program.steps[round] = Step::Round { counter, min, max, lazy, end: self.here() };
            }
        }
    }
}
