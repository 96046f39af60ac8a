//! What landed of a run whose publisher is done.

use aws_sdk_s3::Client;
use jiff::Timestamp;

use super::LANDING;
use super::published::Published;
use crate::aws::CallError;
use crate::traffic::account::Account;
use crate::traffic::landed::{self, BucketWatch};
use crate::traffic::leg::Leg;

/// A bucket that is looked at until all is there.
#[derive(Debug)]
pub(crate) struct Landing {
    bucket: BucketWatch,
    leg: Leg,
}

impl Landing {
    /// Looks for what a run landed in a bucket.
    pub(crate) fn new(bucket: &str, published: &Published) -> Self {
        let since = published.since.unwrap_or(Timestamp::UNIX_EPOCH);
        // Whatever stream landed it there: the events say which run they are of.
        let (bucket, prefix, error_prefix) = (bucket.to_owned(), String::new(), String::new());
        let all = landed::Landing { bucket, prefix, error_prefix, only_of: None };
        Self { bucket: BucketWatch::new(all, since), leg: Leg::unhurried() }
    }

    /// Takes in what is new; whether everything is there now.
    ///
    /// # Errors
    /// The requests'.
    pub(crate) async fn look(&mut self, client: &Client, published: &Published) -> Result<bool, CallError> {
        let leg = &mut self.leg;
        self.bucket
            .look(client, |event| {
                let Some((_, place)) = event.run.filter(|(run, _)| *run == published.run) else { return };
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
        self.leg.balance(published.expected(LANDING))
    }
}
