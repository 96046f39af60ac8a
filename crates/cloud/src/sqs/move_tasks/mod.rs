//! Message move tasks: the messages of a dead-letter queue on their way back.
//!
//! ```text
//! start  cancel  list   the operations        run   the mover, which does the work
//! task   what a task is, and where it lies
//! ```

pub(crate) mod cancel;
pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod start;
mod task;

pub(crate) use task::forget;
