//! What the server says of itself: deliveries that didn't happen, and why; things that AWS would refuse.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use engine::Millis;

/// A notice is printed at most once in this time, in milliseconds. The next print says how often it was held back.
const QUIET: Millis = 60_000;
/// The longest notice, in bytes: it may quote what a client sent, which may be of any length.
const LONGEST: usize = 4_096;
/// Notices kept for `/_messaging/notices`.
const KEPT: usize = 1_000;

tokio::task_local! {
    /// The stack whose operation this task runs.
    static STACK: Arc<str>;
}

/// Does some work of a stack's operation: each notice that it comes to names the stack, however far from CloudFormation it is
/// written.
pub(crate) async fn of_stack<F: Future>(name: &str, work: F) -> F::Output {
    STACK.scope(name.into(), work).await
}

/// As [`of_stack`], of work that waits for nothing.
pub(crate) fn of_stack_at_once<R>(name: &str, work: impl FnOnce() -> R) -> R {
    STACK.sync_scope(name.into(), work)
}

/// Has a task that this one begins name the same stack in its notices, if there is one.
pub(super) fn carried_on(work: impl Future<Output = ()>) -> impl Future<Output = ()> {
    let stack = STACK.try_with(Arc::clone).ok();
    async {
        match stack {
            Some(stack) => STACK.scope(stack, work).await,
            None => work.await,
        }
    }
}

type Printer<T> = Box<dyn Fn(&T) + Send + Sync>;

/// The server's notices: printed as they come, and kept.
pub struct Notices {
    print: Printer<str>,
    explain: OnceLock<Printer<[String]>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    said: HashMap<String, (Millis, u64)>,
    kept: VecDeque<(Millis, String)>,
    /// How many there ever were: the number of the last one.
    count: u64,
}

impl Notices {
    /// Notices that go to `print`, a line each.
    pub fn new(print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { print: Box::new(print), explain: OnceLock::new(), state: Mutex::default() }
    }

    /// From now on every message's way is told to `print`; once only.
    pub fn explain_to(&self, print: impl Fn(&[String]) + Send + Sync + 'static) {
        _ = self.explain.set(Box::new(print));
    }

    /// Whether somebody wants to know every message's way.
    pub fn explains(&self) -> bool {
        self.explain.get().is_some()
    }

    /// Tells a message's way to whoever asked, a line each: what stands in them comes from outside, and may have line
    /// breaks of its own.
    pub fn explain(&self, lines: &[String]) {
        if let Some(print) = self.explain.get() {
            print(lines);
        }
    }

    /// Says something at `now`, of the stack that runs, if one does; a text that was just said is counted instead.
    pub fn say(&self, now: Millis, text: &str) {
        match STACK.try_with(|stack| format!("stack {stack}: {text}")) {
            Ok(text) => self.put(now, &text),
            Err(_) => self.put(now, text),
        }
    }

    fn put(&self, now: Millis, text: &str) {
        let text = &text[..text.floor_char_boundary(LONGEST)];
        let line = {
            let mut state = self.state.lock();
            if state.said.len() > 10_000 {
                state.said.clear();
            }
            let (last, held) = state.said.entry(text.to_owned()).or_insert((0, 0));
            if *last != 0 && now < *last + QUIET && *last <= now {
                *held += 1;
                return;
            }
            *last = now;
            let line = match std::mem::take(held) {
                0 => text.to_owned(),
                held => format!("{text} ({held} more times since)"),
            };
            state.count += 1;
            state.kept.push_back((now, line.clone()));
            if state.kept.len() > KEPT {
                state.kept.pop_front();
            }
            line
        };
        (self.print)(&line);
    }

    /// The number of the last notice.
    pub fn last(&self) -> u64 {
        self.state.lock().count
    }

    /// The notices behind the one with a number that are still kept, each with its own number and its time.
    pub fn after(&self, number: u64) -> Vec<(u64, Millis, String)> {
        let state = self.state.lock();
        let first = state.count - state.kept.len() as u64 + 1;
        let numbered = (first..).zip(&state.kept).skip_while(|(at, _)| *at <= number);
        numbered.map(|(at, (time, text))| (at, *time, text.clone())).collect()
    }

    /// The last notices with their times, oldest first.
    pub fn all(&self) -> Vec<(Millis, String)> {
        self.state.lock().kept.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is remembered of what was said must not grow with what clients send.
    #[test]
    fn a_notice_is_cut() {
        let notices = Notices::new(|_| {});
        notices.say(1, &"ä".repeat(LONGEST));
        assert_eq!(notices.all()[0].1.len(), LONGEST);
    }

    /// Two stacks declared the same, and the second was told as a repetition of the first.
    #[tokio::test]
    async fn what_a_stack_comes_to_names_the_stack() {
        let notices = Notices::new(|_| {});
        for stack in ["one", "two"] {
            of_stack(stack, async { notices.say(1, "a") }).await;
        }
        notices.say(1, "a");
        let texts: Vec<_> = notices.all().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["stack one: a", "stack two: a", "a"]);
    }

    #[test]
    fn a_repeated_notice_is_counted_not_repeated() {
        let notices = Notices::new(|_| {});
        notices.say(1, "a");
        notices.say(2, "a");
        notices.say(3, "b");
        notices.say(QUIET + 1, "a");
        let texts: Vec<_> = notices.all().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["a", "b", "a (1 more times since)"]);
    }
}
