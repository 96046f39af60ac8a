//! The whole state of a cloud as one file: saved while the cloud runs, and loaded in the place of all there is.
//!
//! ```text
//! format    the file: framed, with a sum over all that came before in each frame
//! save      a snapshot of the log, the living records of it, and the bytes of the objects
//! load      what a file says becomes a state beside the one in force, and one record of the log switches
//! objects   the files of the objects that are loaded
//! after     what is to be done once a cloud's contents are others: KEPT says what stays
//! source    where a file comes from
//! ```

mod after;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod load;
mod objects;
mod save;
mod source;

pub(crate) use self::after::{KEPT, changed, is_empty};
pub use self::format::Summary;
pub(crate) use self::load::load;
pub(crate) use self::save::Saving;
pub(crate) use self::source::{Source, of_body, of_file};
