//! Tasks under kills: files are sent, with a key that lets a client repeat its request and without, and each accepted one must
//! have one result, which is right, or an error with its reason.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use rand::RngExt;
use reqwest::Method;
use serde_json::Value;

use super::fleet::{CLOUD, Fleet};
use super::ledger::{End, Fault, Findings};
use super::picture;
use super::world::{AT_ONCE, Client, World, reason};
use super::{Result, System};
use crate::moment;

const QUEUE: &str = "QueueUrl";
const DEAD: &str = "DeadLetterQueueUrl";
const BUCKET: &str = "BucketName";
/// How often a request with a key is repeated that wasn't answered.
const TRIES: u32 = 200;

const RESULT: &str = "a result is deleted";
const ENDING: &str = "an end is deleted";
const ORDERS: &str = "the queue is purged";

/// The scenario.
#[derive(Default)]
pub(crate) struct Tasks {
    /// Each accepted task's token, as its path.
    tokens: Mutex<BTreeMap<u64, String>>,
    /// What each request sent.
    files: Mutex<BTreeMap<u64, File>>,
    /// Final statuses that were told, by the task's path.
    told: Mutex<BTreeMap<String, Value>>,
    /// Dead letters: what was asked for, and why it is dead.
    dead: Mutex<Vec<(u64, String)>>,
}

#[derive(Clone)]
enum File {
    /// A text, and the sum of its even numbers.
    Text(String, u64),
    Picture(Vec<u8>),
    /// A message that names no task.
    Message,
}

/// What lies in the bucket of a task.
type Names = BTreeSet<String>;

impl System for Tasks {
    const NAME: &str = "tasks";
    const SABOTAGES: &[&str] = &[RESULT, ENDING, ORDERS];

    fn services(&self, _database_url: Option<&str>) -> Vec<(&'static str, Vec<String>)> {
        let args = |role: &str| ["tasks", "--role", role, "--workers", "4"].map(str::to_owned).to_vec();
        vec![("api", args("api")), ("worker", args("worker")), ("second worker", args("worker"))]
    }

    async fn set_up(&self, world: &World, _fleet: &Fleet) -> Result<()> {
        world.hasten(QUEUE).await
    }

    async fn request(&self, world: &World, client: &mut Client) {
        match client.rng.random_range(0..20) {
            0 => self.send_nonsense(world).await,
            _ => self.send_file(world, client).await,
        }
    }

    async fn left(&self, world: &World) -> Result<u64> {
        world.depth(QUEUE).await
    }

    async fn find(&self, world: &World) -> Result<Findings> {
        for message in world.drain(DEAD).await? {
            let body = message.body().unwrap_or_default();
            let number = body.strip_prefix("nonsense ").and_then(|number| number.parse().ok());
            // A task that is given up is a dead letter as well; its end says why.
            if let Some(number) = number {
                self.dead.lock().push((number, reason(&message)));
            }
        }
        let mut findings = Findings::default();
        for (number, why) in self.dead.lock().iter() {
            findings.of(*number).dead.push(why.clone());
        }
        let mut tasks: BTreeMap<String, Names> = BTreeMap::new();
        for key in world.keys(world.output(BUCKET)).await? {
            if let Some((task, name)) = key.strip_prefix("tasks/").and_then(|rest| rest.rsplit_once('/')) {
                tasks.entry(task.to_owned()).or_default().insert(name.to_owned());
            }
        }
        let looks: Vec<_> = tasks.iter().map(|(task, names)| self.look(world, task, names)).collect();
        let looks: Vec<Look> = stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await?;
        let tokens = self.tokens.lock();
        for look in looks {
            look.note(&tokens, &mut findings);
        }
        // A token that a client has names its own file, and all of it is there.
        for (number, token) in tokens.iter().filter(|(_, token)| !tasks.contains_key(*token)) {
            findings.of(*number).half.push(format!("nothing of {token} is in the bucket"));
        }
        Ok(findings)
    }

    async fn sabotage(&self, what: &str, world: &World, fleet: &mut Fleet) -> Result<()> {
        let tokens: Vec<String> =
            self.tokens.lock().values().filter(|it| it.starts_with("sum-even")).cloned().collect();
        // Another one for each sabotage.
        let any = if what == ENDING { tokens.last() } else { tokens.first() }.ok_or("no task")?;
        match what {
            RESULT => world.delete(world.output(BUCKET), &format!("tasks/{any}/result")).await,
            ENDING => world.delete(world.output(BUCKET), &format!("tasks/{any}/end.json")).await,
            _ => {
                let (workers, mut client) = (CLOUD + 2..fleet.len(), Client::new(0, 7));
                workers.clone().try_for_each(|worker| fleet.end(worker, moment::End::Killed).map(drop))?;
                for _ in 0..5 {
                    self.send_file(world, &mut client).await;
                }
                world.purge(QUEUE).await?;
                workers.into_iter().try_for_each(|worker| fleet.start(worker).map(drop))?;
                Ok(())
            }
        }
    }
}

impl Tasks {
    /// Asks for a task; with a key again and again until the answer says what became of it.
    async fn send_file(&self, world: &World, client: &mut Client) {
        let is_picture = client.rng.random_bool(0.5);
        let end = if is_picture && client.rng.random_bool(0.1) { End::Dead } else { End::Done };
        let number = world.ledger.ask(end);
        let (task, kind, file) = match is_picture {
            true => ("randomize", "image/png", File::Picture(picture::draw(number, end == End::Dead))),
            false => ("sum-even", "text/plain", text(number, client)),
        };
        let body = match &file {
            File::Text(text, _) => Bytes::from(text.clone()),
            File::Picture(png) => Bytes::from(png.clone()),
            File::Message => Bytes::new(),
        };
        self.files.lock().insert(number, file);
        let has_key = client.rng.random_bool(0.6);
        for _ in 0..if has_key { TRIES } else { 1 } {
            let mut post = world.api(Method::POST, &format!("/{task}")).header("content-type", kind);
            post = post.header("x-tenant", format!("tenant-{}", client.number % 3)).body(body.clone());
            if has_key {
                post = post.header("idempotency-key", format!("key-{number}"));
            }
            let Some(answer) = world.call(post).await else {
                client.pause().await;
                continue;
            };
            let token = answer.json()["token"].as_str().map(|token| format!("{task}/{token}"));
            let Some(token) = token.filter(|_| answer.status == 201) else {
                world.ledger.refused(number);
                let what = format!("request {number} was answered {}: {}", answer.status, answer.text());
                return world.ledger.saw(Fault::Refused, what);
            };
            self.tokens.lock().insert(number, token.clone());
            world.ledger.acknowledged(number);
            return self.follow(world, client, &token).await;
        }
    }

    /// Sends a message that names no task.
    async fn send_nonsense(&self, world: &World) {
        let number = world.ledger.ask(End::Dead);
        self.files.lock().insert(number, File::Message);
        let send = world.clients.sqs.send_message().queue_url(world.output(QUEUE)).message_group_id("nobody");
        if send.message_body(format!("nonsense {number}")).send().await.is_ok() {
            world.ledger.acknowledged(number);
        }
    }

    /// Asks for a task's status, some of the time. An accepted task is known at once, and its end is final.
    async fn follow(&self, world: &World, client: &mut Client, token: &str) {
        for _ in 0..client.rng.random_range(0..4) {
            if let Some(answer) = world.call(world.api(Method::GET, &format!("/{token}/status"))).await {
                let status = answer.json();
                match status["status"].as_str() {
                    Some("requested" | "received") => {}
                    Some("finished" | "errored") => {
                        self.told.lock().insert(token.to_owned(), status);
                        return;
                    }
                    _ => world.ledger.saw(Fault::Lost, format!("{token} is unknown: {} {status}", answer.status)),
                }
            }
            client.pause().await;
        }
    }

    /// Looks at a task: what lies in the bucket, and what the API says.
    async fn look(&self, world: &World, task: &str, names: &Names) -> Result<Look> {
        let mut look = Look { task: task.to_owned(), ..Look::default() };
        let bucket = world.output(BUCKET);
        let object = async |name: &str| world.object(bucket, &format!("tasks/{task}/{name}")).await;
        let has = |name: &str| names.contains(name);
        let payload = match has("meta.json") {
            true => {
                let meta: Value = serde_json::from_slice(&object("meta.json").await?)?;
                meta["payload"].as_str().and_then(|key| key.rsplit('/').next()).unwrap_or_default().to_owned()
            }
            false => names.iter().find(|name| name.starts_with("payload-")).cloned().unwrap_or_default(),
        };
        if !has(&payload) {
            look.half = Some(format!("there is no file, but {names:?}"));
            return Ok(look);
        }
        look.request = number(task, &object(&payload).await?);
        match (has("meta.json"), has("state.json"), has("result"), has("end.json")) {
            (_, _, _, true) => {}
            // Its client has no token, and nobody was asked to do it.
            (_, false, false, false) => return Ok(look),
            _ => {
                look.half = Some(format!("it was begun and hasn't ended: {names:?}"));
                return Ok(look);
            }
        }
        let end: Value = serde_json::from_slice(&object("end.json").await?)?;
        look.ended = true;
        look.error = end["error"].as_str().map(str::to_owned);
        if look.error.is_none() && !has("result") {
            look.half = Some("it has finished without a result".into());
            return Ok(look);
        }
        let status = world.must(world.api(Method::GET, &format!("/{task}/status"))).await?.json();
        let is_finished = status["status"] == if look.error.is_none() { "finished" } else { "errored" };
        if !is_finished || self.told.lock().get(task).is_some_and(|told| *told != status) {
            look.strange.push((Fault::Changed, format!("{task} ended as {end}, and is told as {status}")));
        }
        let file = self.files.lock().get(&look.request.unwrap_or_default()).cloned();
        let result = world.must(world.api(Method::GET, &format!("/{task}/result"))).await?;
        let is_right = match file {
            _ if look.error.is_some() => result.status == 422,
            Some(File::Text(_, sum)) => result.status == 200 && result.text() == sum.to_string(),
            Some(File::Picture(png)) => result.status == 200 && picture::is_shuffled(&png, &result.body),
            _ => false,
        };
        if !is_right {
            look.strange.push((Fault::Wrong, format!("{task}: {} {:.80}", result.status, result.text())));
        }
        Ok(look)
    }
}

/// What was seen of a task.
#[derive(Default)]
struct Look {
    task: String,
    /// The request whose file it has.
    request: Option<u64>,
    ended: bool,
    error: Option<String>,
    half: Option<String>,
    strange: Vec<(Fault, String)>,
}

impl Look {
    fn note(self, tokens: &BTreeMap<u64, String>, findings: &mut Findings) {
        findings.strange.extend(self.strange);
        let Some(request) = self.request else {
            return findings.strange(Fault::Half, format!("{}: {}", self.task, self.half.unwrap_or_default()));
        };
        // With a token that its client knows, a task is more than a file.
        let is_known = tokens.get(&request) == Some(&self.task);
        let found = findings.of(request);
        match (self.half, self.ended, self.error) {
            (Some(half), ..) => found.half.push(format!("{}: {half}", self.task)),
            (None, true, None) => found.done += 1,
            (None, true, Some(why)) => found.dead.push(why),
            (None, false, _) if is_known => found.half.push(format!("{} was accepted and never begun", self.task)),
            (None, false, _) => {}
        }
        if let Some(token) =
            tokens.get(&request).filter(|token| **token != self.task && found.done + found.dead.len() as u32 > 1)
        {
            findings.strange(Fault::Twice, format!("request {request} is {token} and {}", self.task));
        }
    }
}

/// A text of numbers: the first is odd and says whose it is.
fn text(number: u64, client: &mut Client) -> File {
    let mut text = format!("{}", 2 * number + 1);
    let mut sum = 0;
    for _ in 0..client.rng.random_range(1..400) {
        let addend = client.rng.random_range(0..1_000_000_u64);
        sum += if addend.is_multiple_of(2) { addend } else { 0 };
        text += &format!("{}{addend}", ["\n", " ", ", ", ";"][client.rng.random_range(0..4_usize)]);
    }
    File::Text(text, sum)
}

/// The number of the request that a file is of.
fn number(task: &str, file: &[u8]) -> Option<u64> {
    if task.starts_with("randomize") {
        return picture::number(file);
    }
    let digits = file.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let first: u64 = std::str::from_utf8(&file[..digits]).ok()?.parse().ok()?;
    Some(first / 2)
}
