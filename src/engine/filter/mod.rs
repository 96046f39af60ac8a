//! Filter policies of SNS subscriptions.
