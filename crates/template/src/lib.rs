//! Templates: parsed, checked, resolved, compared. Pure: no engine, no clock, no stacks.
//!
//! ```text
//! text --parse--> tree --foreach--> tree without loops --structure--> Template
//! Template + given parameters --parameters--> values --conditions--> who exists
//! Template + values + what is known of resources --evaluate--> properties and outputs
//! Template --references--> graph (order, circles)
//! two evaluated templates --diff--> what a change set shows
//! ```

mod budget;
mod check;
pub mod conditions;
pub mod diff;
mod error;
mod evaluate;
mod extensions;
mod foreach;
pub mod graph;
mod model;
mod network;
pub mod parameters;
mod parse;
mod pseudo;
mod read;
pub mod references;
mod structure;
mod sub;
pub mod summary;
mod value;

pub use budget::{Budget, MAX_BYTES, too_large};
pub use error::{Invalid, Result};
pub use evaluate::{Reference, Scope};
pub use foreach::unroll as unroll_loops;
pub use model::{Output, Policy, Resource, Template};
pub use parse::parse;
pub use pseudo::Pseudo;
pub use structure::{MAX_LOGICAL_ID, MAX_RESOURCES};
pub use value::{KNOWN_AFTER_APPLY, is_unknown, scalar_text};
