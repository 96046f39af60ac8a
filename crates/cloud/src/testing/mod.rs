//! What the unit tests of several rooms begin with, and the tests of the cloud as a whole.

pub(crate) mod call;
mod durability;
pub(crate) mod mangled;
pub(crate) mod served;
