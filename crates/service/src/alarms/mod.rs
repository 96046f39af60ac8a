//! Alarms over figures: once a period each is compared with its threshold, and what changes is published to a topic, in the
//! words of CloudWatch's alarms. For clouds that have no CloudWatch; on AWS the same definitions are alarms of CloudWatch.

mod notice;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_sns::error::DisplayErrorContext;
use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::notice::Notice;
use crate::clock;
use crate::record::{Record, Tell};

/// So many notices wait for a topic that doesn't answer; beyond, the oldest is dropped, and that is told.
const MAX_WAITING: usize = 1_000;

/// When to raise an alarm: a metric's sum over a period is at least the threshold.
#[derive(Debug, Clone, Copy)]
pub struct Alarm {
    /// Its name, as `jobs-api-errors`.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    /// The metric, as `Errors`.
    pub metric: &'static str,
    /// The metric's dimension, as `Part` and `api`; the metric over everything without it.
    pub dimension: Option<(&'static str, &'static str)>,
    /// The sum that raises it.
    pub threshold: u64,
}

/// What watches over a service's figures.
pub struct Watch {
    /// The alarms.
    pub alarms: &'static [Alarm],
    /// The namespace of their metrics.
    pub namespace: &'static str,
    /// How often they are looked at.
    pub period: Duration,
    /// The topic's ARN.
    pub topic: String,
    /// The region that notices name.
    pub region: String,
    /// Sends them.
    pub sns: aws_sdk_sns::Client,
    /// Hears of them, too.
    pub tell: Tell,
}

/// Which alarms are raised. Clones are the same.
#[derive(Debug, Clone)]
pub struct Raised(Arc<Vec<AtomicBool>>);

impl Raised {
    /// Of so many alarms none.
    pub fn none(alarms: usize) -> Self {
        Self(Arc::new((0..alarms).map(|_| AtomicBool::new(false)).collect()))
    }

    /// Whether the alarm of this index is raised.
    pub fn get(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|raised| raised.load(Ordering::Relaxed))
    }

    /// Sets it, and says whether it was another.
    fn set(&self, index: usize, raised: bool) -> bool {
        self.0.get(index).is_some_and(|was| was.swap(raised, Ordering::Relaxed) != raised)
    }
}

impl Watch {
    /// Looks once a period until `stop`. `total` is an alarm's metric as counted since the start.
    pub async fn run(self, raised: Raised, total: impl Fn(&Alarm) -> u64 + Send, stop: CancellationToken) {
        let waiting = Mutex::new(VecDeque::new());
        let mut before: Vec<u64> = self.alarms.iter().map(&total).collect();
        let mut ticks = interval(self.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            for (index, alarm) in self.alarms.iter().enumerate() {
                let now = total(alarm);
                let sum = now.saturating_sub(before[index]);
                before[index] = now;
                let is_over = sum >= alarm.threshold;
                if raised.set(index, is_over) {
                    self.changed(alarm, is_over, sum, &mut waiting.lock());
                }
            }
            // A cloud that is away is a reason for alarms, and keeps them from being told: they wait until it is back.
            tokio::select! {
                () = self.publish(&waiting) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn changed(&self, alarm: &Alarm, is_over: bool, sum: u64, waiting: &mut VecDeque<Notice>) {
        let notice = Notice::new(self, alarm, is_over, sum, clock::now());
        self.tell.tell(Record::new("alarm", notice.line(), notice.json.clone()));
        if waiting.len() >= MAX_WAITING {
            waiting.pop_front();
            self.tell.tell(Record::note("An alarm's notice is dropped: too many wait for the topic."));
        }
        waiting.push_back(notice);
    }

    /// Publishes what waits, in order, until one can't be.
    async fn publish(&self, waiting: &Mutex<VecDeque<Notice>>) {
        loop {
            let Some((subject, message)) = waiting.lock().front().map(|it| (it.subject.clone(), it.json.to_string()))
            else {
                return;
            };
            let sending = self.sns.publish().topic_arn(&self.topic).subject(subject).message(message).send();
            if let Err(error) = sending.await {
                let why = DisplayErrorContext(&error);
                self.tell.tell(Record::note(format!("An alarm's notice waits, the topic doesn't take it: {why}")));
                return;
            }
            waiting.lock().pop_front();
        }
    }
}
