//! How much of an object is in memory while it is read: a piece that is on its way, and the next one, which a thread reads meanwhile.
//!
//! Who reads for a client, which may never take what it asked for, has a share of what all clients may leave unread. Where there
//! is no room for it, pieces are short, and none is read while the one before it is still there.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::CHUNK;
use crate::bodies::{Bodies, SHORT, Share};

/// How an object is read.
pub(crate) enum Pace {
    /// For one that takes each piece at once, or wants all of them.
    Full,
    /// For a client.
    Client(Client),
}

/// What is in memory for a client.
pub(crate) struct Client {
    all: Bodies,
    share: Option<Arc<Share>>,
    /// Of the piece that is on its way.
    turn: Arc<Semaphore>,
}

/// A piece may be read, or sent.
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// A piece on its way: it has the only turn and its share until nobody holds its bytes any more.
struct Piece {
    bytes: Bytes,
    _turn: Turn,
    _share: Option<Arc<Share>>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Pace {
    /// That of a client, who has a share of what `all` may leave unread.
    pub(crate) fn of_client(all: &Bodies) -> Self {
        Self::Client(Client { all: all.clone(), share: None, turn: Arc::new(Semaphore::new(1)) })
    }

    /// Bytes of the next piece.
    pub(super) fn piece(&mut self) -> usize {
        match self {
            Self::Full => CHUNK,
            Self::Client(client) => {
                if client.has_room() {
                    CHUNK
                } else {
                    SHORT
                }
            }
        }
    }

    /// Whether the next piece is read while this one is sent.
    pub(super) fn is_ahead(&self) -> bool {
        matches!(self, Self::Full | Self::Client(Client { share: Some(_), .. }))
    }

    /// Waits until the piece before has left.
    pub(super) fn turn(&self) -> impl Future<Output = Turn> + Send + use<> {
        let turn = match self {
            Self::Full => None,
            Self::Client(client) => Some(client.turn.clone()),
        };
        async move {
            let permit = match turn {
                Some(turn) => turn.acquire_owned().await.ok(),
                None => None,
            };
            Turn { _permit: permit }
        }
    }

    /// A piece that is sent.
    pub(super) fn sent(&self, bytes: Bytes, turn: Turn) -> Bytes {
        match self {
            Self::Full => bytes,
            Self::Client(client) => Bytes::from_owner(Piece { bytes, _turn: turn, _share: client.share.clone() }),
        }
    }
}

impl Client {
    /// Whether there is room for a piece and the next one. It is asked for anew as long as there was none.
    fn has_room(&mut self) -> bool {
        if self.share.is_none() {
            let mut share = self.all.share();
            self.share = share.grows_to(2 * CHUNK).then(|| Arc::new(share));
        }
        self.share.is_some()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::bodies::MOST;

    #[tokio::test]
    async fn a_client_that_reads_nothing_has_a_piece_and_the_next_one() {
        let all = Bodies::default();
        let mut one = Pace::of_client(&all);
        assert_eq!((one.piece(), one.is_ahead()), (CHUNK, true));
        let mut others = all.share();
        assert!(!others.grows_to(MOST) && others.grows_to(MOST - 2 * CHUNK), "it has its share");
        let mut late = Pace::of_client(&all);
        assert_eq!((late.piece(), late.is_ahead()), (SHORT, false));
        for pace in [&one, &late] {
            let sent = pace.sent(Bytes::from_static(b"abc"), pace.turn().await);
            assert!(pace.turn().now_or_never().is_none(), "it hasn't left");
            let part = sent.slice(1..);
            drop(sent);
            assert!(pace.turn().now_or_never().is_none(), "a part of it hasn't left");
            drop(part);
            assert!(pace.turn().now_or_never().is_some());
        }
        let last = one.sent(Bytes::from_static(b"abc"), one.turn().await);
        drop(one);
        assert_eq!(late.piece(), SHORT, "its last piece is still there");
        drop(last);
        assert_eq!((late.piece(), late.is_ahead()), (CHUNK, true));
        assert_eq!((Pace::Full.piece(), Pace::Full.is_ahead()), (CHUNK, true));
    }
}
