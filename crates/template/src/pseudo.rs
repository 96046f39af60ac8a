//! Pseudo parameters: what a template may ask of the stack itself ("Get AWS values using pseudo parameters").

use serde_json::Value;

/// The names of all pseudo parameters.
pub(crate) const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Where a stack is, and what it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pseudo {
    /// E.g. `us-east-1`.
    pub region: String,
    /// The account's 12 digits.
    pub account: String,
    /// The stack's name.
    pub stack_name: String,
    /// The stack's ARN.
    pub stack_id: String,
    /// ARNs of the topics that hear of the stack's events.
    pub notification_arns: Vec<String>,
}

impl Pseudo {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        text::regions::partition(&self.region)
    }

    /// The value of a pseudo parameter, if there is one of this name; `AWS::NoValue` has none.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => self.account.as_str().into(),
            "AWS::NotificationARNs" => self.notification_arns.iter().map(String::as_str).collect(),
            "AWS::Partition" => self.partition().into(),
            "AWS::Region" => self.region.as_str().into(),
            "AWS::StackId" => self.stack_id.as_str().into(),
            "AWS::StackName" => self.stack_name.as_str().into(),
            "AWS::URLSuffix" if self.partition() == "aws-cn" => "amazonaws.com.cn".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            _ => return None,
        })
    }
}
