//! The console: what there is in the cloud and what becomes of messages, for people and for programs.
//!
//! ```text
//! view/    typed views, made of the cloud's state in slices: nothing is received, no count rises
//! api/     the same as JSON below /_messaging/api/v1, and actions
//! page/    the same as HTML below /_messaging, with forms for the actions
//! watch/   the figures over time: sampled, kept for charts, pushed to whoever listens
//! sign_in  who may look, where keys are wanted
//! ```

pub(crate) mod api;
pub(crate) mod page;
pub(crate) mod sign_in;
pub(crate) mod view;
pub(crate) mod watch;

use std::sync::Arc;

use crate::request::Context;
use watch::Watch;
use wire::AwsError;

/// Who looks, and at what: an account, in one region or in all.
pub(crate) struct Viewer {
    /// Of the account that is looked at, and the region in which actions are done.
    pub cx: Context,
    /// None: all regions.
    pub region: Option<String>,
    /// Signatures are checked, so that there is no other account to look at.
    pub is_signed: bool,
    pub watch: Arc<Watch>,
    /// The id and the secret of the key that links are signed with, if it is known.
    pub key: Option<(String, String)>,
}

impl Viewer {
    /// Whether an ARN is of what is looked at.
    pub(crate) fn sees(&self, arn: &str) -> bool {
        text::arn::account(arn) == &*self.cx.account
            && self.region.as_deref().is_none_or(|region| text::arn::region(arn) == region)
    }
}

/// The error for what isn't there.
pub(crate) fn absent(what: &str, name: &str) -> AwsError {
    let name = name[..name.floor_char_boundary(200)].escape_debug();
    AwsError::new(404, "NotFound", format!("There is no {what} {name} here."))
}

/// The error for a parameter that makes no sense.
pub(crate) fn wrong(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValue", message.into())
}
