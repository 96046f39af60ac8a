//! What an instance profile is: a name under which machines get a role.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::store::{Entity, all};
use super::tags::{Tagged, TagsInput};
use engine::{Engine, Millis};

/// An instance profile, as its document holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct InstanceProfile {
    /// `arn:aws:iam::<account>:instance-profile<path><name>`.
    pub arn: String,
    /// The unique id, `AIPA..`.
    pub id: String,
    pub name: String,
    pub path: String,
    /// The name of the role in it.
    pub role: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub created: Millis,
}

impl Entity for InstanceProfile {
    const KIND: &'static str = "instance-profile";
    const MEMBER: &'static str = "instanceProfileName";

    fn arn(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn absent(name: &str) -> String {
        format!("Instance Profile {name} cannot be found.")
    }

    fn taken(name: &str) -> String {
        format!("Instance Profile {name} already exists.")
    }
}

impl Tagged for InstanceProfile {
    fn choose(input: &mut TagsInput) -> Option<String> {
        input.instance_profile_name.take()
    }

    fn tags(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.tags
    }
}

/// The instance profiles that have a role in them.
pub(super) fn profiles_of(engine: &Engine, account: &str, role: &str) -> Vec<InstanceProfile> {
    let mut profiles = all::<InstanceProfile>(engine, account);
    profiles.retain(|profile| profile.role.as_deref() == Some(role));
    profiles
}
