//! The scenario `workflows`: each test on an SQLite file, and on PostgreSQL.

mod consuming;
mod contract;
mod crash;
mod faults;
mod roles;
mod stage;
