//! What the clients ask for: the same for the same seed.

use std::sync::Arc;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::files::{self, File};
use crate::Error;
use crate::tasks::task::Kind;

/// The tenant whose tasks meet an idle system.
pub(super) const IDLE: &str = "idle";
/// The tenant that sends most of all tasks, at once.
pub(super) const FLOOD: &str = "flood";
/// Tenants that send one task each while the flood is there.
pub(super) const SINGLE: &str = "single";
/// A tenant that sends what isn't taken.
const CARELESS: &str = "careless";
/// So many files of each kind are made; many tasks have the same.
const FILES: usize = 6;
/// Words of a text.
const WORDS: std::ops::Range<usize> = 200..1_000;

/// What must come of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A result.
    Result,
    /// It is taken, and errored.
    Errored,
    /// It is refused, with this status.
    Refused(u16),
}

/// A request that a client makes.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) kind: Kind,
    pub(super) tenant: String,
    /// Its Idempotency-Key.
    pub(super) key: String,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    /// What its result is compared with.
    pub(super) file: Arc<File>,
    pub(super) expected: Expected,
}

/// All requests.
pub(super) struct Plan {
    /// One after another, before all others.
    pub(super) idle: Vec<Ask>,
    /// At once.
    pub(super) flood: Vec<Ask>,
    /// One after another, while the flood is there.
    pub(super) single: Vec<Ask>,
}

/// Plans so many requests; `run` makes their keys new ones.
pub(super) fn plan(count: u64, seed: u64, run: &str) -> Result<Plan, Error> {
    let mut chance = StdRng::seed_from_u64(seed);
    let wrong = |why| Error::failed("Can't make a picture", why);
    let mut pictures = Vec::new();
    for _ in 0..FILES {
        pictures.push(Arc::new(files::picture(&mut chance).map_err(wrong)?));
    }
    let texts: Vec<_> = (0..FILES)
        .map(|_| {
            let words = chance.random_range(WORDS);
            Arc::new(files::text(&mut chance, words))
        })
        .collect();
    // A few of each that are alone; of the others one in ten is wrong, and as many are broken.
    let alone = (count / 20).clamp(1, 20).min(count / 3);
    let mut n = 0;
    let mut ask = |tenant: String, kind: Kind| {
        n += 1;
        let files = if kind == Kind::Randomize { &pictures } else { &texts };
        let file = files[chance.random_range(0..files.len())].clone();
        let body = file.bytes().clone();
        let key = format!("{run}-{n}");
        Ask { kind, tenant, key, content_type: kind.takes(), body, file, expected: Expected::Result }
    };
    let kind = |n: u64| if n.is_multiple_of(2) { Kind::Randomize } else { Kind::SumEven };
    let idle = (0..alone).map(|n| ask(IDLE.to_owned(), kind(n))).collect();
    let single = (0..alone).map(|n| ask(format!("{SINGLE}-{}", n + 1), kind(n))).collect();
    let flood = (0..count - 2 * alone).map(|n| {
        let asked = ask(FLOOD.to_owned(), kind(n));
        match n % 20 {
            7 => spoil(asked, n / 20),
            16 => Ask { body: files::broken(&asked.file), expected: Expected::Errored, ..asked },
            _ => asked,
        }
    });
    Ok(Plan { idle, flood: flood.collect(), single })
}

/// Makes a request one that must be refused.
fn spoil(ask: Ask, n: u64) -> Ask {
    let ask = Ask { tenant: CARELESS.to_owned(), ..ask };
    let picture = Ask { kind: Kind::Randomize, content_type: Kind::Randomize.takes(), ..ask.clone() };
    match n % 4 {
        0 => Ask { body: Bytes::from_static(b"GIF89a, which is no PNG"), expected: Expected::Refused(400), ..picture },
        1 => Ask { body: files::too_large(), expected: Expected::Refused(400), ..picture },
        2 => Ask { kind: Kind::SumEven, content_type: "text/html", expected: Expected::Refused(415), ..ask },
        _ => Ask { tenant: "two words".to_owned(), expected: Expected::Refused(400), ..ask },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_requests_as_were_wanted() {
        for count in [1, 2, 3, 20, 21, 200, 1_000] {
            let plan = plan(count, 7, "run").unwrap();
            let all: Vec<_> = plan.idle.iter().chain(&plan.flood).chain(&plan.single).collect();
            assert_eq!(all.len() as u64, count);
            let keys: std::collections::BTreeSet<_> = all.iter().map(|ask| &ask.key).collect();
            assert_eq!(keys.len() as u64, count);
            let refused = all.iter().filter(|ask| matches!(ask.expected, Expected::Refused(_))).count() as u64;
            assert!(count < 20 || refused >= count / 25, "{refused} of {count}");
        }
    }
}
