//! Where a task is kept: objects in the bucket.
//!
//! ```text
//! tasks/KIND/TOKEN/payload-N    what was sent; N is of each upload its own
//! tasks/KIND/TOKEN/meta.json    written once: from then on the token exists
//! tasks/KIND/TOKEN/state.json   written when a worker begins
//! tasks/KIND/TOKEN/result       the same bytes at each attempt
//! tasks/KIND/TOKEN/end.json     written once, after the result: finished, or errored and why
//! ```
//!
//! A process may die between any two of these. A payload without a meta is one of which nobody was told: the bucket's
//! lifecycle clears it. A meta without a message is one whose client got no token, or repeats its request by its key, which
//! sends the message. A result without an end is written again by the next attempt, the same. An end without a delete of
//! the message: the next to receive it sees the end and only deletes.

use bytes::Bytes;
use futures::try_join;
use serde::Serialize;
use serde::de::DeserializeOwned;
use service::objects::{Attributes, Error, Object, Objects};

use super::task::{End, Kind, Meta, State, TaskStatus, Token};

/// How many bytes what is written about a task may have; an error is cut long before.
const MAX_NOTE: u64 = 64 << 10;
const JSON: Attributes<'static> = Attributes { content_type: "application/json", trace: None };

/// The tasks of a bucket.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) objects: Objects,
}

/// The key of something that belongs to a task.
pub(super) fn key(kind: Kind, token: &Token, name: &str) -> String {
    format!("tasks/{}/{}/{name}", kind.name(), token.as_str())
}

impl Store {
    /// What is known of a task from its request on; [`Error::Broken`] if that is another task's.
    pub(super) async fn meta(&self, kind: Kind, token: &Token) -> Result<Option<Meta>, Error> {
        let key = key(kind, token, "meta.json");
        let Some(meta) = self.read(&key).await? else { return Ok(None) };
        check(&meta, kind, token).map_err(|why| Error::Broken { key, why })?;
        Ok(Some(meta))
    }

    /// Writes what is known of a task from its request on, if nothing is yet. If there is something already, gives that.
    pub(super) async fn begin(&self, meta: &Meta) -> Result<Option<Meta>, Error> {
        let key = key(meta.task, &meta.token, "meta.json");
        if self.objects.put_new(&key, json(meta), JSON).await? {
            Ok(None)
        } else {
            self.meta(meta.task, &meta.token).await
        }
    }

    /// Writes that a worker began.
    pub(super) async fn receive(&self, kind: Kind, token: &Token, state: &State) -> Result<(), Error> {
        self.objects.put(&key(kind, token, "state.json"), json(state), JSON).await
    }

    /// Whether a worker began, or it even ended.
    pub(super) async fn has_begun(&self, kind: Kind, token: &Token) -> Result<bool, Error> {
        Ok(self.objects.head(&key(kind, token, "state.json")).await?.is_some())
    }

    /// How a task ended, if it did.
    pub(super) async fn end(&self, kind: Kind, token: &Token) -> Result<Option<End>, Error> {
        self.read(&key(kind, token, "end.json")).await
    }

    /// Writes how a task ended, if it hasn't ended yet; false if it had, and that stays.
    pub(super) async fn finish(&self, kind: Kind, token: &Token, end: &End) -> Result<bool, Error> {
        self.objects.put_new(&key(kind, token, "end.json"), json(end), JSON).await
    }

    /// Writes a result.
    pub(super) async fn put_result(
        &self,
        kind: Kind,
        token: &Token,
        result: Bytes,
        trace: Option<&str>,
    ) -> Result<(), Error> {
        let attributes = Attributes { content_type: kind.gives(), trace };
        self.objects.put(&key(kind, token, "result"), result, attributes).await
    }

    /// Begins to read a result.
    pub(super) async fn result(&self, kind: Kind, token: &Token) -> Result<Option<Object>, Error> {
        self.objects.open(&key(kind, token, "result")).await
    }

    /// Where a task stands, if there is such a task.
    pub(super) async fn status(&self, kind: Kind, token: &Token) -> Result<Option<TaskStatus>, Error> {
        let state_key = key(kind, token, "state.json");
        let (meta, state, end) =
            try_join!(self.meta(kind, token), self.read::<State>(&state_key), self.end(kind, token))?;
        Ok(meta.map(|meta| TaskStatus::of(&meta, state.as_ref(), end.as_ref())))
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        let broken = |why: String| Error::Broken { key: key.to_owned(), why };
        let bytes = match self.objects.read(key, MAX_NOTE).await {
            Err(why @ Error::TooLarge { .. }) => return Err(broken(why.to_string())),
            read => read?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|why| broken(why.to_string()))
    }
}

/// Whether what is written about a task is about this one. Whoever may write to the bucket could let it read another's file
/// otherwise.
fn check(meta: &Meta, kind: Kind, token: &Token) -> Result<(), String> {
    if (meta.task, &meta.token) != (kind, token) {
        return Err(format!("it is about the task {} {}", meta.task.name(), meta.token.as_str()));
    }
    let number = meta.payload.strip_prefix(&key(kind, token, "payload-"));
    if number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Ok(())
    } else {
        Err(format!("its payload is {:?}", meta.payload.chars().take(200).collect::<String>()))
    }
}

fn json(value: &impl Serialize) -> Bytes {
    // What is written here are structs of texts and numbers: they always become JSON.
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    // A meta that was written by hand let its task read another task's file, and overwrite another's result.
    #[test]
    fn what_is_written_about_a_task_is_about_this_one() {
        let (token, other) = (Token::random(), Token::random());
        let payload = key(Kind::SumEven, &token, "payload-0123456789abcdef");
        let meta = Meta {
            task: Kind::SumEven,
            token: token.clone(),
            tenant: "acme".to_owned(),
            payload,
            length: 3,
            digest: None,
            requested: jiff::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(check(&meta, Kind::SumEven, &token), Ok(()));
        assert!(check(&meta, Kind::Randomize, &token).is_err());
        assert!(check(&meta, Kind::SumEven, &other).is_err());
        for payload in [
            key(Kind::SumEven, &other, "payload-0123456789abcdef"),
            key(Kind::SumEven, &token, "payload-"),
            key(Kind::SumEven, &token, "payload-/../../x"),
            key(Kind::SumEven, &token, "result"),
            String::new(),
        ] {
            let meta = Meta { payload, ..meta.clone() };
            assert!(check(&meta, Kind::SumEven, &token).is_err(), "{}", meta.payload);
        }
    }
}
