//! A pattern as a program: steps one after the other, with jumps.

use crate::class::{Class, Fold};
use crate::node::{Anchor, Greed, Node, Parsed};
use crate::property::Properties;

/// One step of a program. Steps are named by their place in it.
#[derive(Debug)]
pub(crate) enum Step {
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
    /// The match begins here.
    Keep,
    /// Goes on if the match has a character.
    NotEmpty,
    /// Goes on if it is at the position that a counter wrote down.
    Meet(usize),
    Done,
}

/// What is done with steps that run by themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inner {
    /// They match, once and for all.
    Atomic,
    /// They would match from here on.
    Ahead { negated: bool },
    /// They would match up to here, from so many characters before; the counter keeps the position.
    Behind { negated: bool, lengths: (usize, usize), counter: usize },
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Program {
    pub steps: Vec<Step>,
    /// Groups, the whole included.
    pub groups: usize,
    pub counters: usize,
    /// The characters of words, as `\b` sees them without and with flag `U`.
    pub words: Option<[Class; 3]>,
    /// See [`Parsed::keeps`].
    pub keeps: bool,
}

/// What a match has to be, beside what the pattern says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of the text.
    Whole,
    Any,
    /// One character at least.
    NotEmpty,
}

/// Compiles a pattern.
pub(crate) fn compile(parsed: &Parsed, wanted: Wanted) -> Program {
    let program = Program { steps: Vec::new(), groups: parsed.groups, counters: 0, words: None, keeps: parsed.keeps };
    let mut compiler = Compiler { program, properties: Properties::of(parsed.unicode) };
    compiler.node(&parsed.root);
    match wanted {
        Wanted::Whole => drop(compiler.push(Step::At(Anchor::VeryEnd))),
        Wanted::NotEmpty => drop(compiler.push(Step::NotEmpty)),
        Wanted::Any => {}
    }
    compiler.push(Step::Done);
    compiler.program
}

struct Compiler {
    program: Program,
    properties: Properties,
}

/// `\R`: two characters or one.
fn line_end() -> Node {
    let pair = ['\r', '\n'].map(|c| Node::One(Class::of(&[(c, c)])));
    let ends = Class::of(&[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]);
    Node::Either(vec![Node::Sequence(pair.into()), Node::One(ends)])
}

/// `\X`: an extended grapheme cluster, as Unicode's annex 29 writes it as a regular expression.
fn cluster(properties: &mut Properties) -> Node {
    let mut one = |class: &str| Node::One(properties.known(class));
    let many = |node: Node, min: u32| Node::Repeat {
        body: Box::new(node),
        min,
        max: None,
        greed: Greed::Greedy,
        counted: false,
    };
    let extend = r"\p{gcb=Extend}";
    let pictures = Node::Sequence(vec![
        one(r"\p{Extended_Pictographic}"),
        many(Node::Sequence(vec![many(one(extend), 0), one(r"\p{gcb=ZWJ}"), one(r"\p{Extended_Pictographic}")]), 0),
    ]);
    let flag = Node::Sequence(vec![one(r"\p{gcb=Regional_Indicator}"), one(r"\p{gcb=Regional_Indicator}")]);
    let syllable = Node::Sequence(vec![
        many(one(r"\p{gcb=L}"), 0),
        Node::Either(vec![
            many(one(r"\p{gcb=V}"), 1),
            Node::Sequence(vec![one(r"\p{gcb=LV}"), many(one(r"\p{gcb=V}"), 0)]),
            one(r"\p{gcb=LVT}"),
        ]),
        many(one(r"\p{gcb=T}"), 0),
    ]);
    let (leads, trails) = (many(one(r"\p{gcb=L}"), 1), many(one(r"\p{gcb=T}"), 1));
    let any = one(r"[^\p{gcb=Control}\r\n]");
    let core = Node::Either(vec![syllable, leads, trails, flag, pictures, any]);
    let before = many(one(r"\p{gcb=Prepend}"), 0);
    let behind = many(one(r"[\p{gcb=Extend}\p{gcb=ZWJ}\p{gcb=SpacingMark}]"), 0);
    let whole = Node::Sequence(vec![before, core, behind]);
    let pair = ['\r', '\n'].map(|c| Node::One(Class::of(&[(c, c)])));
    Node::Either(vec![Node::Sequence(pair.into()), whole, Node::One(Class::of(&[('\0', char::MAX)]))])
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
            Node::LineEnd => self.node(&line_end()),
            Node::Cluster => {
                let cluster = cluster(&mut self.properties);
                self.inner(Inner::Atomic, |compiler| compiler.node(&cluster));
            }
            Node::Keep => drop(self.push(Step::Keep)),
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
            Node::Repeat { body, min, max, greed: Greed::Possessive, .. } => {
                self.inner(Inner::Atomic, |compiler| compiler.repeat(body, *min, *max, false));
            }
            Node::Repeat { body, min, max, greed, .. } => self.repeat(body, *min, *max, *greed == Greed::Lazy),
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
                    let words = [false, true].map(|unicode| self.properties.word(unicode));
                    let [plain, unicode] = words;
                    let marks = self.properties.known(r"\p{Mn}");
                    self.program.words = Some([plain, unicode, marks]);
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
