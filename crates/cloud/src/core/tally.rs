//! How many bytes the documents of a service have. Documents live in memory, so all of a service's have a bound together.

use serde::Serialize;

use super::transaction::Transaction;
use engine::Engine;
use wire::AwsError;

/// The count of a service's documents, which is a document itself.
pub(crate) struct Tally {
    /// The key of the count. No other document has it.
    key: &'static str,
    /// Bytes that all documents may have, each with its key.
    most: u64,
}

/// What becomes of documents in one step: all of it, or nothing.
#[derive(Default)]
pub(crate) struct Changes {
    put: Vec<(String, Vec<u8>)>,
    gone: Vec<String>,
}

impl Changes {
    /// One document is written.
    pub(crate) fn of<T: Serialize>(key: String, value: &T) -> Result<Self, AwsError> {
        Self::default().put(key, value)
    }

    /// A document is written. No other step is about its key.
    ///
    /// # Errors
    /// `InternalFailure` for what JSON can't hold, which no record is.
    pub(crate) fn put<T: Serialize>(mut self, key: String, value: &T) -> Result<Self, AwsError> {
        let value = serde_json::to_vec(value).map_err(|error| AwsError::internal(error.to_string()))?;
        self.put.push((key, value));
        Ok(self)
    }

    /// A document is deleted, if it is there.
    pub(crate) fn delete(mut self, key: String) -> Self {
        self.gone.push(key);
        self
    }
}

impl Tally {
    /// A count that lies at `key`, of at most `most` bytes.
    pub(crate) const fn new(key: &'static str, most: u64) -> Self {
        Self { key, most }
    }

    /// Bytes that all documents may have, in MiB.
    pub(crate) const fn mib(&self) -> u64 {
        self.most >> 20
    }

    /// Bytes that the documents have.
    pub(crate) fn bytes(&self, engine: &Engine) -> u64 {
        engine.doc(self.key).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(0)
    }

    /// Makes the changes and counts them.
    ///
    /// # Errors
    /// What `full` says, if the documents would have more bytes than they have and than they may have; nothing is changed then.
    pub(crate) fn make(
        &self,
        tx: &mut Transaction<'_>,
        changes: Changes,
        full: impl FnOnce(&Self) -> AwsError,
    ) -> Result<(), AwsError> {
        let engine = tx.engine();
        let size = |key: &str, value: usize| (key.len() + value) as u64;
        let there = |key: &String| engine.doc(key).map_or(0, |value| size(key, value.len()));
        let before: u64 = changes.put.iter().map(|(key, _)| key).chain(&changes.gone).map(there).sum();
        let after: u64 = changes.put.iter().map(|(key, value)| size(key, value.len())).sum();
        let bytes = self.bytes(engine);
        let counted = (bytes + after).saturating_sub(before);
        if counted > self.most && counted > bytes {
            return Err(full(self));
        }
        changes.put.iter().for_each(|(key, value)| tx.put_doc(key, value));
        changes.gone.iter().for_each(|key| tx.delete_doc(key));
        if counted != bytes {
            tx.put_doc(self.key, counted.to_string().as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Cloud;
    use crate::server::Options;
    use log::Durability;

    #[tokio::test]
    async fn documents_have_no_more_bytes_than_they_may() {
        static SMALL: Tally = Tally::new("bytes", 40);
        let folder = tempfile::tempdir().unwrap();
        let options = Options { durability: Durability::Memory, ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let make = async |changes: Changes| {
            let full = |tally: &Tally| AwsError::bad("Full", tally.most.to_string());
            let made = cloud.core.execute(|tx| SMALL.make(tx, changes, full)).await;
            (made.map_err(|error| error.message), cloud.core.read(|engine, _| SMALL.bytes(engine)))
        };
        let put = |key: &str, length: usize| Changes::of(key.to_owned(), &"x".repeat(length)).unwrap();
        // A document's bytes are its key, its value and two quotation marks.
        assert_eq!(make(put("a", 17)).await, (Ok(()), 20));
        assert_eq!(make(put("b", 17)).await, (Ok(()), 40));
        assert_eq!(make(put("c", 0)).await, (Err("40".into()), 40));
        assert_eq!(make(put("b", 18)).await, (Err("40".into()), 40));
        assert_eq!(make(put("b", 7)).await, (Ok(()), 30));
        // One of several changes is too much: none is made.
        let several = put("c", 1).put("d".into(), &"x".repeat(10)).unwrap();
        assert_eq!(make(several).await, (Err("40".into()), 30));
        assert!(cloud.core.read(|engine, _| engine.doc("c").is_none()));
        // What goes makes room for what comes.
        let moved = put("c", 17).delete("a".into()).delete("nobody".into());
        assert_eq!(make(moved).await, (Ok(()), 30));
        assert_eq!(make(Changes::default().delete("b".into()).delete("c".into())).await, (Ok(()), 0));
    }
}
