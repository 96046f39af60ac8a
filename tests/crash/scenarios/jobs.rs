//! Jobs under kills: they are submitted by callers with a token; each accepted one must be complete, with its entry in the
//! table and its result in the bucket, or have failed with its reason.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use rand::RngExt;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::database;
use super::fleet::Fleet;
use super::ledger::{End, Fault, Findings};
use super::world::{AT_ONCE, Client, World, reason};
use super::{Result, System};

const QUEUE: &str = "JobQueueUrl";
const DEAD: &str = "JobDeadLetterQueueUrl";
const BUCKET: &str = "ResultBucketName";
/// The folder of the process that has the API.
const FOLDER: &str = "data-service";
const SPLIT_FOLDER: &str = "data-api";
/// How many observations a result has.
const OBSERVATIONS: usize = 99;

const ROW: &str = "an entry is deleted from the table";
const OBJECT: &str = "a result is deleted";

/// The scenario.
#[derive(Default)]
pub(crate) struct Jobs {
    token: Mutex<String>,
    /// The ids of accepted jobs.
    ids: Mutex<BTreeMap<u64, String>>,
    /// Statuses that were told of jobs that had ended.
    told: Mutex<BTreeMap<String, Value>>,
    /// Dead letters: what was asked for, and why it is dead.
    dead: Mutex<Vec<(u64, String)>>,
}

/// An entry of the table.
struct Entry {
    id: String,
    /// The request whose payload it has.
    request: u64,
    status: String,
    reason: String,
}

impl System for Jobs {
    const NAME: &str = "jobs";
    const SABOTAGES: &[&str] = &[ROW, OBJECT];

    fn services(&self, database_url: Option<&str>) -> Vec<(&'static str, Vec<String>)> {
        let args =
            |more: &[&str]| [&["jobs", "--workers", "4"][..], more].concat().into_iter().map(str::to_owned).collect();
        match database_url {
            Some(url) => vec![
                ("api", args(&["--role", "api", "--database-url", url])),
                ("worker", args(&["--role", "worker", "--database-url", url])),
            ],
            None => vec![("service", args(&[]))],
        }
    }

    async fn set_up(&self, world: &World, fleet: &Fleet) -> Result<()> {
        let folder = if world.database_url.is_some() { SPLIT_FOLDER } else { FOLDER };
        let token = fleet.run(&["token", "jobs", "--data-dir", folder, "--ttl", "24h"])?;
        *self.token.lock() = token.trim().to_owned();
        database::clear(world, Self::NAME).await?;
        world.hasten(QUEUE).await
    }

    async fn request(&self, world: &World, client: &mut Client) {
        match client.rng.random_range(0..20) {
            0 => self.send_nonsense(world).await,
            _ => self.submit(world, client).await,
        }
    }

    async fn left(&self, world: &World) -> Result<u64> {
        world.depth(QUEUE).await
    }

    async fn find(&self, world: &World) -> Result<Findings> {
        for message in world.drain(DEAD).await? {
            let number = number(message.body().unwrap_or_default());
            self.dead.lock().push((number, reason(&message)));
        }
        let mut findings = Findings::default();
        for (number, why) in self.dead.lock().iter() {
            findings.of(*number).dead.push(why.clone());
        }
        let entries = entries(world).await?;
        let objects: BTreeSet<String> = world.keys(world.output(BUCKET)).await?.into_iter().collect();
        for orphan in objects.iter().filter(|id| !entries.iter().any(|entry| entry.id == **id)) {
            findings.strange(Fault::Half, format!("the result of {orphan} has no entry"));
        }
        let ids = self.ids.lock().clone();
        for entry in &entries {
            let found = findings.of(entry.request);
            match entry.status.as_str() {
                "complete" if !objects.contains(&entry.id) => found.half.push(format!("{} has no result", entry.id)),
                "complete" => found.done += 1,
                "failed" if entry.reason.is_empty() => found.dead.push(String::new()),
                // Its dead letter says why.
                "failed" if !found.dead.is_empty() => {}
                "failed" => found.half.push(format!("{} has failed and is no dead letter: {}", entry.id, entry.reason)),
                status => found.half.push(format!("{} is {status}, and nobody works on it", entry.id)),
            }
        }
        let looks: Vec<_> = ids.values().map(|id| self.look(world, id)).collect();
        let looks: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await?;
        findings.strange.extend(looks.into_iter().flatten());
        Ok(findings)
    }

    async fn sabotage(&self, what: &str, world: &World, _fleet: &mut Fleet) -> Result<()> {
        let ids = self.ids.lock().clone();
        let (first, last) = ids.values().next().zip(ids.values().next_back()).ok_or("no job")?;
        match what {
            OBJECT => world.delete(world.output(BUCKET), last).await,
            _ => {
                let statement = format!("DELETE FROM {{}}jobs WHERE job_request_id = '{first}'");
                database::sql(world, Self::NAME, &format!("{FOLDER}/jobs.db"), &statement).await.map(drop)
            }
        }
    }
}

impl Jobs {
    fn with_token(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&*self.token.lock())
    }

    /// Submits a job, once: its id is the message's, so a client that asks again asks for another job.
    async fn submit(&self, world: &World, client: &mut Client) {
        let number = world.ledger.ask(End::Done);
        let payload =
            json!({ "number": number, "station": "SYD", "filling": "x".repeat(client.rng.random_range(0..3_000)) });
        let path = if client.rng.random_bool(0.5) { "/submit-job" } else { "/submit-job-request" };
        let post = self.with_token(world.api(Method::POST, path)).json(&payload);
        let Some(answer) = world.call(post).await else { return client.pause().await };
        let id = answer.json()["jobId"].as_str().map(str::to_owned);
        let Some(id) = id.filter(|_| answer.status == 200) else {
            world.ledger.refused(number);
            let what = format!("request {number} was answered {}: {}", answer.status, answer.text());
            return world.ledger.saw(Fault::Refused, what);
        };
        self.ids.lock().insert(number, id.clone());
        world.ledger.acknowledged(number);
        for _ in 0..client.rng.random_range(0..6) {
            if let Some(answer) =
                world.call(self.with_token(world.api(Method::GET, &format!("/job-status/{id}")))).await
            {
                let status = answer.json();
                match status["jobStatus"].as_str() {
                    Some("Submitted") => {}
                    Some("complete") => {
                        self.told.lock().insert(id, status);
                        return;
                    }
                    _ => world.ledger.saw(Fault::Lost, format!("job {id} is unknown: {} {status}", answer.status)),
                }
            }
            client.pause().await;
        }
    }

    /// Sends a message that is no JSON past the API.
    async fn send_nonsense(&self, world: &World) {
        let number = world.ledger.ask(End::Dead);
        let send = world.clients.sqs.send_message().queue_url(world.output(QUEUE)).message_group_id("nobody");
        if send.message_body(format!("{{\"number\":{number},")).send().await.is_ok() {
            world.ledger.acknowledged(number);
        }
    }

    /// Looks at an accepted job as its client does.
    async fn look(&self, world: &World, id: &str) -> Result<Option<(Fault, String)>> {
        let status = world.must(self.with_token(world.api(Method::GET, &format!("/job-status/{id}")))).await?.json();
        if status["jobStatus"] != "complete" {
            return Ok(Some((Fault::Lost, format!("job {id} is told as {status}"))));
        }
        let lasting = |status: &Value| {
            let names = ["jobId", "jobRequestId", "sentTimestamp", "attempts", "execution_ms", "executionMs"];
            names.map(|name| status[name].clone())
        };
        if self.told.lock().get(id).is_some_and(|told| lasting(told) != lasting(&status)) {
            return Ok(Some((Fault::Changed, format!("job {id} is told as {status} now"))));
        }
        let link = status["jobProcessedPayloadLink"].as_str().unwrap_or_default();
        let result = world.must(world.fetch(link)).await?;
        let observations = result.json()["weatherData"].as_array().map_or(0, Vec::len);
        let is_right = result.status == 200 && observations == OBSERVATIONS;
        Ok((!is_right).then(|| (Fault::Wrong, format!("job {id}: {} with {observations} observations", result.status))))
    }
}

/// All entries of the table.
async fn entries(world: &World) -> Result<Vec<Entry>> {
    let statement = "SELECT job_request_id, CAST(payload AS TEXT), CAST(status AS TEXT), reason FROM {}jobs";
    let rows = database::sql(world, Jobs::NAME, &format!("{FOLDER}/jobs.db"), statement).await?;
    let entries = rows.into_iter().filter_map(|row| {
        let [id, payload, status, reason] = <[String; 4]>::try_from(row).ok()?;
        Some(Entry { id, request: number(&payload), status, reason })
    });
    Ok(entries.collect())
}

/// The number of the request that a payload is of, be it JSON or nearly.
fn number(payload: &str) -> u64 {
    let rest = payload.strip_prefix("{\"number\":").unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().unwrap_or_default()
}
