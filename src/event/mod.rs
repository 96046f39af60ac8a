//! The events of the e-commerce.
