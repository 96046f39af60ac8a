//! Runs a program over a text: goes on, and goes back where that fails.

use crate::class::{is_line_end, same};
use crate::node::Anchor;
use crate::program::{Inner, Program, Step};
use crate::steps::{Steps, TooDear};

/// A result, unless the search takes too many steps.
type Result<T> = std::result::Result<T, TooDear>;

/// How much may be remembered to go back to: 32 MiB.
const MAX_TRAIL: usize = 1 << 20;
/// How many marks a letter may have.
const MAX_MARKS: usize = 64;
/// Steps that are paid for at once.
const PAID: u64 = 1 << 12;

/// Where groups begin and end, that of the whole match first; nothing for those that didn't match.
pub type Groups = Vec<Option<(usize, usize)>>;

/// The first match that begins at `from` or, if `moving`, at a later place. Places are counted in characters.
pub(crate) fn find(
    program: &Program,
    text: &[char],
    from: usize,
    moving: bool,
    budget: &mut Steps,
) -> Result<Option<Groups>> {
    let mut run = Run {
        program,
        text,
        from,
        begin: from,
        opened: vec![0; program.groups],
        saved: vec![None; program.groups],
        counters: vec![Counter::default(); program.counters],
        trail: Vec::new(),
        paid: 0,
        budget,
    };
    let last = if moving { text.len() } else { from };
    for begin in from..=last {
        run.pay(1)?;
        run.begin = begin;
        if let Some(end) = run.run(0, begin)? {
            let mut groups = std::mem::take(&mut run.saved);
            groups[0] = Some((run.begin, end));
            return Ok(Some(groups));
        }
    }
    Ok(None)
}

/// Rounds of a repetition so far, and where the last one began.
#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    rounds: u32,
    begin: usize,
}

/// Something to do when going back.
enum Back {
    /// Go on here.
    To {
        step: usize,
        at: usize,
    },
    Opened {
        index: usize,
        was: usize,
    },
    Saved {
        index: usize,
        was: Option<(usize, usize)>,
    },
    Counter {
        index: usize,
        was: Counter,
    },
    Begin {
        was: usize,
    },
}

struct Run<'a> {
    program: &'a Program,
    text: &'a [char],
    /// Where the search began.
    from: usize,
    /// Where the match begins.
    begin: usize,
    /// Where each group that is under way begins.
    opened: Vec<usize>,
    /// Where each group that matched begins and ends.
    saved: Vec<Option<(usize, usize)>>,
    counters: Vec<Counter>,
    trail: Vec<Back>,
    /// Steps that are paid for.
    paid: u64,
    budget: &'a mut Steps,
}

impl Run<'_> {
    /// Runs from a step and a position to the next [`Step::Done`]; where that is reached, if it is.
    fn run(&mut self, mut step: usize, mut at: usize) -> Result<Option<usize>> {
        let base = self.trail.len();
        loop {
            let went = match &self.program.steps[step] {
                Step::Done => return Ok(Some(at)),
                other => self.step(other, step, at)?,
            };
            let next = match went {
                Some(next) => Some(next),
                None => self.go_back(base),
            };
            match next {
                Some(next) => (step, at) = next,
                None => return Ok(None),
            }
        }
    }

    /// Does one step; where it goes on, unless it fails.
    fn step(&mut self, step: &Step, index: usize, at: usize) -> Result<Option<(usize, usize)>> {
        let next = Some((index + 1, at));
        self.pay(1)?;
        Ok(match step {
            Step::Done => None,
            Step::One { class, cost } => {
                self.pay(*cost)?;
                self.text.get(at).filter(|c| class.has(u32::from(**c))).map(|_| (index + 1, at + 1))
            }
            Step::Split(first, second) => {
                self.remember(Back::To { step: *second, at })?;
                Some((*first, at))
            }
            Step::Jump(to) => Some((*to, at)),
            Step::Open(group) => {
                self.remember(Back::Opened { index: *group, was: self.opened[*group] })?;
                self.opened[*group] = at;
                next
            }
            Step::Close(group) => {
                self.remember(Back::Saved { index: *group, was: self.saved[*group] })?;
                self.saved[*group] = Some((self.opened[*group], at));
                next
            }
            Step::At(anchor) => next.filter(|_| self.holds(*anchor, at)),
            Step::Again(group, fold) => {
                // A group that isn't there, or hasn't matched, never matches again.
                let Some(&Some((begin, end))) = self.saved.get(*group) else { return Ok(None) };
                // In a group's own look-behind its end may lie before its beginning.
                let Some(length) = end.checked_sub(begin) else { return Ok(None) };
                self.pay(length as u64)?;
                let (before, here) = (&self.text[begin..end], self.text.get(at..at + length));
                let again = here.is_some_and(|here| {
                    before.iter().zip(here).all(|(a, b)| same(u32::from(*a), u32::from(*b), *fold))
                });
                again.then_some((index + 1, at + length))
            }
            Step::Reset(counter) => {
                self.count(*counter, Counter { rounds: 0, begin: at })?;
                next
            }
            Step::Round { counter, min, max, lazy, end } => {
                let Counter { rounds, begin } = self.counters[*counter];
                let more = max.is_none_or(|max| rounds < max);
                if rounds > 0 && begin == at || !more {
                    // A round that matched nothing is the last.
                    Some((*end, at))
                } else if rounds < *min {
                    next
                } else {
                    let (first, second) = if *lazy { (*end, index + 1) } else { (index + 1, *end) };
                    self.remember(Back::To { step: second, at })?;
                    Some((first, at))
                }
            }
            Step::Count(counter) => {
                let rounds = self.counters[*counter].rounds.saturating_add(1);
                self.count(*counter, Counter { rounds, begin: at })?;
                next
            }
            Step::Keep => {
                self.remember(Back::Begin { was: self.begin })?;
                self.begin = at;
                next
            }
            Step::NotEmpty => next.filter(|_| at > self.begin),
            Step::Meet(counter) => next.filter(|_| self.counters[*counter].begin == at),
            Step::Inner { kind, then } => self.inner(*kind, index + 1, at)?.map(|at| (*then, at)),
        })
    }

    /// Runs steps by themselves; the position after them, unless they fail.
    fn inner(&mut self, kind: Inner, step: usize, at: usize) -> Result<Option<usize>> {
        let base = self.trail.len();
        let (found, negated) = match kind {
            Inner::Atomic => (self.run(step, at)?, false),
            Inner::Ahead { negated } => (self.run(step, at)?.map(|_| at), negated),
            Inner::Behind { negated, lengths: (least, most), counter } => {
                self.count(counter, Counter { rounds: 0, begin: at })?;
                let mut found = None;
                for length in least..=most.min(at) {
                    self.pay(1)?;
                    if self.run(step, at - length)?.is_some() {
                        found = Some(at);
                        break;
                    }
                }
                (found, negated)
            }
        };
        if negated {
            self.undo(base);
            return Ok(if found.is_some() { None } else { Some(at) });
        }
        // Nothing goes back into them, but what they wrote down is still undone, unless it is to stay.
        self.pay((self.trail.len() - base) as u64)?;
        let mut kept = base;
        for index in base..self.trail.len() {
            let is_undone = match self.trail[index] {
                Back::To { .. } => false,
                Back::Saved { .. } => !self.program.keeps,
                _ => true,
            };
            if is_undone {
                self.trail.swap(kept, index);
                kept += 1;
            }
        }
        self.trail.truncate(kept);
        Ok(found)
    }

    fn count(&mut self, index: usize, counter: Counter) -> Result<()> {
        self.remember(Back::Counter { index, was: self.counters[index] })?;
        self.counters[index] = counter;
        Ok(())
    }

    fn remember(&mut self, back: Back) -> Result<()> {
        if self.trail.len() == MAX_TRAIL {
            return Err(TooDear);
        }
        self.trail.push(back);
        Ok(())
    }

    /// Goes back to the last choice since `base`.
    fn go_back(&mut self, base: usize) -> Option<(usize, usize)> {
        while self.trail.len() > base {
            let back = self.trail.pop()?;
            if let Some(choice) = self.take_back(back) {
                return Some(choice);
            }
        }
        None
    }

    /// Takes one thing back; where to go on, if that is what it says.
    fn take_back(&mut self, back: Back) -> Option<(usize, usize)> {
        match back {
            Back::To { step, at } => return Some((step, at)),
            Back::Opened { index, was } => self.opened[index] = was,
            Back::Saved { index, was } => self.saved[index] = was,
            Back::Counter { index, was } => self.counters[index] = was,
            Back::Begin { was } => self.begin = was,
        }
        None
    }

    /// Takes back all since `base`, but for what groups matched if that is to stay.
    fn undo(&mut self, base: usize) {
        while self.trail.len() > base {
            match self.trail.pop() {
                Some(Back::Saved { .. }) if self.program.keeps => {}
                Some(back) => drop(self.take_back(back)),
                None => {}
            }
        }
    }

    fn pay(&mut self, steps: u64) -> Result<()> {
        while self.paid < steps {
            self.budget.pay(PAID)?;
            self.paid += PAID;
        }
        self.paid -= steps;
        Ok(())
    }

    fn holds(&self, anchor: Anchor, at: usize) -> bool {
        let (length, before) = (self.text.len(), at.checked_sub(1).map(|before| u32::from(self.text[before])));
        let here = self.text.get(at).copied().map(u32::from);
        // Between the halves of a line's end there is neither an end nor a beginning.
        let halved = before == Some(0x0D) && here == Some(0x0A);
        match anchor {
            Anchor::Begin => at == 0,
            Anchor::Start => at == self.from,
            // Behind the last line's end no line begins, and in an empty text neither.
            Anchor::LineBegin { unix } => {
                at < length && before.is_none_or(|before| is_line_end(before, unix) && (unix || !halved))
            }
            Anchor::VeryEnd => at == length,
            Anchor::LineEnd { unix } => here.is_none_or(|here| is_line_end(here, unix) && (unix || !halved)),
            Anchor::End { unix } => match &self.text[at..] {
                [] => true,
                ['\r', '\n'] => !unix,
                [one] => is_line_end(u32::from(*one), unix) && (unix || !halved),
                _ => false,
            },
            Anchor::Word { unicode } => self.word(at.checked_sub(1), unicode) != self.word(Some(at), unicode),
            Anchor::NotWord { unicode } => self.word(at.checked_sub(1), unicode) == self.word(Some(at), unicode),
        }
    }

    /// Whether the character of a place belongs to a word: by itself, or as the mark of a letter or a digit.
    fn word(&self, at: Option<usize>, unicode: bool) -> bool {
        let Some([plain, words, marks]) = &self.program.words else { return false };
        let Some((at, c)) = at.and_then(|at| Some((at, u32::from(*self.text.get(at)?)))) else { return false };
        let words = if unicode { words } else { plain };
        if words.has(c) || !marks.has(c) {
            return words.has(c);
        }
        let base = self.text[..at].iter().rev().map(|c| u32::from(*c)).take(MAX_MARKS).find(|c| !marks.has(*c));
        base.is_some_and(|c| plain.has(c) && c != u32::from('_'))
    }
}
