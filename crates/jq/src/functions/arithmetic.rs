//! What the operators calculate.

use std::sync::Arc;

use crate::budget::Budget;
use crate::error::{Stop, fail};
use crate::functions::strings::split;
use crate::symbols::Operator;
use crate::value::{List, Members, Object, Val, described, equal};

/// The result of `+`, `-`, `*`, `/` or `%`.
pub(crate) fn calculate(budget: &mut Budget, operator: Operator, left: Val, right: Val) -> Result<Val, Stop> {
    match operator {
        Operator::Add => add(budget, left, right),
        Operator::Subtract => subtract(budget, left, right),
        Operator::Multiply => multiply(budget, left, right),
        Operator::Divide => divide(budget, left, right),
        _ => modulo(left, right),
    }
}

fn refuse(left: &Val, right: &Val, what: &str) -> Result<Val, Stop> {
    fail(format!("{} and {} cannot be {what}", described(left), described(right)))
}

pub(super) fn add(budget: &mut Budget, left: Val, right: Val) -> Result<Val, Stop> {
    match (left, right) {
        (Val::Null, other) | (other, Val::Null) => Ok(other),
        (Val::Number(a), Val::Number(b)) => Ok(Val::Number(a + b)),
        (Val::Text(a), Val::Text(b)) => {
            budget.pay_text(a.len() + b.len())?;
            Ok(Val::text([&*a, &*b].concat()))
        }
        (Val::List(mut a), Val::List(b)) => {
            budget.pay(b.items.len())?;
            if Arc::get_mut(&mut a).is_none() {
                budget.pay(a.items.len() / 2)?;
            }
            Ok(List::joined(a, &b))
        }
        (Val::Object(mut a), Val::Object(b)) => {
            budget.pay(b.members.len() * 2)?;
            if Arc::get_mut(&mut a).is_none() {
                budget.pay(a.members.len())?;
            }
            let mut members = Object::taken(a);
            members.extend(b.members.iter().map(|(name, value)| (name.clone(), value.clone())));
            Ok(Val::object(members))
        }
        (left, right) => refuse(&left, &right, "added"),
    }
}

fn subtract(budget: &mut Budget, left: Val, right: Val) -> Result<Val, Stop> {
    match (left, right) {
        (Val::Number(a), Val::Number(b)) => Ok(Val::Number(a - b)),
        (Val::List(a), Val::List(b)) => {
            // Each item is compared with each.
            let size = |list: &List| list.items.iter().map(Val::size).sum::<usize>();
            budget.pay(1 + size(&a).saturating_mul(1 + b.items.len()) / 4 + size(&b))?;
            let kept = a.items.iter().filter(|item| !b.items.iter().any(|other| equal(item, other)));
            Ok(Val::list(kept.cloned().collect()))
        }
        (left, right) => refuse(&left, &right, "subtracted"),
    }
}

fn multiply(budget: &mut Budget, left: Val, right: Val) -> Result<Val, Stop> {
    match (left, right) {
        (Val::Number(a), Val::Number(b)) => Ok(Val::Number(a * b)),
        (Val::Text(text), Val::Number(n)) | (Val::Number(n), Val::Text(text)) => {
            if n.is_nan() || n <= 0.0 {
                return Ok(Val::Null);
            }
            let times = 1 + (n - 1.0) as usize;
            budget.pay(times.saturating_mul(text.len().div_ceil(16)))?;
            Ok(Val::text(text.repeat(if text.is_empty() { 1 } else { times })))
        }
        (Val::Object(a), Val::Object(b)) => {
            budget.pay(Val::Object(Arc::clone(&a)).size() + Val::Object(Arc::clone(&b)).size())?;
            Ok(merged(a, &b))
        }
        (left, right) => refuse(&left, &right, "multiplied"),
    }
}

/// Two objects in one, also where they have objects of the same name.
fn merged(left: Arc<Object>, right: &Object) -> Val {
    let mut members: Members = Object::taken(left);
    for (name, value) in &right.members {
        let both = match (members.get(name), value) {
            (Some(Val::Object(a)), Val::Object(b)) => merged(Arc::clone(a), b),
            _ => value.clone(),
        };
        members.insert(name.clone(), both);
    }
    Val::object(members)
}

fn divide(budget: &mut Budget, left: Val, right: Val) -> Result<Val, Stop> {
    match (left, right) {
        (left @ Val::Number(_), right @ Val::Number(0.0)) => {
            refuse(&left, &right, "divided because the divisor is zero")
        }
        (Val::Number(a), Val::Number(b)) => Ok(Val::Number(a / b)),
        (Val::Text(text), Val::Text(by)) => split(budget, &text, &by),
        (left, right) => refuse(&left, &right, "divided"),
    }
}

/// The remainder of whole numbers. What is too large for one is the smallest, as processors have it.
fn modulo(left: Val, right: Val) -> Result<Val, Stop> {
    let whole = |n: f64| if n.is_nan() || n.abs() >= 9.3e18 { i64::MIN } else { n as i64 };
    match (&left, &right) {
        (Val::Number(a), Val::Number(b)) => match whole(*b) {
            0 => refuse(&left, &right, "divided (remainder) because the divisor is zero"),
            by => Ok(Val::Number(whole(*a).wrapping_rem(by) as f64)),
        },
        _ => refuse(&left, &right, "divided (remainder)"),
    }
}
