//! The policies that AWS manages and every account may attach: what `aws_policies.tsv` says of them, which has its date at
//! its top ("AWS managed policy reference"). Of all of them it has the names, of those that simulated services and common roles
//! need the documents.

use std::sync::LazyLock;

use super::Millis;

/// What the ARNs of these policies begin with in the partition `aws`; path and name follow.
const ARN: &str = "arn:aws:iam::aws:policy";

/// The partitions that have these policies. They are taken to be the same in all of them, but for their ARNs.
const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

/// Path and name of a policy of AWS's, from its ARN.
fn place(arn: &str) -> Option<&str> {
    let (partition, place) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy")?;
    PARTITIONS.contains(&partition).then_some(place)
}

static LIST: LazyLock<Vec<AwsPolicy>> =
    LazyLock::new(|| include_str!("aws_policies.tsv").lines().filter_map(AwsPolicy::read).collect());

/// A policy that AWS manages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsPolicy {
    place: &'static str,
    /// The number of the default version.
    pub version: u32,
    /// When AWS made it.
    pub created: Millis,
    /// When AWS made the default version.
    pub updated: Millis,
    /// The default version's document, where it is known here.
    pub document: Option<&'static str>,
}

impl AwsPolicy {
    fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.splitn(5, '\t');
        let mut next = || fields.next();
        let (place, version, created, updated, document) = (next()?, next()?, next()?, next()?, next()?);
        let millis = |seconds: &str| seconds.parse::<Millis>().ok().map(|seconds| seconds * 1000);
        Some(Self {
            place,
            version: version.parse().ok()?,
            created: millis(created)?,
            updated: millis(updated)?,
            document: Some(document).filter(|text| !text.is_empty()),
        })
    }

    /// All that are known, by path and name.
    pub fn all() -> &'static [AwsPolicy] {
        &LIST
    }

    /// Whether an ARN is of a policy that AWS manages, known or not.
    pub fn is_arn(arn: &str) -> bool {
        place(arn).is_some_and(|place| place.starts_with('/') && !place.ends_with('/'))
    }

    /// By its ARN.
    pub fn find(arn: &str) -> Option<&'static AwsPolicy> {
        let place = place(arn)?;
        LIST.binary_search_by_key(&place, |policy| policy.place).ok().and_then(|at| LIST.get(at))
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("{ARN}{}", self.place)
    }

    /// Begins and ends with `/`.
    pub fn path(&self) -> &'static str {
        self.place.rfind('/').and_then(|end| self.place.get(..=end)).unwrap_or("/")
    }

    /// Unique among these policies.
    pub fn name(&self) -> &'static str {
        self.place.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::{Kind, Policy};
    use super::*;

    #[test]
    fn every_line_is_read_and_every_document_can_be_judged() {
        let lines = include_str!("aws_policies.tsv").lines();
        assert_eq!(AwsPolicy::all().len(), lines.filter(|line| !line.starts_with('#')).count());
        assert!(AwsPolicy::all().is_sorted_by_key(|policy| policy.place));
        let mut documents = 0;
        for policy in AwsPolicy::all() {
            assert_eq!(AwsPolicy::find(&policy.arn()), Some(policy));
            assert!(policy.created <= policy.updated && policy.version > 0, "{}", policy.place);
            if let Some(document) = policy.document {
                documents += 1;
                if let Err(error) = Policy::parse(document, Kind::Identity) {
                    panic!("{}: {error}", policy.place);
                }
            }
        }
        assert!(documents > 200, "{documents}");
    }

    #[test]
    fn policies_are_found_by_arn() {
        let found = AwsPolicy::find("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").unwrap();
        assert_eq!((found.path(), found.name()), ("/service-role/", "AWSLambdaBasicExecutionRole"));
        assert!(AwsPolicy::find("arn:aws:iam::aws:policy/AmazonS3FullAccess").unwrap().document.is_some());
        for arn in ["arn:aws:iam::aws:policy/", "arn:aws:iam::aws:policy", "arn:aws:iam::111111111111:policy/a", ""] {
            assert!(!AwsPolicy::is_arn(arn) && AwsPolicy::find(arn).is_none(), "{arn}");
        }
        assert!(AwsPolicy::is_arn("arn:aws:iam::aws:policy/OfTomorrow"));
        let in_china = "arn:aws-cn:iam::aws:policy/AmazonS3FullAccess";
        assert_eq!(AwsPolicy::find(in_china).map(|it| it.name()), Some("AmazonS3FullAccess"));
        assert!(!AwsPolicy::is_arn("arn:aws-mars:iam::aws:policy/AmazonS3FullAccess"));
    }
}
