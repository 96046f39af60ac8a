//! Who acts: an account, a user, or a session.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::core::Cloud;
use engine::config::Attributes;
use engine::{AccessKey, Engine, Millis};

/// Who sent a request, as its signature proves.
#[derive(Clone)]
pub struct Identity {
    pub account: Arc<str>,
    pub region: Arc<str>,
    pub access_key: Arc<str>,
    pub session: Option<Arc<Session>>,
    pub user: Option<Arc<KeyUser>>,
}

/// The user whose access key a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUser {
    /// `arn:aws:iam::<account>:user<path><name>`.
    pub arn: String,
    /// The unique id, `AIDA..`.
    pub id: String,
}

impl KeyUser {
    pub(crate) fn of(key: &AccessKey) -> Self {
        Self { arn: key.user_arn.clone(), id: key.user_id.clone() }
    }
}

/// How the ids of users' access keys begin, and their characters ("IAM identifiers").
const KEY: (&str, usize) = ("AKIA", 20);

/// A user's access key that was made here, by its id. What can't be one isn't looked for.
pub(crate) fn user_key(cloud: &Cloud, id: &str) -> Option<AccessKey> {
    let may_be = id.len() == KEY.1 && id.starts_with(KEY.0);
    if may_be { cloud.core.read(|engine, _| engine.access_key(id)) } else { None }
}

/// Who acts with a temporary key, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub access_key: String,
    pub account: String,
    /// `arn:aws:sts::<account>:assumed-role/<role>/<session>`, a user, or the account's root.
    pub arn: String,
    /// `<role's id>:<session>`, the user's id, or the account.
    pub user_id: String,
    pub expires: Millis,
    /// What conditions may ask of it. Tokens of before it was kept have nothing here.
    #[serde(skip)]
    pub facts: Option<SessionFacts>,
}

/// What policies may ask of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    pub issued: Millis,
    /// The role's or the user's as they were then, and the session's own.
    pub tags: Attributes,
    /// The keys of those that a role's session hands on to the next.
    pub transitive: Vec<String>,
    pub source_identity: Option<String>,
}

impl Session {
    /// Whether it is a role's.
    pub fn of_role(&self) -> bool {
        self.arn.contains(":assumed-role/")
    }

    /// Whether it is an account's own.
    pub fn of_root(&self) -> bool {
        self.arn.ends_with(":root")
    }

    /// Whether whom it is of is still there: a role's or a user's sessions end with it, and another one of its name is another
    /// ("Delete roles or instance profiles", IAM User Guide).
    pub fn stands(&self, engine: &Engine) -> bool {
        let id = self.user_id.split(':').next().unwrap_or_default();
        if let Some((_, rest)) = self.arn.split_once(":assumed-role/") {
            return engine.has_identity("role", &self.account, rest.split('/').next().unwrap_or_default(), id);
        }
        match self.arn.split_once(":user/") {
            Some((_, path)) => {
                engine.has_identity("user", &self.account, path.rsplit('/').next().unwrap_or_default(), id)
            }
            None => true,
        }
    }
}
