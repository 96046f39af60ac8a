//! What a client of AWS does.
