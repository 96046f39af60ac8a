//! Looks at the queues of a run about once a second: how many messages they hold, and how old the oldest is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::consumer;
use super::timeline::Depth;
use crate::aws::attempts::Watch;
use crate::aws::{NoPage, Target};
use crate::clock;
use crate::stop::Stop;

/// How long to wait between two looks.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Who looks. The embedded cloud tells all by a page of its own, which no rule of chaos strikes: to look changes nothing.
pub(super) struct Looker<'a> {
    target: &'a Target,
    has_page: bool,
}

impl<'a> Looker<'a> {
    /// Looks at queues of a target.
    pub(super) fn new(target: &'a Target) -> Self {
        Self { target, has_page: true }
    }

    /// The depth of each of the queues; nothing of those of which nobody tells now.
    pub(super) async fn look(&mut self, urls: &[&str]) -> Vec<Option<Depth>> {
        if self.has_page {
            match self.target.page("queues", &[]).await {
                Ok(page) if urls.iter().all(|url| on_page(&page, &self.target.region, url).is_some()) => {
                    return urls.iter().map(|url| on_page(&page, &self.target.region, url)).collect();
                }
                Err(NoPage::Failed(_)) => return vec![None; urls.len()],
                // Another cloud; or one with more queues than a page shows.
                Ok(_) | Err(NoPage::NotThere) => self.has_page = false,
            }
        }
        let client = self.target.sqs();
        let asked = urls.iter().map(|url| {
            let client = &client;
            async move {
                // Who looks complains about nothing: the next look may see more.
                let watch = Watch::new(Arc::new(|_| {}));
                let left = consumer::count_left(client, url, &watch).await.ok()?;
                let number = |n: i64| u64::try_from(n).unwrap_or(0);
                let (visible, in_flight) = (number(left.visible), number(left.in_flight));
                Some(Depth { visible, in_flight, delayed: number(left.delayed), oldest: None })
            }
        });
        futures::future::join_all(asked).await
    }
}

/// What the page of queues says of the one with this URL.
fn on_page(page: &Value, region: &str, url: &str) -> Option<Depth> {
    // Hosts differ: a cloud has many names.
    let end = |url: &str| url.rsplitn(3, '/').take(2).map(str::to_owned).collect::<Vec<_>>();
    let is_it = |queue: &&Value| queue["region"] == region && queue["url"].as_str().map(end) == Some(end(url));
    let queue = page["queues"].as_array()?.iter().find(is_it)?;
    let number = |name: &str| queue[name].as_u64().unwrap_or(0);
    Some(Depth {
        visible: number("visible"),
        in_flight: number("in_flight"),
        delayed: number("delayed"),
        // Nothing is old in an empty queue.
        oldest: Some(Duration::from_millis(queue["oldest_age_ms"].as_u64().unwrap_or(0))),
    })
}

/// How many messages queues with these URLs still hold, and then streams with these names: of whom nobody tells that, none.
pub(crate) async fn held(target: &Target, urls: &[&str], streams: &[&str]) -> Vec<u64> {
    let queues = Looker::new(target).look(urls).await;
    let queues =
        queues.into_iter().map(|depth| depth.map_or(0, |depth| depth.visible + depth.in_flight + depth.delayed));
    let page = if streams.is_empty() { Value::Null } else { target.page("queues", &[]).await.unwrap_or_default() };
    let of_stream = |name: &&str| {
        let is_it = |stream: &&Value| stream["name"] == **name && stream["region"] == target.region;
        let stream = page["streams"].as_array().and_then(|streams| streams.iter().find(is_it));
        stream.and_then(|stream| stream["records"].as_u64()).unwrap_or(0)
    };
    queues.chain(streams.iter().map(of_stream)).collect()
}

/// A fault that was asked for, and when it struck.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fault {
    /// Whom it is for.
    pub name: String,
    /// How often it struck in this run.
    pub strikes: u64,
    /// Since the start of the run: the first time and the last; absent where the cloud's time stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_s: Option<f64>,
}

/// How often each rule had struck before a run, by its number.
#[derive(Debug, Default)]
pub(crate) struct Struck(BTreeMap<u64, u64>);

/// How often the rules of chaos of an embedded cloud have struck by now; nothing, where the user stopped before that was answered.
pub(crate) async fn struck(target: &Target, stop: &Stop) -> Struck {
    let page = tokio::select! {
        biased;
        page = target.page("chaos", &[]) => page.unwrap_or_default(),
        () = stop.signalled() => return Struck::default(),
    };
    let rules = page["rules"].as_array().into_iter().flatten();
    Struck(rules.filter_map(|rule| Some((rule["number"].as_u64()?, rule["strikes"].as_u64()?))).collect())
}

/// What the rules of chaos of an embedded cloud did since `start`, when they had struck so often `before`, until `end`, by the wall's clock.
pub(crate) async fn faults(target: &Target, before: &Struck, start: Timestamp, end: Timestamp) -> Vec<Fault> {
    let page = target.page("chaos", &[]).await.unwrap_or_default();
    let Some(rules) = page["rules"].as_array().filter(|rules| !rules.is_empty()) else { return Vec::new() };
    let asked = clock::now();
    let times = target.page("clock", &[]).await.unwrap_or_default();
    let times = CloudTime::of(&times, asked);
    rules.iter().filter_map(|rule| fault(rule, before, times, (start, end))).collect()
}

/// The time of a cloud, as it was at a moment here, and how many times as fast it runs; none if it stands still.
#[derive(Debug, Clone, Copy)]
struct CloudTime {
    here: Timestamp,
    there: Timestamp,
    speed: Option<u32>,
}

impl CloudTime {
    /// What the page of the clock says that was asked for `here`. A cloud without that page goes by the wall.
    fn of(page: &Value, here: Timestamp) -> Self {
        let speed = match page["mode"].as_str().unwrap_or("wall") {
            "wall" => Some(1),
            // One clock for both.
            _ if clock::is_stepped() => Some(1),
            mode => mode.strip_prefix('x').and_then(|factor| factor.parse().ok()).filter(|factor| *factor > 0),
        };
        let there = page["millis"].as_i64().filter(|_| speed != Some(1));
        let there = there.and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or(here);
        Self { here, there, speed }
    }

    /// When it was here what time there.
    fn at(self, there: Timestamp) -> Option<Timestamp> {
        let ago = self.there.duration_since(there).as_secs_f64() / f64::from(self.speed?);
        self.here.checked_sub(SignedDuration::try_from_secs_f64(ago).ok()?).ok()
    }
}

fn fault(rule: &Value, before: &Struck, times: CloudTime, (start, end): (Timestamp, Timestamp)) -> Option<Fault> {
    let moment = |name: &str| rule[name].as_str()?.parse::<Timestamp>().ok();
    let struck = (moment("first_strike")?, moment("last_strike")?);
    let struck = times.at(struck.0).zip(times.at(struck.1));
    if struck.is_some_and(|(first, last)| last < start || first > end) {
        return None;
    }
    let since = |at: Timestamp| at.clamp(start, end).duration_since(start).as_secs_f64();
    let subject = ["service", "operation", "resource"].iter().filter_map(|field| rule["rule"][field].as_str());
    let subject = subject.collect::<Vec<_>>().join(" ");
    let name = format!("rule {}{}{subject}", rule["number"], if subject.is_empty() { "" } else { ": " });
    // Who replaced the rules meanwhile began to count anew.
    let earlier = rule["number"].as_u64().and_then(|number| before.0.get(&number)).copied().unwrap_or(0);
    let strikes = rule["strikes"].as_u64().map_or(0, |all| all.checked_sub(earlier).unwrap_or(all));
    Some(Fault { name, strikes, from_s: struck.map(|it| since(it.0)), to_s: struck.map(|it| since(it.1)) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_queue_is_found_on_the_page_by_account_name_and_region() {
        let queue = |region: &str, visible: u64| {
            json!({"url": "http://localhost:4566/000000000000/q", "region": region, "visible": visible, "in_flight": 2,
                "delayed": 0, "oldest_age_ms": 1500})
        };
        let page = json!({"queues": [queue("eu-west-1", 1), queue("us-east-1", 7)]});
        let depth = on_page(&page, "us-east-1", "http://sqs.elsewhere/000000000000/q").unwrap();
        assert_eq!((depth.visible, depth.in_flight, depth.oldest), (7, 2, Some(Duration::from_millis(1_500))));
        for (region, url) in [("us-east-1", "http://x/111111111111/q"), ("us-east-2", "http://x/000000000000/q")] {
            assert_eq!(on_page(&page, region, url), None);
        }
    }

    fn struck(first: i64, last: i64) -> Value {
        let at = |second: i64| Timestamp::from_second(1_000 + second).unwrap().to_string();
        json!({"number": 1, "rule": {"service": "sns", "operation": "Publish"}, "strikes": 3,
            "first_strike": at(first), "last_strike": at(last)})
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    /// Rules of an earlier run stay in force, and their strikes of then aren't of this run.
    #[test]
    fn a_fault_is_told_if_it_struck_during_the_run() {
        let wall = CloudTime::of(&Value::Null, at(9));
        // Once before the run, and twice in it: three were told.
        let before = Struck([(1, 1)].into());
        let told = fault(&struck(-5, 4), &before, wall, (at(0), at(9))).unwrap();
        let expected = Fault { name: "rule 1: sns Publish".into(), strikes: 2, from_s: Some(0.0), to_s: Some(4.0) };
        assert_eq!(told, expected);
        assert_eq!(fault(&struck(-5, -4), &before, wall, (at(0), at(9))), None);
        let never = json!({"number": 2, "rule": {}, "first_strike": null});
        assert_eq!(fault(&never, &before, wall, (at(0), at(9))), None);
    }

    /// Strikes of a fast cloud lay hours beyond the end of the run.
    #[test]
    fn strikes_of_a_fast_clock_are_told_by_the_walls() {
        // Nine seconds here are an hour and a half there.
        let page = json!({"mode": "x600", "millis": (1_000 + 5_400) * 1_000});
        let told = fault(&struck(600, 3_000), &Struck::default(), CloudTime::of(&page, at(9)), (at(0), at(9))).unwrap();
        assert_eq!((told.from_s, told.to_s), (Some(1.0), Some(5.0)));
        let frozen = CloudTime::of(&json!({"mode": "frozen", "millis": 0}), at(9));
        let told = fault(&struck(600, 3_000), &Struck::default(), frozen, (at(0), at(9))).unwrap();
        assert_eq!((told.strikes, told.from_s), (3, None));
    }
}
