//! One outcome, many renderings.
