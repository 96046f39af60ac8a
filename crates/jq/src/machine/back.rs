//! Goes back to the last choice, or ends with an error.

use super::eval::label_error;
use super::frame::{Choice, Next, Spot};
use super::{Machine, Step};
use crate::error::Stop;
use crate::value::{Val, equal};

impl<'q> Machine<'q> {
    /// What the last choice leads to; nothing if there is none left.
    ///
    /// # Errors
    /// That what was gathered is nested too deep.
    pub(super) fn back(&mut self) -> Result<Option<Step<'q>>, Stop> {
        while let Some(choice) = self.choices.pop() {
            match choice {
                Choice::Eval(ast, env, spot, next) => return Ok(Some(Step::Eval(ast, env, spot, next))),
                Choice::Items { of, from, next } => {
                    if let Some(step) = self.item(of, from, next) {
                        return Ok(Some(step));
                    }
                }
                Choice::Range { from, upto, spot, next } => {
                    if from < upto {
                        let value = Val::Number(from);
                        let result = Spot { value, track: spot.track.clone() };
                        self.choices.push(Choice::Range { from: from + 1.0, upto, spot, next: next.clone() });
                        return Ok(Some(Step::Return(result, next)));
                    }
                }
                Choice::Alternative { found, right, env, spot, next } => {
                    if !found.get() {
                        return Ok(Some(Step::Eval(right, env, spot, next)));
                    }
                }
                Choice::Reduced { state, track, next } => {
                    return Ok(Some(Step::Return(Spot { value: state.take(), track }, next)));
                }
                Choice::Gathered { items, track, next } => {
                    let value = self.budget.made(Val::list(items.take()))?;
                    return Ok(Some(Step::Return(Spot { value, track }, next)));
                }
                Choice::Try { .. } | Choice::Label(_) | Choice::Patterns { .. } | Choice::Result(_) => {}
            }
        }
        Ok(None)
    }

    /// One item of a list or an object, and the choice of those behind it.
    fn item(&mut self, of: Spot, from: usize, next: Next<'q>) -> Option<Step<'q>> {
        let (key, value, last) = match &of.value {
            Val::List(list) => (from.into(), list.items.get(from)?.clone(), from + 1 == list.items.len()),
            Val::Object(object) => {
                let (name, value) = object.members.get_index(from)?;
                (Val::Text(name.clone()), value.clone(), from + 1 == object.members.len())
            }
            _ => return None,
        };
        let result = Self::tracked(&of.track, key, value);
        if !last {
            self.choices.push(Choice::Items { of, from: from + 1, next: next.clone() });
        }
        Some(Step::Return(result, next))
    }

    /// What catches an error.
    ///
    /// # Errors
    /// The error, if nothing does.
    pub(super) fn raise(&mut self, error: Val) -> Result<Step<'q>, Val> {
        while let Some(choice) = self.choices.pop() {
            match choice {
                Choice::Try { caught: None, .. } => return Ok(Step::Back),
                Choice::Try { caught: Some(caught), env, track, next } => {
                    return Ok(Step::Eval(caught, env, Spot { value: error, track }, next));
                }
                Choice::Label(label) if equal(&error, &label_error(label)) => return Ok(Step::Back),
                Choice::Patterns { at, patterns, job } => return Ok(self.pattern(at, patterns, job)),
                _ => {}
            }
        }
        Err(error)
    }
}
