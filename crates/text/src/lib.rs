//! How AWS writes things, and how they are read: what every room needs and none owns.

pub mod pattern;
