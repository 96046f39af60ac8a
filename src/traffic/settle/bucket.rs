//! What landed of a run whose publisher is done.

use aws_sdk_s3::Client;
use jiff::Timestamp;

use super::published::Published;
use crate::aws::CallError;
use crate::event::envelope::Place;
use crate::traffic::account::Account;
use crate::traffic::landed::{self, BucketWatch};
use crate::traffic::leg::Leg;
use crate::traffic::message::Content;

/// A bucket that is looked at until all is there.
#[derive(Debug)]
pub(crate) struct Landing {
    /// What it is called.
    pub name: String,
    bucket: BucketWatch,
    leg: Leg,
}

impl Landing {
    /// Looks for what a run landed, there where a stream lands it.
    pub(crate) fn new(name: &str, to: landed::Landing, published: &Published) -> Self {
        let since = published.since.unwrap_or(Timestamp::UNIX_EPOCH);
        Self { name: name.to_owned(), bucket: BucketWatch::new(to, since), leg: Leg::unhurried() }
    }

    /// Takes in what is new; whether everything is there now.
    ///
    /// # Errors
    /// The requests'.
    pub(crate) async fn look(&mut self, client: &Client, published: &Published) -> Result<bool, CallError> {
        let leg = &mut self.leg;
        self.bucket
            .look(client, true, |content| {
                let place = match content {
                    Content::Event(event) => event.run.filter(|(run, _)| *run == published.run).map(|(_, place)| place),
                    // Another run may have published the same text.
                    Content::Own { id: Some(id), .. } => published.place(&id),
                    Content::Own { text, id: None } => next(Some(&*leg), published.places_of(&text)),
                };
                let Some(place) = place else { return };
                if leg.handle(place, None, None) && published.doubles.contains(place) {
                    leg.expect_twice(place);
                }
            })
            .await?;
        Ok(self.account(published).lost == Some(0))
    }

    /// How many events were found.
    pub(crate) fn found(&self) -> u64 {
        self.leg.distinct()
    }

    /// How the bucket balances.
    pub(crate) fn account(&self, published: &Published) -> Account {
        self.leg.balance(published.expected(&self.name))
    }
}

/// Which of several events of the same text has come: the first that hasn't, else the last.
pub(super) fn next(leg: Option<&Leg>, places: &[Place]) -> Option<Place> {
    let is_new = |place: &&Place| leg.is_none_or(|leg| !leg.has_seen(**place));
    places.iter().find(is_new).or(places.last()).copied()
}
