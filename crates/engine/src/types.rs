//! The numbers that things have: times, ids, places.

/// Milliseconds since the Unix epoch.
pub type Millis = u64;
/// A payload's number in the order of acceptance.
pub type Seq = u64;
/// A message's place in its queue, or a record's in its stream.
pub type Position = u64;

/// Where a frame lies in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The segment's number.
    pub segment: u32,
    /// The byte in the segment's file at which the frame begins.
    pub offset: u32,
}

macro_rules! id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub u32);
    )*};
}
id! {
    /// A queue's number; never used twice.
    QueueId
    /// A topic's number; never used twice.
    TopicId
    /// A subscription's number; never used twice.
    SubscriptionId
    /// A delivery stream's number; never used twice.
    StreamId
}
