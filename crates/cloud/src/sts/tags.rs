//! The tags of a session, and those that it takes over from the session that begins it ("Pass session tags in AWS STS", IAM User
//! Guide).

use serde::Deserialize;

use crate::request::SessionFacts;
use engine::config::Attributes;
use wire::{AwsError, check};

use super::error::VALIDATION_ERROR;

/// Bytes that a session's own tags may have: AWS packs them, and doesn't say how much its packet takes. It is our own bound, which
/// 50 tags of usual lengths don't reach.
const PACKET: usize = 4_096;

/// A tag as a request has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

/// What a request says of tags.
#[derive(Debug, Default)]
pub(super) struct SessionTags {
    tags: Attributes,
    transitive: Vec<String>,
}

fn wrong(message: impl Into<String>) -> AwsError {
    AwsError::bad("InvalidParameterValue", message)
}

fn named<'a>(keys: impl IntoIterator<Item = &'a String>, name: &str) -> bool {
    keys.into_iter().any(|key| key.eq_ignore_ascii_case(name))
}

impl SessionTags {
    /// Reads them.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a key that comes twice, whatever its case, or a transitive one
    /// that isn't among the tags (recorded on AWS); `PackedPolicyTooLarge`.
    pub(super) fn read(tags: Vec<Tag>, transitive: Vec<String>) -> Result<Self, AwsError> {
        let mut read = Self { tags: Attributes::new(), transitive };
        for (at, tag) in tags.into_iter().enumerate() {
            let member = |name: &str| format!("tags.{}.member.{name}", at + 1);
            let key = tag.key.ok_or_else(|| check::null(VALIDATION_ERROR, &member("key")))?;
            let value = tag.value.ok_or_else(|| check::null(VALIDATION_ERROR, &member("value")))?;
            if named(read.tags.keys(), &key) {
                return Err(wrong("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
            }
            read.tags.insert(key, value);
        }
        if !read.transitive.iter().all(|key| named(read.tags.keys(), key)) {
            return Err(wrong("The specified transitive tag key must be included in the requested tags."));
        }
        read.fits()?;
        Ok(read)
    }

    fn fits(&self) -> Result<(), AwsError> {
        match self.packed() {
            Some(percent) if percent > 100 => Err(AwsError::bad(
                "PackedPolicyTooLarge",
                format!("Packed size of session tags consumes {percent}% of allotted space."),
            )),
            _ => Ok(()),
        }
    }

    /// How much of its packet they take, in percent; none without tags.
    pub(super) fn packed(&self) -> Option<usize> {
        let bytes: usize = self.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        (!self.tags.is_empty()).then(|| (bytes * 100).div_ceil(PACKET))
    }

    /// Takes over what the session that asks hands on.
    ///
    /// # Errors
    /// `InvalidParameterValue` for a tag of the same key (recorded on AWS); `PackedPolicyTooLarge` for more than a session's own may
    /// have, or else each session of a chain could hand on more than the one before it.
    pub(super) fn inherit(&mut self, from: Option<&SessionFacts>) -> Result<(), AwsError> {
        let Some(from) = from else { return Ok(()) };
        for key in &from.transitive {
            if named(self.tags.keys(), key) {
                return Err(wrong(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
                ));
            }
            if let Some(value) = from.tags.get(key) {
                self.tags.insert(key.clone(), value.clone());
                self.transitive.push(key.clone());
            }
        }
        self.fits()
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        !self.tags.is_empty()
    }

    /// What conditions of a trust policy may ask of them.
    pub(super) fn context(&self) -> Vec<(String, String)> {
        let request = self.tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), value.clone()));
        let keys = self.tags.keys().map(|key| ("aws:TagKeys".to_owned(), key.clone()));
        let transitive = self.transitive.iter().map(|key| ("sts:TransitiveTagKeys".to_owned(), key.clone()));
        request.chain(keys).chain(transitive).collect()
    }

    /// The session's tags: the role's, but for those of the same keys, and its own; and the keys of those that it hands on.
    pub(super) fn over(self, role: Attributes) -> (Attributes, Vec<String>) {
        let Self { mut tags, transitive } = self;
        for (key, value) in role {
            if !named(tags.keys(), &key) {
                tags.insert(key, value);
            }
        }
        // As the tags write them.
        let keys = tags.keys().filter(|key| named(&transitive, key)).cloned().collect();
        (tags, keys)
    }
}
