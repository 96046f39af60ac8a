//! Who acts: an account, or a session of a role.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use engine::{Engine, Millis};

/// Who sent a request, as its signature proves.
pub struct Identity {
    pub account: Arc<str>,
    pub region: Arc<str>,
    pub access_key: Arc<str>,
    pub session: Option<Arc<Session>>,
}

/// Who acts with a temporary key, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub access_key: String,
    pub account: String,
    /// `arn:aws:sts::<account>:assumed-role/<role>/<session>`, or the account's root.
    pub arn: String,
    /// `<role's id>:<session>`, or the account.
    pub user_id: String,
    pub expires: Millis,
}

impl Session {
    /// Whether it is a role's.
    pub fn of_role(&self) -> bool {
        self.arn.contains(":assumed-role/")
    }

    /// Whether whom it is of is still there: a role's sessions end with the role, and another one of its name is another role
    /// ("Delete roles or instance profiles", IAM User Guide).
    pub fn stands(&self, engine: &Engine) -> bool {
        let Some((_, rest)) = self.arn.split_once(":assumed-role/") else { return true };
        let (name, id) = (rest.split('/').next(), self.user_id.split(':').next());
        engine.has_role(&self.account, name.unwrap_or_default(), id.unwrap_or_default())
    }
}
