//! The scenario `jobs`: its contract, its traps, its faults.

mod contract;
mod operations;
mod served;
mod tampered;
