//! One account's stacks in one region.

use std::sync::Arc;

use super::error::invalid;
use crate::request::Context;
use text::arn::Arn;
use wire::AwsError;

/// The account and the region in which a request looks for stacks.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub account: Arc<str>,
    pub region: Arc<str>,
}

impl Place {
    /// Where a request is made.
    pub(super) fn of(cx: &Context) -> Self {
        Self { account: cx.account.clone(), region: cx.region.clone() }
    }

    /// Checks that a name, if it is an ARN, isn't another account's.
    ///
    /// # Errors
    /// `ValidationError` as a client of AWS reported it (crossplane-contrib/provider-aws, issue 2272), whether there is such
    /// a thing or not.
    pub(super) fn check_owner(&self, name_or_arn: &str) -> Result<(), AwsError> {
        match Arn::parse(name_or_arn) {
            Some(Arn { account, .. }) if account != &*self.account => {
                let own = &self.account;
                Err(invalid(format!(
                    "Resource account ({own}) doesn't match account ({account}) parsed from ARN: {name_or_arn}"
                )))
            }
            _ => Ok(()),
        }
    }
}
