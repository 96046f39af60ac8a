//! The bucket that a thread read last: most requests are for the same one, and its document has many fields.

use std::cell::RefCell;
use std::sync::Arc;

use super::error::Result;
use super::record::Bucket;

thread_local! {
    /// The document, which is never changed in place, and what it says.
    static LAST: RefCell<Option<(Arc<[u8]>, Bucket)>> = const { RefCell::new(None) };
}

/// What a bucket's document says; `read` is asked if it isn't the one that was read last.
pub(super) fn bucket(document: &Arc<[u8]>, read: impl FnOnce() -> Result<Bucket>) -> Result<Bucket> {
    LAST.with_borrow_mut(|last| match last {
        Some((seen, bucket)) if Arc::ptr_eq(seen, document) => Ok(bucket.clone()),
        _ => {
            let bucket = read()?;
            *last = Some((document.clone(), bucket.clone()));
            Ok(bucket)
        }
    })
}
