//! Functions of numbers.

use super::{Native, both, entry};
use crate::error::{Stop, fail};
use crate::value::{Val, described};

/// A function of one number.
macro_rules! one {
    ($name:literal, $code:expr) => {
        entry($name, 0, |_, input, _| {
            let code: fn(f64) -> f64 = $code;
            Ok(Val::Number(code(float(&input)?)))
        })
    };
}

/// A function of two numbers.
macro_rules! two {
    ($name:literal, $code:expr) => {
        entry($name, 2, |_, _, arguments| {
            let code: fn(f64, f64) -> f64 = $code;
            let (a, b) = both(arguments);
            Ok(Val::Number(code(float(&a)?, float(&b)?)))
        })
    };
}

pub(super) const TABLE: &[Native] = &[
    one!("floor", f64::floor),
    one!("ceil", f64::ceil),
    one!("round", f64::round),
    one!("trunc", f64::trunc),
    one!("rint", f64::round_ties_even),
    one!("nearbyint", f64::round_ties_even),
    one!("sqrt", f64::sqrt),
    one!("cbrt", f64::cbrt),
    one!("fabs", f64::abs),
    one!("sin", f64::sin),
    one!("cos", f64::cos),
    one!("tan", f64::tan),
    one!("asin", f64::asin),
    one!("acos", f64::acos),
    one!("atan", f64::atan),
    one!("sinh", f64::sinh),
    one!("cosh", f64::cosh),
    one!("tanh", f64::tanh),
    one!("asinh", libm::asinh),
    one!("acosh", libm::acosh),
    one!("atanh", libm::atanh),
    one!("exp", f64::exp),
    one!("exp2", f64::exp2),
    one!("exp10", libm::exp10),
    one!("expm1", f64::exp_m1),
    one!("log", f64::ln),
    one!("log2", f64::log2),
    one!("log10", f64::log10),
    one!("log1p", f64::ln_1p),
    one!("logb", |n| exponent(n).map_or_else(|special| special, f64::from)),
    one!("significand", |n| exponent(n).map_or(n, |exponent| libm::scalbn(n, -exponent))),
    one!("gamma", libm::lgamma),
    one!("lgamma", libm::lgamma),
    one!("tgamma", libm::tgamma),
    one!("erf", libm::erf),
    one!("erfc", libm::erfc),
    one!("j0", libm::j0),
    one!("j1", libm::j1),
    one!("y0", libm::y0),
    one!("y1", libm::y1),
    two!("pow", f64::powf),
    two!("atan2", f64::atan2),
    two!("fmod", |a, b| a % b),
    two!("fmin", f64::min),
    two!("fmax", f64::max),
    two!("fdim", libm::fdim),
    two!("hypot", f64::hypot),
    two!("copysign", f64::copysign),
    two!("nextafter", libm::nextafter),
    two!("nexttoward", libm::nextafter),
    two!("remainder", libm::remainder),
    two!("drem", libm::remainder),
    two!("ldexp", |n, by| libm::scalbn(n, by as i32)),
    two!("scalb", |n, by| if by.fract() == 0.0 { libm::scalbn(n, by as i32) } else { f64::NAN }),
    two!("scalbln", |n, by| libm::scalbn(n, by as i32)),
    two!("jn", |order, n| libm::jn(small(order), n)),
    two!("yn", |order, n| libm::yn(small(order), n)),
    entry("fma", 3, |_, _, arguments| match &arguments[..] {
        [a, b, c] => Ok(Val::Number(float(a)?.mul_add(float(b)?, float(c)?))),
        _ => Ok(Val::Null),
    }),
    entry("frexp", 0, |_, input, _| {
        let n = float(&input)?;
        let (fraction, exponent) = if n.is_finite() { libm::frexp(n) } else { (n, 0) };
        Ok(Val::list(vec![fraction.into(), f64::from(exponent).into()]))
    }),
    entry("modf", 0, |_, input, _| {
        let n = float(&input)?;
        let fraction = if n.is_infinite() { 0.0_f64.copysign(n) } else { n.fract().copysign(n) };
        Ok(Val::list(vec![fraction.into(), n.trunc().into()]))
    }),
    entry("lgamma_r", 0, |_, input, _| {
        let (value, sign) = libm::lgamma_r(float(&input)?);
        Ok(Val::list(vec![value.into(), f64::from(sign).into()]))
    }),
    entry("infinite", 0, |_, _, _| Ok(Val::Number(f64::INFINITY))),
    entry("nan", 0, |_, _, _| Ok(Val::Number(f64::NAN))),
    entry("isinfinite", 0, |_, input, _| Ok(is(&input, f64::is_infinite))),
    entry("isnan", 0, |_, input, _| Ok(is(&input, f64::is_nan))),
    entry("isnormal", 0, |_, input, _| Ok(is(&input, f64::is_normal))),
];

pub(super) fn float(value: &Val) -> Result<f64, Stop> {
    match value {
        Val::Number(n) => Ok(*n),
        other => fail(format!("{} number required", described(other))),
    }
}

/// Whether a value is a number of a kind.
fn is(value: &Val, kind: fn(f64) -> bool) -> Val {
    Val::Bool(matches!(value, Val::Number(n) if kind(*n)))
}

/// The order of a Bessel function, whose steps are as many.
fn small(order: f64) -> i32 {
    order.clamp(-1e4, 1e4) as i32
}

/// The exponent of a number as it is kept; what stands in its place if there is none.
fn exponent(n: f64) -> Result<i32, f64> {
    match n {
        _ if n == 0.0 => Err(f64::NEG_INFINITY),
        _ if n.is_infinite() => Err(f64::INFINITY),
        _ if n.is_nan() => Err(n),
        _ => Ok(libm::frexp(n).1 - 1),
    }
}
