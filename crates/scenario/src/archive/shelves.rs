//! Which bucket a genre has.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use parking_lot::Mutex;
use service::http::Dependency;

use super::options;
use super::reason::{reason, status};
use crate::Error;

/// A genre has at most so many characters.
const MAX_GENRE: usize = 100;
/// A bucket's name has at least and at most so many characters ("General purpose bucket naming rules", user guide).
const BUCKET_NAME: std::ops::RangeInclusive<usize> = 3..=63;

/// The genres' buckets.
pub(super) struct Shelves {
    s3: Client,
    /// The account whose buckets they must be: names are global, and somebody else may have a bucket called as a genre.
    owner: Option<String>,
    /// The genres by their folded names, where it is said which there are. Otherwise each that has a bucket of its name.
    known: Option<BTreeMap<String, String>>,
    /// The buckets that were found. It can't grow beyond those that the account has.
    found: Mutex<BTreeSet<String>>,
}

/// Why a genre has no bucket.
#[derive(Debug, PartialEq)]
pub(super) enum NoShelf {
    /// There is none, and trying again finds none.
    Unknown(String),
    /// That can't be said at the moment.
    Trouble(String),
}

impl Shelves {
    /// Of the genres that were set, else of those that the stack has, else of all that have a bucket.
    ///
    /// # Errors
    /// The stack's list of genres is none, a genre is named twice, or has a bucket that can't be called so.
    pub(super) fn new(
        s3: Client,
        queue_url: &str,
        set: Option<Vec<(String, Option<String>)>>,
        stack: Option<&String>,
    ) -> Result<Self, Error> {
        let stack = stack.map(|list| options::genres(list)).transpose()?;
        let stack = stack.map(|list| by_genre(list, |genre| genre.to_owned())).transpose()?;
        let known = match set {
            None => stack,
            Some(set) => {
                let bucket_of = |genre: &str| stack.as_ref()?.get(&fold(genre)).cloned();
                Some(by_genre(set, |genre| bucket_of(genre).unwrap_or_else(|| genre.to_owned()))?)
            }
        };
        Ok(Self { s3, owner: account(queue_url), known, found: Mutex::default() })
    }

    /// The account that owns the buckets, to be named in each request.
    pub(super) fn owner(&self) -> Option<String> {
        self.owner.clone()
    }

    /// The bucket of a genre.
    pub(super) async fn find(&self, genre: &str) -> Result<String, NoShelf> {
        let shown: String = genre.chars().take(MAX_GENRE).collect();
        if let Some(known) = &self.known {
            let unknown = || {
                let genres: Vec<&str> = known.keys().map(String::as_str).collect();
                NoShelf::Unknown(format!("unknown genre {shown:?}; there are {}", genres.join(", ")))
            };
            return known.get(&fold(&shown)).cloned().filter(|_| shown == genre).ok_or_else(unknown);
        }
        let names = if shown == genre { bucket_names(genre) } else { Vec::new() };
        for name in &names {
            if self.found.lock().contains(name) || self.is_there(name).await? {
                self.found.lock().insert(name.clone());
                return Ok(name.clone());
            }
        }
        let why = format!("unknown genre {shown:?}");
        Err(NoShelf::Unknown(match names.as_slice() {
            [] => format!("{why}: no bucket can be called so"),
            names => format!("{why}: there is no bucket {}", names.join(" or ")),
        }))
    }

    /// A bucket isn't there any more, or not ours: it is looked for again.
    pub(super) fn forget(&self, bucket: &str) {
        self.found.lock().remove(bucket);
    }

    async fn is_there(&self, bucket: &str) -> Result<bool, NoShelf> {
        match self.s3.head_bucket().bucket(bucket).set_expected_bucket_owner(self.owner()).send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            // A HEAD's answer has no body, so the status is all there is.
            Err(error) if status(&error) == Some(403) => Err(NoShelf::Trouble(format!(
                "the bucket {bucket} belongs to another account, or this service may not use it"
            ))),
            Err(error) => Err(NoShelf::Trouble(format!("can't look for the bucket {bucket}: {}", reason(&error)))),
        }
    }
}

#[async_trait]
impl Dependency for Shelves {
    fn name(&self) -> &str {
        "buckets"
    }

    async fn check(&self) -> Result<(), String> {
        let buckets: BTreeSet<String> = match &self.known {
            Some(known) => known.values().cloned().collect(),
            None => self.found.lock().clone(),
        };
        if buckets.is_empty() {
            // None is known yet: does S3 answer at all?
            let answer = self.s3.list_buckets().max_buckets(1).send().await;
            return answer.map(drop).map_err(|error| reason(&error));
        }
        for bucket in buckets {
            match self.is_there(&bucket).await {
                Ok(true) => {}
                Ok(false) => return Err(format!("there is no bucket {bucket}")),
                Err(NoShelf::Unknown(why) | NoShelf::Trouble(why)) => return Err(why),
            }
        }
        Ok(())
    }
}

/// The buckets by the folded names of their genres; one that isn't named has what `usual` says of its genre.
fn by_genre(
    list: Vec<(String, Option<String>)>,
    usual: impl Fn(&str) -> String,
) -> Result<BTreeMap<String, String>, Error> {
    let wrong = |what: String| {
        let hint = "Write the genres as scifi=my-scifi,romance: each once, with the name of a bucket of S3 where that is another.";
        Err(Error::usage(what, hint))
    };
    let mut all = BTreeMap::new();
    for (genre, bucket) in list {
        let bucket = bucket.unwrap_or_else(|| usual(&genre));
        if !is_bucket_name(&bucket) {
            return wrong(format!(
                "The genre {genre:?} would have the bucket {bucket:?}, and no bucket can be called so"
            ));
        }
        let folded = fold(&genre);
        if folded.is_empty() {
            return wrong(format!("{genre:?} is no genre: it has neither letters nor digits"));
        }
        if all.insert(folded, bucket).is_some() {
            return wrong(format!("The genre {genre:?} is named twice"));
        }
    }
    Ok(all)
}

/// Whether a bucket can be called so ("General purpose bucket naming rules", user guide).
fn is_bucket_name(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    BUCKET_NAME.contains(&name.len())
        && name.bytes().all(|b| is_plain(b) || b == b'-' || b == b'.')
        && [name.bytes().next(), name.bytes().last()].into_iter().flatten().all(is_plain)
        && !name.contains("..")
}

/// What is the same genre has the same: `Sci-Fi`, ` scifi ` and `SCIFI` are `scifi`.
fn fold(genre: &str) -> String {
    genre.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How a genre's bucket may be called: `Science Fiction` as `sciencefiction` or `science-fiction`.
fn bucket_names(genre: &str) -> Vec<String> {
    let lower = genre.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut names = vec![words.concat(), words.join("-")];
    names.dedup();
    names.retain(|name| is_bucket_name(name));
    names
}

/// The account in a queue's URL, as `https://sqs.eu-central-1.amazonaws.com/123456789012/InputQueue.fifo` has it.
fn account(queue_url: &str) -> Option<String> {
    let account = queue_url.rsplit('/').nth(1)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genres_are_folded() {
        for genre in ["scifi", "Scifi", "Sci-Fi", " SCI FI\n", "sci_fi"] {
            assert_eq!(fold(genre), "scifi");
        }
        assert_eq!(fold("Lyrik für Ältere"), "lyrikfürältere");
    }

    #[test]
    fn buckets_that_a_genre_may_have() {
        for (genre, names) in [
            ("Scifi", &["scifi"][..]),
            ("Science Fiction", &["sciencefiction", "science-fiction"]),
            ("../etc", &["etc"]),
            ("ab", &[]),
            ("für", &[]),
            ("", &[]),
        ] {
            assert_eq!(bucket_names(genre), names, "{genre:?}");
        }
        assert!(bucket_names(&"long ".repeat(20)).is_empty());
    }

    #[test]
    fn the_account_is_the_queues() {
        assert_eq!(account("http://localhost:4566/000000000000/InputQueue.fifo").as_deref(), Some("000000000000"));
        assert_eq!(account("http://localhost:4566/queue/InputQueue.fifo"), None);
    }

    /// `scifi=..,b` was taken, and every book of it tried again and again.
    #[tokio::test]
    async fn genres_without_a_bucket_that_can_be_are_refused() {
        for (list, why) in [
            ("scifi=..", "no bucket can be called so"),
            ("scifi=my-scifi,b", "no bucket can be called so"),
            ("Science Fiction", "no bucket can be called so"),
            ("scifi=My-Scifi", "no bucket can be called so"),
            ("scifi=-my-scifi", "no bucket can be called so"),
            ("scifi=a/b/c", "no bucket can be called so"),
            ("!!=some-bucket", "neither letters nor digits"),
            ("scifi=one-bucket,Sci-Fi=another", "named twice"),
        ] {
            for (set, stack) in [(Some(list), None), (None, Some(list))] {
                let told = made(set, stack).err().unwrap().to_string();
                assert!(told.contains(why), "{list}: {told}");
            }
        }
        // The stack says which bucket a short name has.
        assert_eq!(made(Some("b"), Some("b=my.bucket-9")).unwrap().find("B").await, Ok("my.bucket-9".into()));
    }

    fn shelves(set: Option<&str>, stack: Option<&str>) -> Shelves {
        made(set, stack).unwrap()
    }

    fn made(set: Option<&str>, stack: Option<&str>) -> Result<Shelves, Error> {
        let config = aws_sdk_s3::Config::builder().behavior_version_latest().build();
        let set = set.map(|set| options::genres(set).unwrap());
        Shelves::new(Client::from_conf(config), "q/123456789012/q", set, stack.map(str::to_owned).as_ref())
    }

    #[tokio::test]
    async fn settings_limit_and_name_the_buckets() {
        let stack = Some("scifi=acme-scifi,romance=acme-romance");
        let all = shelves(None, stack);
        assert_eq!(all.find(" Sci-Fi ").await, Ok("acme-scifi".into()));
        assert_eq!(
            all.find("horror").await,
            Err(NoShelf::Unknown("unknown genre \"horror\"; there are romance, scifi".into()))
        );
        let some = shelves(Some("romance,crime=tatort,comics"), stack);
        for (genre, bucket) in [("Romance", "acme-romance"), ("crime", "tatort"), ("COMICS", "comics")] {
            assert_eq!(some.find(genre).await, Ok(bucket.into()));
        }
        assert!(matches!(some.find("scifi").await, Err(NoShelf::Unknown(_))));
        let long = format!("scifi{}", " ".repeat(200));
        assert!(matches!(all.find(&long).await, Err(NoShelf::Unknown(why)) if why.len() < 200));
    }
}
