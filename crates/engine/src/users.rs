//! Users and their access keys: who acts with a key that was made here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::roles::IAM;
use super::{Engine, Millis};

/// The key of an access key's document, which is an [`AccessKey`] in JSON.
pub fn access_key_key(id: &str) -> String {
    format!("{IAM}key/{id}")
}

/// A user, as its document holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// `arn:aws:iam::<account>:user<path><name>`.
    pub arn: String,
    /// The unique id, `AIDA..`.
    pub id: String,
    /// Unique in its account, whatever the path.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// Inline policies by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    pub attached: Vec<String>,
    /// The ARN of the managed policy that bounds what it may do.
    pub permissions_boundary: Option<String>,
    /// Names of the groups that it is in.
    pub groups: BTreeSet<String>,
    /// Ids of its access keys.
    pub keys: Vec<String>,
    /// Whether and since when it may sign in with a password.
    pub login: Option<Login>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created: Millis,
}

/// That a user has a password; the password itself isn't kept, since there is nothing to sign in to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// When it was set first.
    pub created: Millis,
    /// Whether the user has to set a new one.
    pub reset: bool,
}

/// A user's access key, as its document holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA..`.
    pub id: String,
    /// What requests are signed with.
    pub secret: String,
    /// The user's account.
    pub account: String,
    /// The user's name.
    pub user: String,
    /// The user's ARN.
    pub user_arn: String,
    /// The user's unique id.
    pub user_id: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was created.
    pub created: Millis,
}

impl Engine {
    /// A user's access key by its id.
    pub fn access_key(&self, id: &str) -> Option<AccessKey> {
        serde_json::from_slice(self.doc(&access_key_key(id))?).ok()
    }
}
