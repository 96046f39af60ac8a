//! Templates: parsed, resolved, compared. Pure.
