//! What is done with a result, and what is left to try.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::env::Env;
use crate::ast::{Ast, Format, Operator, Pattern, Patterns, TextPart};
use crate::functions::Native;
use crate::value::{Members, Val};

/// A value, and how it was come by if that is wanted.
#[derive(Clone, Default)]
pub(super) struct Spot {
    pub value: Val,
    pub track: Option<Rc<Track>>,
}

/// A path, and what lies there.
pub(super) struct Track {
    pub path: Vec<Val>,
    pub at: Val,
}

/// Where a `reduce` or `foreach` keeps its state.
pub(super) type State = Rc<RefCell<Val>>;

/// What is done with a result.
#[derive(Clone)]
pub(super) enum Frame<'q> {
    /// Nothing: it was taken.
    Taken,
    /// `.. | filter`
    Pipe(&'q Ast, Env<'q>),
    /// It is an index; what is to be indexed comes next.
    Index {
        base: &'q Ast,
        env: Env<'q>,
        spot: Spot,
        optional: bool,
    },
    /// It is to be indexed.
    Indexed {
        index: Val,
        optional: bool,
    },
    /// It is the beginning of a slice.
    From {
        base: &'q Ast,
        to: Option<&'q Ast>,
        env: Env<'q>,
        spot: Spot,
        optional: bool,
    },
    /// It is the end of a slice.
    To {
        base: &'q Ast,
        from: Val,
        env: Env<'q>,
        spot: Spot,
        optional: bool,
    },
    Iterate {
        optional: bool,
    },
    /// It is an item of a list.
    Item(Rc<RefCell<Vec<Val>>>),
    /// It is a key of an object.
    Key {
        entries: &'q [(Ast, Ast)],
        env: Env<'q>,
        spot: Spot,
        members: Members,
    },
    /// It is the value of a key.
    Member {
        key: Val,
        entries: &'q [(Ast, Ast)],
        env: Env<'q>,
        spot: Spot,
        members: Members,
    },
    /// It is the last part of a string's parts that isn't known yet.
    Part {
        parts: &'q [TextPart],
        format: &'q Format,
        env: Env<'q>,
        spot: Spot,
        behind: String,
    },
    /// It is the right operand.
    Right {
        operator: Operator,
        left: &'q Ast,
        env: Env<'q>,
        spot: Spot,
    },
    /// It is the left operand.
    Left {
        operator: Operator,
        right: Val,
        spot: Spot,
    },
    Negate,
    /// It is the left operand of `and` or `or`.
    Logic {
        decides: bool,
        right: &'q Ast,
        env: Env<'q>,
        input: Val,
    },
    Truth,
    If {
        yes: &'q Ast,
        no: &'q Ast,
        env: Env<'q>,
        spot: Spot,
    },
    /// It is a result of the left side of `//`.
    Alternative(Rc<Cell<bool>>),
    /// It is to be taken apart.
    Bind {
        patterns: &'q Patterns,
        env: Env<'q>,
        spot: Spot,
        then: Then<'q>,
    },
    /// It is the name of a member that a pattern wants.
    Wanted(Box<Job<'q>>),
    /// It is the state that a loop begins with. The input is there for the first of several states; then it is null, as in
    /// jq 1.6.
    Init {
        looped: &'q Ast,
        env: Env<'q>,
        input: State,
    },
    /// It is a source's item for a loop.
    Source {
        patterns: &'q Patterns,
        env: Env<'q>,
        then: Then<'q>,
    },
    /// It is the new state of a `reduce`.
    Store(State),
    /// It is the new state of a `foreach`.
    Extract {
        state: State,
        extract: Option<&'q Ast>,
        env: Env<'q>,
    },
    /// It is an argument; those before it come next.
    Argument {
        native: &'static Native,
        arguments: &'q [Ast],
        env: Env<'q>,
        spot: Spot,
        known: Vec<Val>,
    },
    /// It is what a path leads to.
    PathEnd(Option<Rc<Track>>),
    /// It is the path of `getpath`.
    GetPath(Spot),
    RangeFrom {
        upto: &'q Ast,
        env: Env<'q>,
        spot: Spot,
    },
    RangeUpto {
        from: Val,
        spot: Spot,
    },
}

/// What is left to try.
pub(super) enum Choice<'q> {
    Eval(&'q Ast, Env<'q>, Spot, Next<'q>),
    /// The items of a list or an object from this one on.
    Items {
        of: Spot,
        from: usize,
        next: Next<'q>,
    },
    /// Numbers from this one on.
    Range {
        from: f64,
        upto: f64,
        spot: Spot,
        next: Next<'q>,
    },
    /// Nothing; but if there is an error, its handler.
    Try {
        caught: Option<&'q Ast>,
        env: Env<'q>,
        track: Option<Rc<Track>>,
        next: Next<'q>,
    },
    /// Nothing; but if there is an error that names the label, it ends here.
    Label(usize),
    /// The right side of `//`, unless the left had a result.
    Alternative {
        found: Rc<Cell<bool>>,
        right: &'q Ast,
        env: Env<'q>,
        spot: Spot,
        next: Next<'q>,
    },
    /// Nothing; but if there is an error, the patterns from this one on.
    Patterns {
        at: usize,
        patterns: &'q Patterns,
        job: Box<Job<'q>>,
    },
    /// What a `reduce` has come to.
    Reduced {
        state: State,
        track: Option<Rc<Track>>,
        next: Next<'q>,
    },
    /// What has been gathered in a list.
    Gathered {
        items: Rc<RefCell<Vec<Val>>>,
        track: Option<Rc<Track>>,
        next: Next<'q>,
    },
    /// A result of the run, for whoever asked for it.
    Result(Val),
}

/// The frames that wait for a result, the next first.
#[derive(Clone, Default)]
pub(super) struct Next<'q>(Option<Rc<Waiting<'q>>>);

struct Waiting<'q> {
    frame: Frame<'q>,
    next: Next<'q>,
}

impl<'q> Next<'q> {
    /// With a frame before the others.
    pub(super) fn after(self, frame: Frame<'q>) -> Self {
        Self(Some(Rc::new(Waiting { frame, next: self })))
    }

    /// The first frame and the others.
    pub(super) fn take(mut self) -> Result<(Frame<'q>, Next<'q>), ()> {
        let waiting = self.0.take().ok_or(())?;
        Ok(match Rc::try_unwrap(waiting) {
            Ok(mut own) => (std::mem::replace(&mut own.frame, Frame::Taken), std::mem::take(&mut own.next)),
            Err(shared) => (shared.frame.clone(), shared.next.clone()),
        })
    }
}

// A long list is freed without recursion.
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut next = self.next.0.take();
        while let Some(waiting) = next {
            match Rc::try_unwrap(waiting) {
                Ok(mut own) => next = own.next.0.take(),
                Err(_) => break,
            }
        }
    }
}

/// What is done with what was bound.
#[derive(Clone)]
pub(super) enum Then<'q> {
    Body(&'q Ast),
    Reduce { state: State, update: &'q Ast },
    Foreach { state: State, update: &'q Ast, extract: Option<&'q Ast> },
}

/// A member of an object pattern.
pub(super) type Member<'q> = &'q (Option<usize>, Ast, Option<Pattern>);

/// Something that is still to be taken apart.
#[derive(Clone)]
pub(super) enum Todo<'q> {
    Pattern(&'q Pattern, Val),
    /// An item of a list, by its number.
    Item(&'q Pattern, Val, usize),
    Member(Member<'q>, Val),
    /// The member of this name, which was looked for.
    Named(Member<'q>, Val, Val),
}

/// A value that is being taken apart.
#[derive(Clone)]
pub(super) struct Job<'q> {
    /// The whole value.
    pub(super) value: Val,
    /// What comes next is last.
    pub(super) todo: Vec<Todo<'q>>,
    /// The variables so far.
    pub(super) bound: Vec<Val>,
    pub(super) spot: Spot,
    pub(super) env: Env<'q>,
    pub(super) then: Then<'q>,
    pub(super) next: Next<'q>,
}
