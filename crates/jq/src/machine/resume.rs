//! Goes on with a result.

use std::cell::RefCell;
use std::rc::Rc;

use super::env::Env;
use super::frame::{Choice, Frame, Next, Spot, Then};
use super::{Machine, Step};
use crate::ast::{Ast, Operator};
use crate::error::{Stop, fail};
use crate::functions;
use crate::value::{Val, compare, described};

impl<'q> Machine<'q> {
    /// Does what a frame says with a result.
    pub(super) fn resume(&mut self, frame: Frame<'q>, result: Spot, next: Next<'q>) -> Result<Step<'q>, Stop> {
        Ok(match frame {
            Frame::Taken => Step::Back,
            Frame::Pipe(right, env) => Step::Eval(right, env, result, next),
            Frame::Index { base, env, spot, optional } => {
                Self::begin(base, env, spot, Frame::Indexed { index: result.value, optional }, next)
            }
            Frame::Indexed { index, optional } => Step::Return(self.index(result, &index, optional)?, next),
            Frame::From { base, to, env, spot, optional } => {
                let untracked = spot.untracked();
                let frame = Frame::To { base, from: result.value, env: env.clone(), spot, optional };
                match to {
                    Some(to) => Self::begin(to, env, untracked, frame, next),
                    None => Step::Return(Spot::default(), next.after(frame)),
                }
            }
            Frame::To { base, from, env, spot, optional } => {
                let index = Val::of_members([("start", from), ("end", result.value)]);
                Self::begin(base, env, spot, Frame::Indexed { index, optional }, next)
            }
            Frame::Iterate { optional } => self.iterate(result, optional, next)?,
            Frame::Item(items) => {
                items.borrow_mut().push(result.value);
                Step::Back
            }
            Frame::Key { entries, env, spot, members } => {
                let Some((_, value)) = entries.first() else { return Ok(Step::Back) };
                let untracked = spot.untracked();
                let frame = Frame::Member { key: result.value, entries, env: env.clone(), spot, members };
                Self::begin(value, env, untracked, frame, next)
            }
            Frame::Member { key, entries, env, spot, mut members } => {
                let Val::Text(key) = key else {
                    return fail(format!("Cannot use {} as object key", described(&key)));
                };
                self.budget.pay(1 + members.len() / 4)?;
                members.insert(key, result.value);
                self.entry(entries.get(1..).unwrap_or_default(), env, spot, members, next)?
            }
            Frame::Part { parts, format, env, spot, mut behind } => {
                let text = functions::format(&mut self.budget, format, &result.value)?;
                self.budget.pay_text(text.len() + behind.len())?;
                behind.insert_str(0, &text);
                self.part(parts, format, env, spot, behind, next)?
            }
            Frame::Right { operator, left, env, spot } => {
                let frame = Frame::Left { operator, right: result.value, spot: Spot::default() };
                // The input is handed on, so that what only the left side holds can be changed in place.
                match spot.track {
                    None => Self::begin(left, env, spot, frame, next),
                    Some(_) => {
                        let untracked = spot.untracked();
                        let frame = match frame {
                            Frame::Left { operator, right, .. } => Frame::Left { operator, right, spot },
                            other => other,
                        };
                        Self::begin(left, env, untracked, frame, next)
                    }
                }
            }
            Frame::Left { operator, right, spot } => {
                let value = self.operate(operator, result.value, right)?;
                Step::Return(spot.with(value), next)
            }
            other => self.resume_operand(other, result, next)?,
        })
    }

    /// The same for operands and conditions.
    fn resume_operand(&mut self, frame: Frame<'q>, result: Spot, next: Next<'q>) -> Result<Step<'q>, Stop> {
        Ok(match frame {
            Frame::Negate => match result.value {
                Val::Number(n) => Step::Return(result.with(Val::Number(-n)), next),
                ref other => return fail(format!("{} cannot be negated", described(other))),
            },
            Frame::Logic { decides, right, env, input } => {
                if result.value.truthy() == decides {
                    return Ok(Step::Return(result.with(decides.into()), next));
                }
                Self::begin(right, env, Spot { value: input, track: result.track }, Frame::Truth, next)
            }
            Frame::Truth => {
                let truth = result.value.truthy();
                Step::Return(result.with(truth.into()), next)
            }
            Frame::If { yes, no, env, spot } => {
                let branch = if result.value.truthy() { yes } else { no };
                Step::Eval(branch, env, spot, next)
            }
            Frame::Alternative(found) => {
                if !result.value.truthy() {
                    return Ok(Step::Back);
                }
                found.set(true);
                Step::Return(result, next)
            }
            other => self.resume_control(other, result, next)?,
        })
    }

    /// The same for what loops, binds and calls.
    fn resume_control(&mut self, frame: Frame<'q>, result: Spot, next: Next<'q>) -> Result<Step<'q>, Stop> {
        Ok(match frame {
            Frame::Bind { patterns, env, spot, then } => self.bind(patterns, result.value, spot, env, then, next)?,
            Frame::Wanted(job) => self.wanted(job, result.value)?,
            Frame::Init { looped, env, input } => self.looped(looped, env, input.take(), result, next)?,
            Frame::Source { patterns, env, then } => {
                let Spot { value, track } = result;
                self.bind(patterns, value, Spot { value: Val::Null, track }, env, then, next)?
            }
            Frame::Store(state) => {
                state.replace(result.value);
                Step::Back
            }
            Frame::Extract { state, extract, env } => {
                state.replace(result.value.clone());
                match extract {
                    Some(extract) => Step::Eval(extract, env, result, next),
                    None => Step::Return(result, next),
                }
            }
            Frame::Argument { native, arguments, env, spot, mut known } => {
                known.insert(0, result.value);
                self.argument(native, arguments, env, spot, known, next)?
            }
            Frame::PathEnd(outer) => Step::Return(Spot { value: Self::path(&result)?, track: outer }, next),
            Frame::GetPath(spot) => Step::Return(self.get_path(spot, &result.value)?, next),
            Frame::RangeFrom { upto, env, spot } => {
                let untracked = spot.untracked();
                Self::begin(upto, env, untracked, Frame::RangeUpto { from: result.value, spot }, next)
            }
            Frame::RangeUpto { from, spot } => match (from, result.value) {
                (Val::Number(from), Val::Number(upto)) => {
                    self.choices.push(Choice::Range { from, upto, spot, next });
                    Step::Back
                }
                _ => return fail("Range bounds must be numeric"),
            },
            _ => Step::Back,
        })
    }

    /// Begins a loop with a first state.
    fn looped(
        &mut self,
        looped: &'q Ast,
        env: Env<'q>,
        input: Val,
        init: Spot,
        next: Next<'q>,
    ) -> Result<Step<'q>, Stop> {
        let state = Rc::new(RefCell::new(init.value));
        let input = Spot { value: input, track: init.track.clone() };
        Ok(match looped {
            Ast::Reduce { source, patterns, update, .. } => {
                let then = Then::Reduce { state: Rc::clone(&state), update };
                self.choices.push(Choice::Reduced { state, track: init.track, next });
                Self::begin(source, env.clone(), input, Frame::Source { patterns, env, then }, Next::default())
            }
            Ast::Foreach { source, patterns, update, extract, .. } => {
                let then = Then::Foreach { state, update, extract: extract.as_deref() };
                Self::begin(source, env.clone(), input, Frame::Source { patterns, env, then }, next)
            }
            _ => Step::Back,
        })
    }

    /// A comparison, or a calculation.
    fn operate(&mut self, operator: Operator, left: Val, right: Val) -> Result<Val, Stop> {
        let compares = !matches!(
            operator,
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo
        );
        if !compares {
            let value = functions::calculate(&mut self.budget, operator, left, right)?;
            return self.budget.made(value);
        }
        self.budget.pay(left.size().min(right.size()))?;
        let order = compare(&left, &right);
        Ok(Val::Bool(match operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        }))
    }
}
