//! How the kinds of events are mixed in a story.

use super::EventKind;

/// The weights of the kinds: how often each happens, of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix {
    pub consumer: u32,
    pub order: u32,
    pub payment: u32,
}

/// Weights are no more than this.
const MOST: u32 = 1_000_000;

impl Mix {
    /// That of a story of which nobody says more.
    pub(crate) const USUAL: Self = Self { consumer: 30, order: 37, payment: 33 };

    /// All weights together.
    pub(crate) fn total(self) -> u32 {
        self.consumer + self.order + self.payment
    }

    /// Reads `consumer=1,order=5,payment=4`; a kind that isn't named happens only where another needs it.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut mix = Self { consumer: 0, order: 0, payment: 0 };
        let mut seen = Vec::new();
        for part in text.split(',') {
            let wrong = || format!("{:?}: shares like consumer=1,order=5,payment=4 are needed", part.trim());
            let (name, weight) = part.split_once('=').ok_or_else(wrong)?;
            let kind = EventKind::ALL.into_iter().find(|kind| kind.name() == name.trim()).ok_or_else(wrong)?;
            let weight = weight.trim().parse::<u32>().ok().filter(|_| !weight.trim().starts_with('+'));
            let weight = weight.filter(|weight| *weight <= MOST);
            let weight = weight.ok_or_else(|| format!("{:?}: a whole number up to {MOST} is needed", part.trim()))?;
            if seen.contains(&kind) {
                return Err(format!("{kind} has two shares"));
            }
            seen.push(kind);
            *match kind {
                EventKind::Consumer => &mut mix.consumer,
                EventKind::Order => &mut mix.order,
                EventKind::Payment => &mut mix.payment,
            } = weight;
        }
        if mix.total() == 0 { Err("a kind must have a share of more than nothing".into()) } else { Ok(mix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_what_is_wrong_is_told() {
        let mix = Mix::parse("payment=4, consumer=1").unwrap();
        assert_eq!(mix, Mix { consumer: 1, order: 0, payment: 4 });
        for (text, why) in [
            ("", "\"\": shares like"),
            ("order", "\"order\": shares like"),
            ("refund=1", "\"refund=1\": shares like"),
            ("order=-1", "\"order=-1\": a whole number"),
            ("order=1.5", "\"order=1.5\": a whole number"),
            ("order=1000001", "\"order=1000001\": a whole number"),
            ("order=1,order=2", "order has two shares"),
            ("order=0", "a kind must have"),
        ] {
            let error = Mix::parse(text).unwrap_err();
            assert!(error.starts_with(why), "{text}: {error}");
        }
    }
}
