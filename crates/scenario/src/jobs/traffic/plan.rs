//! Which requests there are.

use fake::Fake;
use fake::faker::lorem::en::Sentence;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// The tenants, by the subjects of their tokens.
pub(super) const TENANTS: [&str; 3] = ["ann", "bob", "eve"];
/// Of so many requests one asks to fail for ever, one once, and one is wrong.
const ROUND: u64 = 25;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its job is done at once.
    Good,
    /// Its job fails the first time.
    Flaky,
    /// Its job fails for ever.
    Poison,
    /// It has no token.
    NoToken,
    /// Its token is no good.
    BadToken,
    /// Its body is no JSON.
    NoJson,
}

impl Kind {
    /// The status that the request is to be answered with.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Good | Self::Flaky | Self::Poison => 200,
            Self::NoToken => 401,
            Self::BadToken => 403,
            Self::NoJson => 400,
        }
    }
}

/// The `n`th request, of which tenant. Without a way to ask for failures there are none.
pub(super) fn request(n: u64, can_fail: bool) -> (Kind, usize) {
    let kind = match n % ROUND {
        3 if can_fail => Kind::Poison,
        8 if can_fail => Kind::Flaky,
        13 => [Kind::NoToken, Kind::BadToken, Kind::NoJson][(n / ROUND % 3) as usize],
        _ => Kind::Good,
    };
    (kind, (n % TENANTS.len() as u64) as usize)
}

/// The `n`th request's payload; `fail_on` is the member that asks for failures.
pub(super) fn payload(seed: u64, n: u64, kind: Kind, fail_on: Option<&str>) -> String {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let note: String = Sentence(3..12).fake_with_rng(&mut random);
    let region = ["north", "south", "east", "west"][random.random_range(0..4)];
    let mut payload = json!({
        "n": n,
        "region": region,
        "days": random.random_range(1..30),
        "threshold": f64::from(random.random_range(0..1_000)) / 10.0,
        "note": note,
        "tags": [null, true, "näßé \u{1f327}"],
    });
    let member = match kind {
        Kind::Poison => Some(Value::Bool(true)),
        Kind::Flaky => Some(json!(1)),
        _ => None,
    };
    if let (Some(name), Some(value)) = (fail_on, member) {
        payload[name] = value;
    }
    let text = payload.to_string();
    // Cut off, it is none.
    if kind == Kind::NoJson { text[..text.len() - 1].to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_traffic() {
        let all = |seed| (0..100).map(|n| payload(seed, n, request(n, true).0, Some("fail"))).collect::<Vec<_>>();
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        let of = |kind| (0..100).filter(|n| request(*n, true).0 == kind).count();
        assert_eq!((of(Kind::Poison), of(Kind::Flaky), of(Kind::Good)), (4, 4, 88));
        assert_eq!((of(Kind::NoToken), of(Kind::BadToken), of(Kind::NoJson)), (2, 1, 1));
        assert!((0..100).all(|n| !matches!(request(n, false).0, Kind::Poison | Kind::Flaky)));
    }
}
