//! What documents say that a thread read before: most requests are for the same few, and to read one takes longer than all that is
//! asked of it. A document is never changed in place, so what it says stays true as long as it is the same one.

use std::cell::RefCell;
use std::sync::Arc;

use super::error::Result;
use super::record::{Bucket, Object};

/// How many objects a thread remembers.
const OBJECTS: usize = 1 << 11;
/// A longer document isn't remembered, in bytes: the bound of what is held for it.
const LONGEST: usize = 2 << 10;

/// A document and what it says.
type Seen<T> = Option<(Arc<[u8]>, Arc<T>)>;

thread_local! {
    static BUCKET: RefCell<Seen<Bucket>> = const { RefCell::new(None) };
    /// Each document has one place; the next one that has the same takes it.
    static SEEN: RefCell<Vec<Seen<Object>>> = const { RefCell::new(Vec::new()) };
}

/// What a bucket's document says; `read` is asked if it isn't the one that was read last.
pub(super) fn bucket(document: &Arc<[u8]>, read: impl FnOnce() -> Result<Bucket>) -> Result<Arc<Bucket>> {
    BUCKET.with_borrow_mut(|seen| of(seen, document, read))
}

/// What an object's document says; `read` is asked if it isn't remembered.
pub(super) fn object(document: &Arc<[u8]>, read: impl FnOnce() -> Result<Object>) -> Result<Arc<Object>> {
    if document.len() > LONGEST {
        return read().map(Arc::new);
    }
    SEEN.with_borrow_mut(|seen| {
        if seen.is_empty() {
            seen.resize(OBJECTS, None);
        }
        of(&mut seen[place(document)], document, read)
    })
}

/// The place of a document, by where it lies in memory.
fn place(document: &Arc<[u8]>) -> usize {
    let address = document.as_ptr() as usize as u64;
    (address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - OBJECTS.trailing_zeros())) as usize
}

fn of<T>(seen: &mut Seen<T>, document: &Arc<[u8]>, read: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
    match seen {
        // It is held, so no other document can lie where it does.
        Some((known, says)) if Arc::ptr_eq(known, document) => Ok(says.clone()),
        _ => {
            let says = Arc::new(read()?);
            *seen = Some((document.clone(), says.clone()));
            Ok(says)
        }
    }
}
