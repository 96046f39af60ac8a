//! What the unit tests of several rooms begin with, and the tests of the cloud as a whole.

pub mod call;
mod durability;
pub mod mangled;
pub mod served;
