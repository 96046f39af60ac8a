//! Message move tasks: the messages of a dead-letter queue on their way back.
//!
//! ```text
//! start  cancel  list   the operations        run   the mover, which does the work
//! task   what a task is, and where it lies
//! ```

pub mod cancel;
pub mod list;
pub mod run;
pub mod start;
mod task;

pub use task::forget;
