//! SNS: topics, subscriptions, publishing, and delivery to whatever is no queue and no stream.
//!
//! A publish is decided by the engine; queues and streams get it in the same change. What goes to an HTTP endpoint, to a
//! mailbox or to a phone goes to a hidden queue, the subscription's [`outbox`], which is as durable as the others.
//!
//! ```text
//! operations  publishing/  topic/  subscription/  mobile/  sms  sandbox  tags
//! deliveries  outbox  http/  replay  background  signing_key
//! others      announce   what other services publish
//! rules       access  quotas  delivery_policy  arn  page  error
//! words       explain  redact   what the operator reads
//! ```

mod access;
mod announce;
pub(crate) mod arn;
pub(crate) mod background;
mod delivery_policy;
mod error;
mod explain;
pub(crate) mod http;
mod mobile;
pub(crate) mod outbox;
mod page;
mod publishing;
mod quotas;
mod redact;
pub(crate) mod replay;
mod sandbox;
mod signing_key;
mod sms;
pub(crate) mod subscription;
mod tags;
pub(crate) mod topic;

pub(crate) use crate::notification::SENDER;
pub(crate) use announce::{announce, may_publish};
pub(crate) use explain::of_outcome;
pub(crate) use redact::redacted;

use crate::operations;
use crate::request::{Operation, Service};
use wire::Names;

/// What tells its requests apart, and what it answers.
pub(crate) static SERVICE: Service = Service {
    id: "sns",
    title: "SNS",
    version: Some("2010-03-31"),
    target: None,
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    names: Names::Wrapped,
    error_prefix: "",
    // Messages of 256 KiB together.
    body_limit: 2 << 20,
    operations: OPERATIONS,
    members: None,
    absent: "",
};

const OPERATIONS: &[Operation] = operations! {
    "AddPermission" => topic::permission::add_permission,
    "CheckIfPhoneNumberIsOptedOut" => sms::check_if_phone_number_is_opted_out,
    "ConfirmSubscription" => subscription::confirm::confirm_subscription,
    "CreatePlatformApplication" => mobile::application::create_platform_application,
    "CreatePlatformEndpoint" => mobile::endpoint::create_platform_endpoint,
    "CreateSMSSandboxPhoneNumber" => sandbox::create_sms_sandbox_phone_number,
    "CreateTopic" => topic::create::create_topic,
    "DeleteEndpoint" => mobile::endpoint::delete_endpoint,
    "DeletePlatformApplication" => mobile::application::delete_platform_application,
    "DeleteSMSSandboxPhoneNumber" => sandbox::delete_sms_sandbox_phone_number,
    "DeleteTopic" => topic::delete::delete_topic,
    "GetDataProtectionPolicy" => topic::data_protection::get_data_protection_policy,
    "GetEndpointAttributes" => mobile::endpoint::get_endpoint_attributes,
    "GetPlatformApplicationAttributes" => mobile::application::get_platform_application_attributes,
    "GetSMSAttributes" => sms::get_sms_attributes,
    "GetSMSSandboxAccountStatus" => sandbox::get_sms_sandbox_account_status,
    "GetSubscriptionAttributes" => subscription::attributes::get_subscription_attributes,
    "GetTopicAttributes" => topic::attributes::get_topic_attributes,
    "ListEndpointsByPlatformApplication" => mobile::endpoint::list_endpoints_by_platform_application,
    "ListOriginationNumbers" => sandbox::list_origination_numbers,
    "ListPhoneNumbersOptedOut" => sms::list_phone_numbers_opted_out,
    "ListPlatformApplications" => mobile::application::list_platform_applications,
    "ListSMSSandboxPhoneNumbers" => sandbox::list_sms_sandbox_phone_numbers,
    "ListSubscriptions" => subscription::list::list_subscriptions,
    "ListSubscriptionsByTopic" => subscription::list::list_subscriptions_by_topic,
    "ListTagsForResource" => tags::list_tags_for_resource,
    "ListTopics" => topic::list::list_topics,
    "OptInPhoneNumber" => sms::opt_in_phone_number,
    "Publish" => publishing::publish::publish [durable],
    "PublishBatch" => publishing::batch::publish_batch [durable],
    "PutDataProtectionPolicy" => topic::data_protection::put_data_protection_policy,
    "RemovePermission" => topic::permission::remove_permission,
    "SetEndpointAttributes" => mobile::endpoint::set_endpoint_attributes,
    "SetPlatformApplicationAttributes" => mobile::application::set_platform_application_attributes,
    "SetSMSAttributes" => sms::set_sms_attributes,
    "SetSubscriptionAttributes" => subscription::attributes::set_subscription_attributes,
    "SetTopicAttributes" => topic::attributes::set_topic_attributes,
    "Subscribe" => subscription::subscribe::subscribe,
    "TagResource" => tags::tag_resource,
    "Unsubscribe" => subscription::unsubscribe::unsubscribe,
    "UntagResource" => tags::untag_resource,
    "VerifySMSSandboxPhoneNumber" => sandbox::verify_sms_sandbox_phone_number,
};

/// Actions that a link in a message does without a signature.
pub(crate) fn is_link(action: &str) -> bool {
    matches!(action, "ConfirmSubscription" | "Unsubscribe")
}
