//! Takes values apart, and goes on with what they were bound to.

use super::env::{Env, Meaning};
use super::frame::{Choice, Frame, Job, Next, Spot, Then, Todo};
use super::{Machine, Step};
use crate::ast::{Ast, Constant, Pattern, Patterns};
use crate::error::Stop;
use crate::value::Val;

impl<'q> Machine<'q> {
    /// Takes a value apart and goes on.
    pub(super) fn bind(
        &mut self,
        patterns: &'q Patterns,
        value: Val,
        spot: Spot,
        env: Env<'q>,
        then: Then<'q>,
        next: Next<'q>,
    ) -> Result<Step<'q>, Stop> {
        if let [Pattern::Variable(_)] = &patterns.patterns[..] {
            return Ok(Self::then(env.with(Meaning::Value(value)), spot, then, next));
        }
        let job = Job { value, todo: Vec::new(), bound: Vec::new(), spot, env, then, next };
        Ok(self.pattern(0, patterns, Box::new(job)))
    }

    /// Begins with a pattern; those behind it are tried if there is an error.
    pub(super) fn pattern(&mut self, at: usize, patterns: &'q Patterns, mut job: Box<Job<'q>>) -> Step<'q> {
        let Some(pattern) = patterns.patterns.get(at) else { return Step::Back };
        if at + 1 < patterns.patterns.len() {
            self.choices.push(Choice::Patterns { at: at + 1, patterns, job: job.clone() });
        }
        job.bound = vec![Val::Null; patterns.variables];
        job.todo = vec![Todo::Pattern(pattern, job.value.clone())];
        // An error in it is caught like one of a later step.
        Step::Return(Spot::default(), Next::default().after(Frame::Wanted(job)))
    }

    /// Goes on with a job, whose last part wanted the name of a member: `name` is what it got.
    pub(super) fn wanted(&mut self, mut job: Box<Job<'q>>, name: Val) -> Result<Step<'q>, Stop> {
        if let Some(Todo::Named(_, _, wanted)) = job.todo.last_mut() {
            *wanted = name;
        }
        while let Some(todo) = job.todo.pop() {
            self.budget.pay(1)?;
            match todo {
                Todo::Pattern(Pattern::Variable(place), value) => job.bound[*place] = value,
                Todo::Pattern(Pattern::List(items), value) => {
                    let items = items.iter().enumerate().rev();
                    job.todo.extend(items.map(|(index, item)| Todo::Item(item, value.clone(), index)));
                }
                Todo::Pattern(Pattern::Object(members), value) => {
                    job.todo.extend(members.iter().rev().map(|member| Todo::Member(member, value.clone())));
                }
                Todo::Item(pattern, value, index) => {
                    let item = self.part_of(&mut job, value, &index.into())?;
                    job.todo.push(Todo::Pattern(pattern, item));
                }
                Todo::Member(member, value) => {
                    if let Ast::Literal(Constant(name)) = &member.1 {
                        job.todo.push(Todo::Named(member, value, name.clone()));
                        continue;
                    }
                    let (env, input) = (job.env.clone(), Spot { value: value.clone(), track: None });
                    job.todo.push(Todo::Named(member, value, Val::Null));
                    return Ok(Self::begin(&member.1, env, input, Frame::Wanted(job), Next::default()));
                }
                Todo::Named((place, _, inner), value, name) => {
                    let value = self.part_of(&mut job, value, &name)?;
                    if let Some(place) = place {
                        job.bound[*place] = value.clone();
                    }
                    if let Some(inner) = inner {
                        job.todo.push(Todo::Pattern(inner, value));
                    }
                }
            }
        }
        let Job { bound, spot, env, then, next, .. } = *job;
        let env = bound.into_iter().fold(env, |env, value| env.with(Meaning::Value(value)));
        Ok(Self::then(env, spot, then, next))
    }

    /// A part of a value. In `path(..)` jq takes it for a step of the path.
    fn part_of(&mut self, job: &mut Job<'q>, value: Val, index: &Val) -> Result<Val, Stop> {
        let part = self.index(Spot { value, track: job.spot.track.take() }, index, false)?;
        job.spot.track = part.track;
        Ok(part.value)
    }

    /// Goes on in an environment with the variables.
    fn then(env: Env<'q>, spot: Spot, then: Then<'q>, next: Next<'q>) -> Step<'q> {
        match then {
            Then::Body(body) => Step::Eval(body, env, spot, next),
            Then::Reduce { state, update } => {
                // Where the update gives nothing, null stays behind.
                let input = Spot { value: state.take(), track: spot.track };
                Self::begin(update, env, input, Frame::Store(state), Next::default())
            }
            Then::Foreach { state, update, extract } => {
                let input = Spot { value: state.take(), track: spot.track };
                Self::begin(update, env.clone(), input, Frame::Extract { state, extract, env }, next)
            }
        }
    }
}
