//! Where log groups are: an account's, in a region.

use crate::request::Context;

/// An account and a region: log groups of another place are other groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Twelve digits.
    pub account: &'a str,
    pub region: &'a str,
}

impl<'a> Place<'a> {
    /// Where a request asks.
    pub(super) fn of(cx: &'a Context) -> Self {
        Self { account: &cx.account, region: &cx.region }
    }
}
