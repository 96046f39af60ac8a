//! Whatever happens: workers that crash, stop and lose their leases, handlers that take long, fail and panic. Every message ends done
//! or as a dead letter, no two work on one at once, and each group keeps its order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::fake::Fault;
use super::*;

/// What a handler does with a message the nth time that it comes.
#[derive(Debug, Clone)]
enum Act {
    Do(u64),
    Fail(u64),
    Die(u64),
    GiveBack(u64),
    Panic,
    /// Takes no notice of its lease.
    Ignore(u64),
}

/// What happens to the workers, after so many seconds.
#[derive(Debug, Clone)]
enum Mishap {
    Crash(u64),
    Stop(u64),
    /// Of the requests of an operation, each nth fails for a while.
    Faults(u64, usize, Fault, usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_u64..40).prop_map(Act::Do),
        2 => (0_u64..40).prop_map(Act::Fail),
        1 => (0_u64..40).prop_map(Act::Die),
        1 => (0_u64..5).prop_map(Act::GiveBack),
        1 => Just(Act::Panic),
        1 => (0_u64..90).prop_map(Act::Ignore),
    ]
}

const OPERATIONS: [&str; 4] = ["ReceiveMessage", "ChangeMessageVisibilityBatch", "DeleteMessageBatch", "SendMessage"];

fn mishap() -> impl Strategy<Value = Mishap> {
    let fault = prop_oneof![
        Just(Fault::Down),
        Just(Fault::Lost),
        Just(Fault::Refused(503, "Busy")),
        (1_u64..40).prop_map(|late| Fault::Late(secs(late))),
    ];
    prop_oneof![
        2 => (1_u64..40).prop_map(Mishap::Crash),
        2 => (1_u64..40).prop_map(Mishap::Stop),
        3 => (1_u64..40, 0_usize..4, fault, 1_usize..4).prop_map(|(after, which, fault, nth)| Mishap::Faults(after, which, fault, nth)),
    ]
}

/// What the handlers saw.
#[derive(Default)]
struct Seen {
    working: BTreeSet<String>,
    /// Messages that were finished, in order, by group.
    done: BTreeMap<String, Vec<u32>>,
    wrong: Vec<String>,
}

/// Ends the work on a message, however that ends.
struct AtWork(Arc<Mutex<Seen>>, String);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.lock().working.remove(&self.1);
    }
}

async fn play(seen: Arc<Mutex<Seen>>, job: Arc<Job>, act: Act) -> Verdict {
    // Of a FIFO queue a group is worked on at a time, of a standard queue a message.
    let key = job.group.clone().unwrap_or_else(|| job.id.clone());
    if !seen.lock().working.insert(key.clone()) {
        seen.lock().wrong.push(format!("two at once on {}", job.body));
    }
    let at_work = AtWork(seen.clone(), key);
    let work = |time| {
        let job = job.clone();
        async move {
            tokio::select! { () = sleep(secs(time)) => true, () = job.lease().over() => false }
        }
    };
    let verdict = match act {
        Act::Ignore(time) => {
            sleep(secs(time)).await;
            Verdict::Done
        }
        Act::Panic => panic!("by chance"),
        Act::Do(time) if work(time).await => Verdict::Done,
        Act::Fail(time) if work(time).await => retry("by chance"),
        Act::Die(time) if work(time).await => Verdict::Dead { why: "by chance".into() },
        Act::GiveBack(time) if work(time).await => Verdict::GiveBack,
        _ => Verdict::GiveBack,
    };
    if verdict == Verdict::Done {
        let (group, number) = split(&job.body);
        seen.lock().done.entry(group).or_default().push(number);
    }
    drop(at_work);
    verdict
}

fn split(body: &str) -> (String, u32) {
    let at = body.find(|c: char| c.is_ascii_digit()).unwrap();
    (body[..at].to_owned(), body[at..].parse().unwrap())
}

async fn run(queue: &'static str, acts: Vec<Act>, mishaps: Vec<Mishap>, messages: u32) -> Result<(), String> {
    let fake = Fake::default();
    for n in 0..messages {
        fake.send(queue, &format!("{}{n}", ["a", "b", "c"][n as usize % 3]));
    }
    let seen = Arc::new(Mutex::new(Seen::default()));
    let begin = || {
        let (seen, acts) = (seen.clone(), acts.clone());
        let settings = Settings { concurrency: 3, buffer: 4, receivers: 2, grace: secs(3), ..settings() };
        start(&fake, fake.queue(queue, 10, Some(20)), settings, move |job| {
            let turn = (split(&job.body).1 as usize + job.receives as usize * 7) % acts.len();
            // In the end all goes well.
            let act = if job.receives > 6 { Act::Do(1) } else { acts[turn].clone() };
            play(seen.clone(), job, act)
        })
    };
    let mut workers = vec![begin(), begin()];
    for mishap in mishaps {
        match mishap {
            Mishap::Crash(after) => {
                sleep(secs(after)).await;
                workers.remove(0).task.abort();
                workers.push(begin());
            }
            Mishap::Stop(after) => {
                sleep(secs(after)).await;
                workers.remove(0).end().await;
                workers.push(begin());
            }
            Mishap::Faults(after, which, fault, nth) => {
                let mut n = 0;
                fake.when(move |operation, _| {
                    n += usize::from(operation == OPERATIONS[which]);
                    (operation == OPERATIONS[which] && n % nth == 0).then(|| fault.clone())
                });
                sleep(secs(after)).await;
                fake.all_well();
            }
        }
    }
    let began = Instant::now();
    while !fake.bodies(queue).is_empty() {
        sleep(secs(1)).await;
        if began.elapsed() > secs(3_000) {
            let heard: Vec<_> = workers.iter().map(Running::heard).collect();
            return Err(format!("{:?} never end: {heard:#?}", fake.messages(queue)));
        }
    }
    for worker in workers {
        worker.end().await;
    }
    let seen = seen.lock();
    if let Some(wrong) = seen.wrong.first() {
        return Err(wrong.clone());
    }
    let dead = fake.bodies(if queue.ends_with(".fifo") { "dead.fifo" } else { "dead" });
    for n in 0..messages {
        let (group, dead) = (["a", "b", "c"][n as usize % 3], dead.iter().any(|body| split(body).1 == n));
        if !dead && !seen.done.get(group).is_some_and(|done| done.contains(&n)) {
            return Err(format!("{group}{n} is lost"));
        }
    }
    if queue.ends_with(".fifo") {
        for (group, done) in &seen.done {
            // One that was done and not deleted is done again, before its successors.
            if !done.is_sorted() {
                return Err(format!("{group} was done in the order {done:?}"));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_message_ends_and_none_is_worked_on_by_two(
        fifo: bool,
        acts in prop::collection::vec(act(), 1..12),
        mishaps in prop::collection::vec(mishap(), 0..8),
        messages in 1_u32..14,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let queue = if fifo { "q.fifo" } else { "q" };
        let ended = runtime.block_on(run(queue, acts, mishaps, messages));
        prop_assert!(ended.is_ok(), "{}", ended.unwrap_err());
    }
}
