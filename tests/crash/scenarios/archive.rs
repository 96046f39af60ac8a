//! The archive under kills: books are sent, `GET /` is called, and each book must lie in one object that one message tells of.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sqs::types::MessageSystemAttributeName as Attribute;
use parking_lot::Mutex;
use rand::RngExt;
use reqwest::Method;
use serde_json::{Value, json};

use super::fleet::Fleet;
use super::ledger::{End, Fault, Findings};
use super::world::{Client, World, attribute, reason};
use super::{Result, System};

const INPUT: &str = "InputQueueUrl";
const OUTPUT: &str = "OutputQueueUrl";
const DEAD: &str = "DeadLetterQueueUrl";
const GENRES: [&str; 4] = ["scifi", "romance", "fantasy", "mystery"];
/// For so many milliseconds SQS knows a deduplication id.
const WINDOW: u64 = 300_000;
/// How often a book is sent again whose sending wasn't answered.
const TRIES: u32 = 200;

const OBJECT: &str = "an object is deleted";
const MESSAGES: &str = "the output queue is purged";
const BOOKS: &str = "the input queue is purged";

/// The scenario.
#[derive(Default)]
pub(crate) struct Archive {
    books: Mutex<BTreeMap<u64, Value>>,
    /// What the output queue told: group, book, place and time.
    heard: Mutex<Vec<Heard>>,
    /// What the dead-letter queue held: book, reason and time.
    dead: Mutex<Vec<(u64, String, u64)>>,
}

struct Heard {
    group: String,
    book: u64,
    place: (String, String),
    at: u64,
}

impl System for Archive {
    const NAME: &str = "archive";
    const SABOTAGES: &[&str] = &[OBJECT, MESSAGES, BOOKS];

    fn services(&self, _database_url: Option<&str>) -> Vec<(&'static str, Vec<String>)> {
        let args = |role: &str| ["archive", "--role", role, "--workers", "4"].map(str::to_owned).to_vec();
        vec![("api", args("api")), ("worker", args("worker")), ("second worker", args("worker"))]
    }

    async fn set_up(&self, world: &World, _fleet: &Fleet) -> Result<()> {
        world.hasten(INPUT).await
    }

    async fn request(&self, world: &World, client: &mut Client) {
        self.send(world, client).await;
        // It takes books, and goes on when nobody reads the answer.
        if client.rng.random_bool(0.4)
            && let Some(answer) = world.call(world.api(Method::GET, "/")).await
            && ![202, 204].contains(&answer.status.as_u16())
        {
            world.ledger.saw(Fault::Refused, format!("GET / answered {}", answer.status));
        }
    }

    async fn left(&self, world: &World) -> Result<u64> {
        world.depth(INPUT).await
    }

    async fn find(&self, world: &World) -> Result<Findings> {
        self.listen(world).await?;
        let mut findings = Findings::default();
        let objects = self.objects(world, &mut findings).await?;
        let heard = self.heard.lock();
        let mut told: BTreeMap<u64, Vec<&Heard>> = BTreeMap::new();
        heard.iter().for_each(|it| told.entry(it.book).or_default().push(it));
        for (book, places) in &objects {
            findings.of(*book).done = places.len() as u32;
            if !told.contains_key(book) {
                findings.of(*book).half.push(format!("an object without its message: {places:?}"));
            }
        }
        for (book, told) in &told {
            let found = findings.of(*book);
            let mut times: Vec<u64> = told.iter().map(|it| it.at).collect();
            times.sort_unstable();
            let later = times.windows(2).filter(|pair| pair[1] - pair[0] >= WINDOW).count();
            found.again += later as u32;
            // Each object has one message: what is more of them within the window counts as an effect.
            found.done = found.done.max((times.len() - later) as u32);
            for it in told {
                if !objects.get(book).is_some_and(|places| places.contains(&it.place)) {
                    found.half.push(format!("a message whose object isn't there: {:?}", it.place));
                }
            }
        }
        let mut died: BTreeMap<u64, u64> = BTreeMap::new();
        for (book, why, at) in self.dead.lock().iter() {
            findings.of(*book).dead.push(why.clone());
            if died.insert(*book, *at).is_some_and(|before| at.saturating_sub(before) < WINDOW) {
                findings.strange(Fault::Twice, format!("book {book} is a dead letter twice"));
            }
        }
        order(&heard, &mut findings);
        Ok(findings)
    }

    async fn sabotage(&self, what: &str, world: &World, fleet: &mut Fleet) -> Result<()> {
        let mut client = Client::new(0, 7);
        match what {
            OBJECT => {
                let keys = world.keys(GENRES[0]).await?;
                world.delete(GENRES[0], keys.first().ok_or("no object")?).await
            }
            MESSAGES => {
                for _ in 0..5 {
                    self.send(world, &mut client).await;
                }
                super::settle(self, world, super::PATIENCE).await?;
                world.purge(OUTPUT).await
            }
            _ => {
                let services = 1..fleet.len();
                for service in services.clone() {
                    fleet.end(service, crate::moment::End::Killed)?;
                }
                for _ in 0..5 {
                    self.send(world, &mut client).await;
                }
                world.purge(INPUT).await?;
                services.into_iter().try_for_each(|service| fleet.start(service).map(drop))?;
                Ok(())
            }
        }
    }
}

impl Archive {
    /// Sends a book. What wasn't answered is mostly sent again, with the same deduplication id; or it stays of unknown fate.
    async fn send(&self, world: &World, client: &mut Client) {
        let end = if client.rng.random_bool(0.06) { End::Dead } else { End::Done };
        let number = world.ledger.ask(end);
        let book = book(number, end, client);
        self.books.lock().insert(number, book.clone());
        let group = format!("group-{}-{}", client.number, number % 2);
        for _ in 0..TRIES {
            let send = world.clients.sqs.send_message().queue_url(world.output(INPUT)).message_body(book.to_string());
            let send = send.message_group_id(&group).message_deduplication_id(format!("book-{number}"));
            match send.send().await {
                Ok(_) => return world.ledger.acknowledged(number),
                Err(error) => {
                    let status = error.raw_response().map(|response| response.status().as_u16());
                    if status.is_some_and(|status| status < 500) {
                        world.ledger.refused(number);
                        return world.ledger.saw(Fault::Refused, format!("book {number}: {error:?}"));
                    }
                    client.pause().await;
                    if client.rng.random_bool(0.15) {
                        return;
                    }
                }
            }
        }
    }

    /// Empties the output queue and the dead-letter queue.
    async fn listen(&self, world: &World) -> Result<()> {
        for message in world.drain(OUTPUT).await? {
            let body: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            self.heard.lock().push(Heard {
                group: attribute(&message, &Attribute::MessageGroupId),
                book: text("id").parse()?,
                place: (text("bucket"), text("key")),
                at: attribute(&message, &Attribute::SentTimestamp).parse()?,
            });
        }
        for message in world.drain(DEAD).await? {
            let body: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let book = body["id"].as_str().unwrap_or_default().parse()?;
            let at = attribute(&message, &Attribute::SentTimestamp).parse()?;
            self.dead.lock().push((book, reason(&message), at));
        }
        Ok(())
    }

    /// Where each book lies, which must be what was sent.
    async fn objects(
        &self,
        world: &World,
        findings: &mut Findings,
    ) -> Result<BTreeMap<u64, BTreeSet<(String, String)>>> {
        let mut objects: BTreeMap<u64, BTreeSet<(String, String)>> = BTreeMap::new();
        for genre in GENRES {
            for key in world.keys(genre).await? {
                let there: Value = serde_json::from_slice(&world.object(genre, &key).await?).unwrap_or_default();
                let number: u64 = there["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
                if self.books.lock().get(&number) != Some(&there) || there["genre"] != genre {
                    findings.strange(Fault::Wrong, format!("{genre}/{key} holds {there}"));
                }
                objects.entry(number).or_default().insert((genre.to_owned(), key));
            }
        }
        Ok(objects)
    }
}

/// A book: some share their titles.
fn book(number: u64, end: End, client: &mut Client) -> Value {
    let genre = GENRES[client.rng.random_range(0..GENRES.len())];
    let title = if number.is_multiple_of(4) { format!("Shared {}", number / 40) } else { format!("Book {number}") };
    json!({
        "id": number.to_string(),
        "title": title,
        "author": "John Doe",
        "year": "1960",
        "genre": if end == End::Dead { "cookery" } else { genre },
        "summary": "x".repeat(client.rng.random_range(0..2_000)),
    })
}

/// A client sends the books of a group by number: so they must be heard of.
fn order(heard: &[Heard], findings: &mut Findings) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for it in heard.iter().filter(|it| seen.insert(it.book)) {
        let before = last.insert(&it.group, it.book).unwrap_or_default();
        if before > it.book {
            findings.strange(Fault::Order, format!("{}: {} came after {before}", it.group, it.book));
        }
    }
}
