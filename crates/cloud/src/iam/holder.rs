//! Who has policies: roles, users and groups.

use std::collections::BTreeMap;

use super::store::{Entity, conflict};
use wire::AwsError;

/// A role, a user or a group, with its inline and attached policies.
pub(super) trait Holder: Entity {
    /// "IAM and AWS STS quotas": characters of all its inline policies together, white space not counted.
    const MAX_INLINE: usize;
    /// AWS's name of the quota of managed policies that are attached to it.
    const ATTACHED_QUOTA: &'static str;

    /// Its own of the names that a request may have: of a role, a user, a group.
    fn choose(names: Names) -> Option<String>;

    /// How an answer names it.
    fn named(&self) -> Names;

    fn id(&self) -> &str;

    fn path(&self) -> &str;

    fn inline(&mut self) -> &mut BTreeMap<String, String>;

    fn attached(&mut self) -> &mut Vec<String>;

    /// The ARN of its permissions boundary.
    fn boundary(&self) -> Option<&str> {
        None
    }

    /// # Errors
    /// `DeleteConflict` while it has policies.
    fn check_bare(&mut self) -> Result<(), AwsError> {
        if !self.attached().is_empty() {
            return Err(conflict("detach all policies"));
        }
        if !self.inline().is_empty() {
            return Err(conflict("delete policies"));
        }
        Ok(())
    }
}

/// The names of a role, a user and a group, of which a request has one.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub role: Option<String>,
    pub user: Option<String>,
    pub group: Option<String>,
}
