//! What AWS's models say of the members of requests, held against every request before its operation reads it: what has to be
//! there, bounds, words, patterns, types. All that is wrong is told at once, as AWS's framework does, and before anything that the
//! operation itself looks at.
//!
//! The order in which these services look at a request, which holds for all of their operations since it is made here. What stands below
//! isn't looked at while something above is wrong:
//!
//! ```text
//! 1  the signature                              the service's or the protocol's error
//! 2  whether there is such an operation         UnknownOperationException, InvalidAction; NotImplemented for one that isn't here
//! 3  types                                      SerializationException, MalformedInput
//! 4  constraints of the model, all at once      ValidationException, ValidationError, InvalidParameterException
//! 5  what the operation says of its parameters  its own errors: combinations, documents, names
//! 6  what exists, what state it is in, quotas   its own errors, in the transaction that changes it
//! ```
//!
//! Sources: smithy-lang/smithy issue 1039 (what is invalid is refused before anything changes) and the errors of AWS's users, in which a name
//! that breaks a constraint is never one that isn't found.
//!
//! ```text
//! data/members/*.tsv --table--> Shapes      what the models say
//! request --look--> Broken --words-->       what is wrong, in the service's words
//! pattern                                   Java's patterns, as the models write them
//! ```

mod look;
mod pattern;
mod table;
#[cfg(test)]
mod tests;
mod words;

use std::cell::RefCell;
use std::sync::OnceLock;

use look::{Look, Path};
use table::Shapes;
use wire::{AwsError, Payload};
use words::Broken;
pub(crate) use words::Words;

/// The model of one service.
pub struct Members {
    words: Words,
    table: &'static str,
    shapes: OnceLock<Shapes>,
}

impl Members {
    /// `table` is a file of `data/members`.
    pub const fn new(words: Words, table: &'static str) -> Self {
        Self { words, table, shapes: OnceLock::new() }
    }

    fn shapes(&'static self) -> &'static Shapes {
        self.shapes.get_or_init(|| Shapes::read(self.table))
    }

    /// Holds a request against the model.
    ///
    /// # Errors
    /// The protocol's error for what has another type; the service's for what breaks a constraint.
    pub fn check(&'static self, payload: &Payload<'_>) -> Result<(), AwsError> {
        let shapes = self.shapes();
        let Some(shape) = shapes.input(payload.operation) else { return Ok(()) };
        let broken = RefCell::new(Broken::default());
        payload.look(|| {
            // Of a request that has to be read twice the second reading counts.
            *broken.borrow_mut() = Broken::default();
            Look { shapes, shape, at: Path::Root, broken: &broken }
        })?;
        self.words.told(broken.into_inner())
    }
}
