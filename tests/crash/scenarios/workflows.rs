//! Workflows under kills: they are created, withdrawn, queued again and consumed; each is consumed once for each time that it
//! was queued, its CSV can be had again, and none is in the database alone.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use rand::RngExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::database;
use super::fleet::Fleet;
use super::ledger::{End, Fault, Findings};
use super::world::{AT_ONCE, Client, World, reason};
use super::{Result, System};

const QUEUE: &str = "QueueUrl";
const DEAD: &str = "DeadLetterQueueUrl";
/// How often a request with a name of its own is repeated that wasn't answered.
const TRIES: u32 = 200;

const ROW: &str = "a workflow is deleted from the database";
const FILE: &str = "a CSV is deleted from the database";
const MESSAGES: &str = "the queue is purged";

/// The scenario.
#[derive(Default)]
pub(crate) struct Workflows {
    /// What is known of each, by its uuid.
    known: Mutex<BTreeMap<String, Known>>,
    /// Dead letters: why they are.
    dead: Mutex<Vec<(u64, String)>>,
}

/// What was seen of a workflow: the request that made it, and what is wrong.
type Look = (u64, std::result::Result<(), (Fault, String)>);

/// What clients know of a workflow.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The request that made it, if its answer was read.
    request: Option<u64>,
    /// How often it was given to a consumer.
    given: u32,
    /// How often it was, or may have been, queued again.
    requeued: u32,
    /// Whether it was, or may have been, withdrawn.
    was_withdrawn: bool,
    /// Since when it is withdrawn for sure.
    withdrawn: Option<Instant>,
}

impl System for Workflows {
    const NAME: &str = "workflows";
    const SABOTAGES: &[&str] = &[ROW, FILE, MESSAGES];

    fn services(&self, database_url: Option<&str>) -> Vec<(&'static str, Vec<String>)> {
        let args = |more: &[&str]| [&["workflows"][..], more].concat().into_iter().map(str::to_owned).collect();
        match database_url {
            // The worker's part is the relay.
            Some(url) => vec![
                ("api", args(&["--role", "api", "--database-url", url])),
                ("worker", args(&["--role", "worker", "--database-url", url])),
            ],
            None => vec![("service", args(&[]))],
        }
    }

    async fn set_up(&self, world: &World, _fleet: &Fleet) -> Result<()> {
        database::clear(world, Self::NAME).await?;
        world.hasten(QUEUE).await
    }

    async fn request(&self, world: &World, client: &mut Client) {
        match client.rng.random_range(0..40) {
            0 => self.send_nonsense(world).await,
            1..22 => self.create(world, client).await,
            22..36 => {
                self.consume(world).await;
            }
            _ => self.change(world, client).await,
        }
    }

    async fn left(&self, world: &World) -> Result<u64> {
        while self.consume(world).await {}
        let waiting = world.must(world.api(Method::GET, "/workflow?status=inserted&limit=100")).await?;
        Ok(world.depth(QUEUE).await? + workflows(&waiting.json()).len() as u64)
    }

    async fn find(&self, world: &World) -> Result<Findings> {
        for message in world.drain(DEAD).await? {
            let body = message.body().unwrap_or_default();
            let number = body.strip_prefix("nonsense ").and_then(|number| number.parse().ok()).unwrap_or(0);
            self.dead.lock().push((number, reason(&message)));
        }
        let mut findings = Findings::default();
        for (number, why) in self.dead.lock().iter() {
            findings.of(*number).dead.push(why.clone());
        }
        let all = list(world).await?;
        let known = self.known.lock().clone();
        let looks: Vec<_> = all.iter().map(|workflow| look(world, workflow, &known)).collect();
        let looks: Vec<Look> = stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await?;
        for (number, look) in looks {
            let found = findings.of(number);
            found.done += 1;
            match look {
                Ok(()) => {}
                Err((Fault::Half, what)) => found.half.push(what),
                Err((fault, what)) => findings.strange(fault, what),
            }
        }
        Ok(findings)
    }

    async fn sabotage(&self, what: &str, world: &World, _fleet: &mut Fleet) -> Result<()> {
        let is_consumed = |it: &Known| it.request.is_some() && it.given > 0 && !it.was_withdrawn;
        let consumed =
            self.known.lock().iter().filter(|(_, it)| is_consumed(it)).map(|it| it.0.clone()).collect::<Vec<_>>();
        // Another one for each sabotage.
        let uuid = if what == FILE { consumed.last() } else { consumed.first() }.ok_or("none was consumed")?;
        let run =
            async |statement: String| database::sql(world, Self::NAME, "data-service/workflows.db", &statement).await;
        match what {
            FILE => run(format!("DELETE FROM {{}}csv WHERE uuid = '{uuid}'")).await.map(drop),
            ROW => run(format!("DELETE FROM {{}}workflow WHERE uuid = '{uuid}'")).await.map(drop),
            _ => {
                let mut client = Client::new(0, 7);
                for _ in 0..5 {
                    self.create(world, &mut client).await;
                }
                world.purge(QUEUE).await
            }
        }
    }
}

impl Workflows {
    /// Creates a workflow: with a name of its own again and again until the answer says what became of it.
    async fn create(&self, world: &World, client: &mut Client) {
        let number = world.ledger.ask(End::Done);
        let mut body = json!({
            "data": { "number": number, "lines": [{ "sku": "A-1", "n": 2 }, { "sku": "B-2", "n": 1 }] },
            "steps": ["validate", "ship"],
        });
        let uuid = uuid(client);
        let is_named = client.rng.random_bool(0.6);
        if is_named {
            body["uuid"] = uuid.clone().into();
        }
        for tries in 0..if is_named { TRIES } else { 1 } {
            let post = world.api(Method::POST, "/workflow").json(&body);
            let Some(answer) = world.call(post).await else {
                client.pause().await;
                continue;
            };
            let made = match (answer.status.as_u16(), tries) {
                (201, _) => answer.json()["uuid"].as_str().unwrap_or_default().to_owned(),
                // An earlier try was successful.
                (409, 1..) => uuid,
                (status, _) => {
                    world.ledger.refused(number);
                    let what = format!("request {number} was answered {status}: {}", answer.text());
                    return world.ledger.saw(Fault::Refused, what);
                }
            };
            self.known.lock().entry(made).or_default().request = Some(number);
            return world.ledger.acknowledged(number);
        }
    }

    /// Sends a message that names no workflow.
    async fn send_nonsense(&self, world: &World) {
        let number = world.ledger.ask(End::Dead);
        let send = world.clients.sqs.send_message().queue_url(world.output(QUEUE));
        if send.message_body(format!("nonsense {number}")).send().await.is_ok() {
            world.ledger.acknowledged(number);
        }
    }

    /// Consumes a workflow. Whether there was one.
    async fn consume(&self, world: &World) -> bool {
        let began = Instant::now();
        let Some(answer) = world.call(world.api(Method::GET, "/workflow/consume")).await else { return true };
        if answer.status == 404 {
            return false;
        }
        let place = answer.headers.get("content-location").and_then(|place| place.to_str().ok()).unwrap_or_default();
        let uuid = place.strip_prefix("/workflow/").and_then(|rest| rest.strip_suffix("/csv"));
        let Some(uuid) = uuid.filter(|_| answer.status == 200) else {
            world.ledger.saw(Fault::Refused, format!("consume answered {}: {}", answer.status, answer.text()));
            return true;
        };
        let mut known = self.known.lock();
        let it = known.entry(uuid.to_owned()).or_default();
        it.given += 1;
        if it.given > 1 + it.requeued {
            world
                .ledger
                .saw(Fault::Twice, format!("{uuid} was given {} times, and queued {}", it.given, 1 + it.requeued));
        }
        if it.withdrawn.is_some_and(|at| at < began) {
            world.ledger.saw(Fault::Phantom, format!("{uuid} was withdrawn, and given"));
        }
        true
    }

    /// Withdraws a workflow, and perhaps queues it again.
    async fn change(&self, world: &World, client: &mut Client) {
        let all: Vec<String> = self.known.lock().keys().cloned().collect();
        // Each client has its own.
        let own: Vec<&String> = all.iter().filter(|uuid| uuid.ends_with(&client.number.to_string())).collect();
        let Some(uuid) = own.get(client.rng.random_range(0..own.len().max(1))).copied() else { return };
        let patch =
            |status: &str| world.api(Method::PATCH, &format!("/workflow/{uuid}")).json(&json!({ "status": status }));
        self.known(uuid, |it| it.was_withdrawn = true);
        if let Some(answer) = world.call(patch("consumed")).await {
            match answer.status.as_u16() {
                200 => self.known(uuid, |it| it.withdrawn = Some(Instant::now())),
                status => world.ledger.saw(Fault::Refused, format!("withdrawing {uuid} was answered {status}")),
            }
        }
        if client.rng.random_bool(0.5) {
            self.known(uuid, |it| (it.withdrawn, it.requeued) = (None, it.requeued + 1));
            if let Some(answer) = world.call(patch("inserted")).await
                && answer.status != 200
            {
                world.ledger.saw(Fault::Refused, format!("queueing {uuid} was answered {}", answer.status));
            }
        }
    }

    fn known(&self, uuid: &str, note: impl FnOnce(&mut Known)) {
        note(self.known.lock().entry(uuid.to_owned()).or_default());
    }
}

/// All workflows.
async fn list(world: &World) -> Result<Vec<Value>> {
    let (mut all, mut path) = (Vec::new(), "/workflow?limit=100".to_owned());
    loop {
        let page = world.must(world.api(Method::GET, &path)).await?;
        all.extend(workflows(&page.json()));
        let link = page.headers.get("link").and_then(|link| link.to_str().ok()).unwrap_or_default().to_owned();
        let next = link.split(',').find(|link| link.contains("rel=\"next\""));
        let Some(next) = next.and_then(|next| next.split(['<', '>']).nth(1)) else { return Ok(all) };
        path = next.to_owned();
    }
}

/// The workflows of a page.
fn workflows(page: &Value) -> Vec<Value> {
    page.as_array().or_else(|| page["workflows"].as_array()).cloned().unwrap_or_default()
}

/// Looks at a workflow once nobody consumes any more: its number, and what is wrong.
async fn look(world: &World, workflow: &Value, known: &BTreeMap<String, Known>) -> Result<Look> {
    let number = workflow["data"]["number"].as_u64().unwrap_or_default();
    let uuid = workflow["uuid"].as_str().unwrap_or_default();
    let known = known.get(uuid).cloned().unwrap_or_default();
    let wrong = |fault, what: &str| Ok((number, Err((fault, format!("{uuid} {what}: {known:?}")))));
    if known.request.is_some_and(|request| request != number) {
        return wrong(Fault::Wrong, "has the data of another");
    }
    if workflow["status"] != "consumed" {
        return wrong(Fault::Half, "is in the database, and nobody gets it from the queue");
    }
    let csv = world.must(world.api(Method::GET, &format!("/workflow/{uuid}/csv"))).await?;
    let expected = format!("number,lines.sku,lines.n\r\n{number},A-1,2\r\n{number},B-2,1\r\n");
    match csv.status.as_u16() {
        200 if csv.text() == expected => Ok((number, Ok(()))),
        200 => wrong(Fault::Wrong, &format!("has the CSV {:?}", csv.text())),
        // Withdrawn before anybody got it.
        409 if known.was_withdrawn && known.given == 0 => Ok((number, Ok(()))),
        _ => wrong(Fault::Half, "is consumed, and has no CSV"),
    }
}

/// A random UUID (version 4) whose last digit is the client's.
fn uuid(client: &mut Client) -> String {
    let (high, low): (u64, u64) = (client.rng.random(), client.rng.random());
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
    let (d, e) = (0x8000 | ((low >> 48) & 0x3fff), low & 0x0fff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:011x}{}", client.number)
}
