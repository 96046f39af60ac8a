//! What decides which filter runs: `and`, `or`, `//`, `if`, `try`, `reduce` and variables.

use serde_json::Value;

use super::{Out, Run};
use crate::ast::Ast;
use crate::error::{Done, Stop};
use crate::value::truthy;

impl Run {
    /// Runs `body` with a variable in scope.
    pub(super) fn with<T>(&mut self, name: &str, value: Value, body: impl FnOnce(&mut Self) -> T) -> T {
        self.variables.push((name.to_owned(), value));
        let result = body(self);
        self.variables.pop();
        result
    }

    /// `and` and `or`: the right side is asked only if the left one does not decide.
    pub(super) fn logic(&mut self, decisive: bool, left: &Ast, right: &Ast, input: &Value, out: Out<'_>) -> Done {
        self.eval(left, input, &mut |run, left| {
            if truthy(&left) == decisive {
                return out(run, decisive.into());
            }
            run.eval(right, input, &mut |run, right| out(run, truthy(&right).into()))
        })
    }

    /// `left // right`: the results of `left` that are neither null nor false; if there are none, those of `right`.
    pub(super) fn alternative(&mut self, left: &Ast, right: &Ast, input: &Value, out: Out<'_>) -> Done {
        let mut any = false;
        let done = self.eval(left, input, &mut |run, value| {
            if truthy(&value) {
                any = true;
                return out(run, value).map_err(|stop| Stop::Outside(Box::new(stop)));
            }
            Ok(())
        });
        match done {
            Err(Stop::Outside(stop)) => Err(*stop),
            Ok(()) | Err(Stop::Error(_)) if any => Ok(()),
            Ok(()) | Err(Stop::Error(_)) => self.eval(right, input, out),
            stop => stop,
        }
    }

    /// `if .. then .. elif .. else .. end`
    pub(super) fn branch(&mut self, branches: &[(Ast, Ast)], otherwise: &Ast, input: &Value, out: Out<'_>) -> Done {
        let Some(((condition, then), rest)) = branches.split_first() else {
            return self.eval(otherwise, input, out);
        };
        self.eval(condition, input, &mut |run, value| {
            if truthy(&value) { run.eval(then, input, out) } else { run.branch(rest, otherwise, input, out) }
        })
    }

    /// `try body catch ..`; without `catch` the error is dropped. An error of `out` is not the body's: it passes.
    pub(super) fn attempt(&mut self, body: &Ast, catch: Option<&Ast>, input: &Value, out: Out<'_>) -> Done {
        let done =
            self.eval(body, input, &mut |run, value| out(run, value).map_err(|stop| Stop::Outside(Box::new(stop))));
        match (done, catch) {
            (Err(Stop::Outside(stop)), _) => Err(*stop),
            (Err(Stop::Error(_)), None) => Ok(()),
            (Err(Stop::Error(message)), Some(catch)) => self.eval(catch, &message, out),
            (done, _) => done,
        }
    }

    /// `reduce source as $variable (init; update)`
    pub(super) fn reduce(
        &mut self,
        source: &Ast,
        variable: &str,
        init: &Ast,
        update: &Ast,
        input: &Value,
        out: Out<'_>,
    ) -> Done {
        self.eval(init, input, &mut |run, start| {
            let mut state = start;
            run.eval(source, input, &mut |run, value| {
                let before = std::mem::take(&mut state);
                run.with(variable, value, |run| {
                    run.eval(update, &before, &mut |_, next| {
                        state = next;
                        Ok(())
                    })
                })
            })?;
            out(run, state)
        })
    }
}
