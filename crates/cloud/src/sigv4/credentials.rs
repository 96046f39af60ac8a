//! The access keys that a server accepts.

use std::collections::HashMap;

/// One access key's secrets and account.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// The secret access key.
    pub secret: String,
    /// The token that must come with a temporary key.
    pub session_token: Option<String>,
    /// The account the key belongs to; the default one otherwise.
    pub account: Option<String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Access keys by id.
#[derive(Debug, Clone, Default)]
pub struct Credentials(HashMap<String, Key>);

impl Credentials {
    /// Takes a key, in place of one with the same id.
    pub fn add(&mut self, access_key: impl Into<String>, key: Key) {
        self.0.insert(access_key.into(), key);
    }

    /// The key with an id.
    pub fn get(&self, access_key: &str) -> Option<&Key> {
        self.0.get(access_key)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads AWS's credentials file: profiles with `aws_access_key_id`, `aws_secret_access_key`, and where wanted
    /// `aws_session_token` and `aws_account_id`. Every profile's key is accepted; other settings are not ours.
    pub fn parse(text: &str) -> Result<Credentials, String> {
        let mut credentials = Credentials::default();
        let mut profile = Profile::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                std::mem::take(&mut profile).finish(&mut credentials)?;
                profile.name = name.trim().to_owned();
                continue;
            }
            let Some((name, value)) = line.split_once('=') else {
                return Err(format!("line {}: expected `name = value` or `[profile]`", number + 1));
            };
            let value = value.trim().to_owned();
            match name.trim() {
                "aws_access_key_id" => profile.access_key = Some(value),
                "aws_secret_access_key" => profile.secret = Some(value),
                "aws_session_token" => profile.token = Some(value),
                "aws_account_id" => profile.account = Some(value),
                _ => {}
            }
        }
        profile.finish(&mut credentials)?;
        if credentials.is_empty() { Err("no profile with an access key".into()) } else { Ok(credentials) }
    }
}

#[derive(Default)]
struct Profile {
    name: String,
    access_key: Option<String>,
    secret: Option<String>,
    token: Option<String>,
    account: Option<String>,
}

impl Profile {
    fn finish(self, credentials: &mut Credentials) -> Result<(), String> {
        let (access_key, secret) = match (self.access_key, self.secret) {
            (None, None) => return Ok(()),
            (Some(access_key), Some(secret)) => (access_key, secret),
            _ => return Err(format!("profile {:?} has only one of access key and secret", self.name)),
        };
        if let Some(account) = &self.account
            && !crate::request::is_account(account)
        {
            return Err(format!("profile {:?}: aws_account_id must have 12 digits", self.name));
        }
        credentials.add(access_key, Key { secret, session_token: self.token, account: self.account });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_profiles() {
        let text = "# mine\n[default]\naws_access_key_id = AKID\naws_secret_access_key=a=b\nregion = x\n\n[ci]\n\
                    aws_access_key_id=AK2\naws_secret_access_key=s\naws_account_id=111122223333\naws_session_token = t\n";
        let credentials = Credentials::parse(text).unwrap();
        assert_eq!(credentials.get("AKID").unwrap().secret, "a=b");
        let ci = credentials.get("AK2").unwrap();
        assert_eq!((ci.account.as_deref(), ci.session_token.as_deref()), (Some("111122223333"), Some("t")));
        for bad in [
            "",
            "[a]\naws_access_key_id=x",
            "nonsense",
            "aws_access_key_id=a\naws_secret_access_key=b\naws_account_id=1",
        ] {
            assert!(Credentials::parse(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn mangled_files(text in crate::testing::mangled::mangled(&[
            "[default]\naws_access_key_id = AKID\naws_secret_access_key=a=b\naws_account_id=111122223333\n[b]\n",
        ])) {
            let _ = Credentials::parse(&text);
        }
    }
}
