//! Begins a filter on an input.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::env::{Env, Meaning};
use super::frame::{Choice, Frame, Next, Spot, Then, Track};
use super::{Machine, Step};
use crate::ast::{Ast, Constant, Definition, Format, TextPart};
use crate::error::Stop;
use crate::functions;
use crate::value::{Members, Val};

impl<'q> Machine<'q> {
    /// Begins a filter.
    pub(super) fn eval(&mut self, ast: &'q Ast, env: Env<'q>, spot: Spot, next: Next<'q>) -> Result<Step<'q>, Stop> {
        Ok(match ast {
            Ast::Identity => Step::Return(spot, next),
            Ast::Literal(Constant(value)) => Step::Return(spot.with(value.clone()), next),
            Ast::Variable(distance) => match env.at(*distance).meaning() {
                Some(Meaning::Value(value)) => Step::Return(spot.with(value.clone()), next),
                _ => Step::Return(spot.with(Val::Null), next),
            },
            Ast::Empty => Step::Back,
            Ast::Pipe(left, right) => Self::begin(left, env.clone(), spot, Frame::Pipe(right, env), next),
            Ast::Comma(left, right) => {
                self.choices.push(Choice::Eval(right, env.clone(), spot.clone(), next.clone()));
                Step::Eval(left, env, spot, next)
            }
            Ast::Index { base, index, optional } => {
                if let Ast::Literal(Constant(index)) = &**index {
                    let frame = Frame::Indexed { index: index.clone(), optional: *optional };
                    return Ok(Self::begin(base, env, spot, frame, next));
                }
                let untracked = spot.untracked();
                let frame = Frame::Index { base, env: env.clone(), spot, optional: *optional };
                Self::begin(index, env, untracked, frame, next)
            }
            Ast::Slice { base, from, to, optional } => {
                let untracked = spot.untracked();
                let frame = Frame::From { base, to: to.as_deref(), env: env.clone(), spot, optional: *optional };
                match from {
                    Some(from) => Self::begin(from, env, untracked, frame, next),
                    None => Step::Return(Spot::default(), next.after(frame)),
                }
            }
            Ast::Iterate { base, optional } => {
                Self::begin(base, env, spot, Frame::Iterate { optional: *optional }, next)
            }
            Ast::Format(Format::Text) if matches!(spot.value, Val::Text(_)) => Step::Return(spot, next),
            Ast::Format(format) => {
                let text = functions::format(&mut self.budget, format, &spot.value)?;
                Step::Return(spot.with(Val::text(text)), next)
            }
            Ast::Text(parts, format) => self.part(parts, format, env, spot, String::new(), next)?,
            Ast::List(None) => Step::Return(spot.with(Val::list(Vec::new())), next),
            Ast::List(Some(inner)) => {
                let items = Rc::new(RefCell::new(Vec::new()));
                let track = spot.track.clone();
                self.choices.push(Choice::Gathered { items: Rc::clone(&items), track, next });
                Self::begin(inner, env, spot, Frame::Item(items), Next::default())
            }
            Ast::Object(entries) => self.entry(entries, env, spot, Members::default(), next)?,
            Ast::Negate(inner) => Self::begin(inner, env, spot, Frame::Negate, next),
            Ast::Binary(operator, left, right) => {
                let untracked = spot.untracked();
                let frame = Frame::Right { operator: *operator, left, env: env.clone(), spot };
                Self::begin(right, env, untracked, frame, next)
            }
            Ast::Logic { decides, left, right } => {
                let frame = Frame::Logic { decides: *decides, right, env: env.clone(), input: spot.value.clone() };
                Self::begin(left, env, spot, frame, next)
            }
            Ast::If { condition, yes, no } => {
                let untracked = spot.untracked();
                Self::begin(condition, env.clone(), untracked, Frame::If { yes, no, env, spot }, next)
            }
            Ast::Native(native, arguments) => self.argument(native, arguments, env, spot, Vec::new(), next)?,
            _ => self.eval_control(ast, env, spot, next)?,
        })
    }

    /// Begins a filter that leads elsewhere.
    fn eval_control(&mut self, ast: &'q Ast, env: Env<'q>, spot: Spot, next: Next<'q>) -> Result<Step<'q>, Stop> {
        Ok(match ast {
            Ast::Alternative(left, right) => {
                let found = Rc::new(Cell::new(false));
                self.choices.push(Choice::Alternative {
                    found: Rc::clone(&found),
                    right,
                    env: env.clone(),
                    spot: spot.clone(),
                    next: next.clone(),
                });
                Self::begin(left, env, spot, Frame::Alternative(found), next)
            }
            Ast::Try(body, caught) => {
                let (caught, track) = (caught.as_deref(), spot.track.clone());
                self.choices.push(Choice::Try { caught, env: env.clone(), track, next: next.clone() });
                Step::Eval(body, env, spot, next)
            }
            Ast::Reduce { init, .. } | Ast::Foreach { init, .. } => {
                let frame =
                    Frame::Init { looped: ast, env: env.clone(), input: Rc::new(RefCell::new(spot.value.clone())) };
                Self::begin(init, env, spot, frame, next)
            }
            Ast::Bind { source, patterns, body } => {
                let untracked = spot.untracked();
                let frame = Frame::Bind { patterns, env: env.clone(), spot, then: Then::Body(body) };
                Self::begin(source, env, untracked, frame, next)
            }
            Ast::Define(definition, rest) => Step::Eval(rest, env.with(Meaning::Function(definition)), spot, next),
            Ast::Label(body) => {
                let label = self.labels;
                self.labels += 1;
                self.choices.push(Choice::Label(label));
                Step::Eval(body, env.with(Meaning::Label(label)), spot, next)
            }
            Ast::Break(distance) => match env.at(*distance).meaning() {
                Some(Meaning::Label(label)) => return Err(Stop::Error(label_error(*label))),
                _ => Step::Back,
            },
            Ast::Call(distance, arguments) => {
                let outer = env.at(*distance);
                match outer.meaning() {
                    Some(Meaning::Filter(filter, around)) => Step::Eval(filter, around.clone(), spot, next),
                    Some(Meaning::Function(definition)) => {
                        self.call(definition, outer.clone(), arguments, &env, spot, next)?
                    }
                    _ => Step::Back,
                }
            }
            Ast::Global(number, arguments) => {
                let globals = self.globals;
                match globals.get(*number) {
                    Some(definition) => self.call(definition, Env::default(), arguments, &env, spot, next)?,
                    None => Step::Back,
                }
            }
            Ast::Path(body) => {
                let track = Track { path: Vec::new(), at: spot.value.clone() };
                let inner = Spot { value: spot.value, track: Some(Rc::new(track)) };
                Self::begin(body, env, inner, Frame::PathEnd(spot.track), next)
            }
            Ast::GetPath(path) => {
                let untracked = spot.untracked();
                Self::begin(path, env, untracked, Frame::GetPath(spot), next)
            }
            Ast::Range(from, upto) => {
                let untracked = spot.untracked();
                Self::begin(from, env.clone(), untracked, Frame::RangeFrom { upto, env, spot }, next)
            }
            _ => Step::Back,
        })
    }

    /// Calls a function, with the filters that are given for its parameters.
    fn call(
        &mut self,
        definition: &'q Definition,
        outer: Env<'q>,
        arguments: &'q [Ast],
        env: &Env<'q>,
        spot: Spot,
        next: Next<'q>,
    ) -> Result<Step<'q>, Stop> {
        self.budget.pay(arguments.len())?;
        let mut inner = outer;
        for argument in arguments {
            // A parameter that is handed on stays what it was, so that recursion makes no chain of it.
            let handed = match argument {
                Ast::Call(distance, none) if none.is_empty() => match env.at(*distance).meaning() {
                    Some(meaning @ Meaning::Filter(..)) => Some(meaning.clone()),
                    _ => None,
                },
                _ => None,
            };
            inner = inner.with(handed.unwrap_or_else(|| Meaning::Filter(argument, env.clone())));
        }
        Ok(Step::Eval(&definition.body, inner, spot, next))
    }

    /// Goes on with a function's arguments, from the last to the first, and calls it when it has all.
    pub(super) fn argument(
        &mut self,
        native: &'static functions::Native,
        arguments: &'q [Ast],
        env: Env<'q>,
        spot: Spot,
        known: Vec<Val>,
        next: Next<'q>,
    ) -> Result<Step<'q>, Stop> {
        if let Some((last, before)) = arguments.split_last() {
            let untracked = spot.untracked();
            let frame = Frame::Argument { native, arguments: before, env: env.clone(), spot, known };
            return Ok(Self::begin(last, env, untracked, frame, next));
        }
        let value = native.call(&mut self.budget, spot.value, known)?;
        let value = self.budget.made(value)?;
        Ok(Step::Return(Spot { value, track: spot.track }, next))
    }

    /// Goes on with the parts of a string, from the last to the first.
    pub(super) fn part(
        &mut self,
        parts: &'q [TextPart],
        format: &'q Format,
        env: Env<'q>,
        spot: Spot,
        mut behind: String,
        next: Next<'q>,
    ) -> Result<Step<'q>, Stop> {
        let mut parts = parts;
        while let Some((last, before)) = parts.split_last() {
            parts = before;
            match last {
                TextPart::Literal(text) => behind.insert_str(0, text),
                TextPart::Interpolated(ast) => {
                    let untracked = spot.untracked();
                    let frame = Frame::Part { parts, format, env: env.clone(), spot, behind };
                    return Ok(Self::begin(ast, env, untracked, frame, next));
                }
            }
        }
        self.budget.pay_text(behind.len())?;
        Ok(Step::Return(spot.with(Val::text(behind)), next))
    }

    /// Goes on with the entries of an object.
    pub(super) fn entry(
        &mut self,
        entries: &'q [(Ast, Ast)],
        env: Env<'q>,
        spot: Spot,
        members: Members,
        next: Next<'q>,
    ) -> Result<Step<'q>, Stop> {
        match entries.first() {
            Some((key, _)) => {
                let untracked = spot.untracked();
                Ok(Self::begin(key, env.clone(), untracked, Frame::Key { entries, env, spot, members }, next))
            }
            None => {
                self.budget.pay(members.len())?;
                let object = self.budget.made(Val::object(members))?;
                Ok(Step::Return(spot.with(object), next))
            }
        }
    }
}

/// The error that a `break` raises.
pub(super) fn label_error(label: usize) -> Val {
    Val::of_members([("__jq", label.into())])
}

impl Spot {
    /// The same place with another value there.
    pub(super) fn with(self, value: Val) -> Self {
        Self { value, track: self.track }
    }

    /// The value alone.
    pub(super) fn untracked(&self) -> Self {
        Self { value: self.value.clone(), track: None }
    }
}
