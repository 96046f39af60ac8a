//! S3: buckets and objects, over the wire code of the library `s3s` and object files of our own.
//!
//! ```text
//! entry     the way in from the gateway: the API, web sites (site), preflight requests (cross_origin)
//! s3s       the library that decodes and encodes, and all that adapts it; its table calls the operations
//! door      the way in from other services: making and setting buckets, landing objects
//!
//! operations on buckets    bucket  settings: cors  encryption  lifecycle  lock_operations  notification  ownership
//!                          public_access  tagging  versioning  website; without an effect: stored  by_id
//! operations on objects    put  get  copy  delete  attributes  multipart (named_parts)  parts  list_*  tagging
//!                          lock_operations  acl_operations (acl)  restore
//!
//! visitor   what is open to everybody                                   acl  public_access
//! order     what is looked at before a request's document                   subresources
//! objects   what a put or a delete does to the versions of a key
//! sweep     what lifecycle rules make go, or move                       expiry  transitions
//! events    what notification says of it, to queues and topics          rules  actor
//! store     documents, in the cloud's log                               record  seen
//! moved     documents whose files have other names now
//!
//! upload_body  object_body    the bytes of objects, on their way in and out; survey: those found at a start
//! ```

mod acl;
mod acl_operations;
mod actor;
mod address;
mod attributes;
mod bucket;
mod by_id;
mod checksum;
mod conditions;
mod copy;
mod cors;
mod cross_origin;
mod customer_key;
mod delete;
mod describe;
mod door;
mod encryption;
mod entry;
mod error;
mod events;
mod expiry;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod get;
mod lifecycle;
mod list;
mod list_objects;
mod list_uploads;
mod list_versions;
mod lock;
mod lock_operations;
mod moved;
mod multipart;
mod named_parts;
mod names;
mod notification;
mod object_body;
mod objects;
mod order;
mod ownership;
mod parts;
mod post_policy;
mod public_access;
mod put;
mod range;
mod record;
mod restore;
mod rfc2047;
mod rules;
mod s3s;
mod seen;
mod service;
mod settings;
mod site;
mod store;
mod stored;
mod subresources;
mod survey;
mod sweep;
mod tagging;
#[cfg(test)]
mod tests;
mod time;
mod transitions;
mod upload_body;
mod versioning;
mod visitor;
mod website;

/// The shapes of S3's settings, for [`Setting`].
pub(crate) use ::s3s::dto;

pub(crate) use self::address::is_of_a_bucket;
pub(crate) use self::cross_origin::opens_to_page;
pub use self::door::Listed;
pub(crate) use self::door::{Buckets, Landing, Written, bucket_names, land, look_into};
pub(crate) use self::entry::{is_website, preflight, refuse, serve, serve_directly, visit};
pub(crate) use self::error::Failure;
pub(crate) use self::moved::with_files;
pub(crate) use self::public_access::{is_restricted, policy_of};
pub(crate) use self::record::Bucket;
pub(crate) use self::rules::told;
pub(crate) use self::s3s::direct::Direct;
pub(crate) use self::s3s::fields::{Form, is_form};
pub(crate) use self::s3s::is_operation;
pub(crate) use self::service::S3;
pub(crate) use self::settings::{Setting, SettingName};
pub(crate) use self::store::{Changed, all_bytes, find_bucket, open_blobs};
pub(crate) use self::visitor::{Visitor, may_be_open};
