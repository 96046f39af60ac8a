//! The resource types of this cloud: one file a type, the table that lists them, and the way from one to its work.

mod bucket;
mod bucket_policy;
mod bucket_xml;
mod delivery_stream;
mod managed_policy;
mod queue;
mod queue_policy;
mod role;
mod role_policy;
pub mod schema;
mod subscription;
mod topic;
mod topic_policy;
pub mod work;

use serde_json::{Map, Value};

use schema::Field;
use template::diff::Recreation;
use work::{Done, Made, Work};

/// A resource type.
#[derive(Debug)]
pub struct Type {
    /// E.g. `AWS::SQS::Queue`.
    pub name: &'static str,
    kind: Kind,
    pub fields: &'static [Field],
    /// Properties that AWS has and this cloud doesn't.
    pub absent: &'static [&'static str],
    /// What `Fn::GetAtt` gives beside the properties.
    pub attributes: &'static [&'static str],
    /// The properties that identify a resource ("GetTemplateSummary", ResourceIdentifiers).
    pub identifiers: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bucket,
    BucketPolicy,
    DeliveryStream,
    ManagedPolicy,
    Queue,
    QueuePolicy,
    Role,
    RolePolicy,
    Subscription,
    Topic,
    TopicPolicy,
}

macro_rules! types {
    ($($name:literal $kind:ident $fields:path, $absent:expr, $attributes:path, $identifiers:expr;)*) => {
        /// Every type, by name.
        pub static TYPES: &[Type] = &[$(Type {
            name: $name,
            kind: Kind::$kind,
            fields: $fields,
            absent: $absent,
            attributes: $attributes,
            identifiers: &$identifiers,
        }),*];
    };
}

types! {
    "AWS::IAM::ManagedPolicy" ManagedPolicy managed_policy::FIELDS, managed_policy::ABSENT, managed_policy::ATTRIBUTES, ["PolicyArn"];
    "AWS::IAM::Policy" RolePolicy role_policy::FIELDS, role_policy::ABSENT, role_policy::ATTRIBUTES, ["Id"];
    "AWS::IAM::Role" Role role::FIELDS, &[], role::ATTRIBUTES, ["RoleName"];
    "AWS::IAM::RolePolicy" RolePolicy role_policy::ROLE_FIELDS, &[], role_policy::ATTRIBUTES, ["PolicyName", "RoleName"];
    "AWS::KinesisFirehose::DeliveryStream" DeliveryStream delivery_stream::FIELDS, delivery_stream::ABSENT, delivery_stream::ATTRIBUTES, ["DeliveryStreamName"];
    "AWS::S3::Bucket" Bucket bucket::FIELDS, bucket::ABSENT, bucket::ATTRIBUTES, ["BucketName"];
    "AWS::S3::BucketPolicy" BucketPolicy bucket_policy::FIELDS, &[], bucket_policy::ATTRIBUTES, ["Bucket"];
    "AWS::SNS::Subscription" Subscription subscription::FIELDS, &[], subscription::ATTRIBUTES, ["Arn"];
    "AWS::SNS::Topic" Topic topic::FIELDS, &[], topic::ATTRIBUTES, ["TopicArn"];
    "AWS::SNS::TopicInlinePolicy" TopicPolicy topic_policy::INLINE_FIELDS, &[], topic_policy::ATTRIBUTES, ["TopicArn"];
    "AWS::SNS::TopicPolicy" TopicPolicy topic_policy::FIELDS, &[], topic_policy::ATTRIBUTES, ["Id"];
    "AWS::SQS::Queue" Queue queue::FIELDS, &[], queue::ATTRIBUTES, ["QueueUrl"];
    "AWS::SQS::QueueInlinePolicy" QueuePolicy queue_policy::INLINE_FIELDS, &[], queue_policy::ATTRIBUTES, ["Queue"];
    "AWS::SQS::QueuePolicy" QueuePolicy queue_policy::FIELDS, &[], queue_policy::ATTRIBUTES, ["Id"];
}

/// A type by its name.
pub fn find(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|kind| kind.name == name)
}

/// What a change of a property does to a resource of a type.
pub fn recreation(kind: &str, property: &str) -> Recreation {
    let field = find(kind).and_then(|kind| kind.fields.iter().find(|field| field.name == property));
    field.map_or(Recreation::Never, |field| field.recreation)
}

impl Type {
    /// Whether `Fn::GetAtt` can give an attribute: those of its own, and its properties.
    pub fn has_attribute(&self, attribute: &str) -> bool {
        self.attributes.contains(&attribute) || self.fields.iter().any(|field| field.name == attribute)
    }

    /// Whether resources of this type carry tags, also those of their stack.
    pub fn tagged(&self) -> bool {
        self.fields.iter().any(|field| field.name == "Tags")
    }

    /// Properties in their shapes, or what is wrong with them.
    pub fn conform(&self, properties: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        schema::conform(properties, self.fields, self.absent)
    }

    /// Whether a change of properties makes a new resource.
    pub fn replaces(&self, old: &Map<String, Value>, new: &Map<String, Value>) -> bool {
        let always = self.fields.iter().filter(|field| field.recreation == Recreation::Always);
        always.clone().any(|field| old.get(field.name) != new.get(field.name))
    }

    /// The name that a new resource gets, settled before it is made.
    pub fn intent(&self, work: &Work<'_>, properties: &Map<String, Value>) -> String {
        match self.kind {
            Kind::Bucket => bucket::name(work, properties),
            Kind::BucketPolicy => bucket_policy::name(properties),
            Kind::DeliveryStream => delivery_stream::name(work, properties),
            Kind::ManagedPolicy => managed_policy::name(work, properties),
            Kind::Queue => queue::name(work, properties),
            Kind::QueuePolicy => queue_policy::name(work, properties),
            Kind::Role => role::name(work, properties),
            Kind::RolePolicy => role_policy::name(work, properties),
            Kind::Subscription => String::new(),
            Kind::Topic => topic::name(work, properties),
            Kind::TopicPolicy => topic_policy::name(work, properties),
        }
    }

    /// The physical id of what [`Type::create`] makes by a name; for what an unfinished creation may have left.
    pub fn id_of(&self, work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> String {
        match self.kind {
            Kind::Queue => format!("{}/{}/{name}", work.cx.host, work.cx.account),
            Kind::Topic => work.arn("sns", name),
            Kind::ManagedPolicy => managed_policy::arn(work, name, properties),
            _ => name.to_owned(),
        }
    }

    /// Fails if the name of a resource that is yet to be made is another's. Asked before the name is settled on: what has
    /// it later is what the stack itself has made, whatever a restart interrupted.
    pub async fn taken(&self, work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<()> {
        match self.kind {
            Kind::Bucket => bucket::taken(work, name).await,
            Kind::DeliveryStream => delivery_stream::taken(work, name).await,
            Kind::ManagedPolicy => managed_policy::taken(work, name, properties).await,
            Kind::Queue => queue::taken(work, name).await,
            Kind::Role => role::taken(work, name).await,
            Kind::Topic => topic::taken(work, name).await,
            // These have no name of their own that another could have.
            Kind::BucketPolicy | Kind::QueuePolicy | Kind::RolePolicy | Kind::Subscription | Kind::TopicPolicy => {
                Ok(())
            }
        }
    }

    /// Makes a resource by a name that is the stack's, or goes on with it after a restart.
    pub async fn create(&self, work: &Work<'_>, name: &str, properties: &Map<String, Value>) -> Done<Made> {
        match self.kind {
            Kind::Bucket => bucket::create(work, name, properties).await,
            Kind::BucketPolicy => bucket_policy::create(work, name, properties).await,
            Kind::DeliveryStream => delivery_stream::create(work, name, properties).await,
            Kind::ManagedPolicy => managed_policy::create(work, name, properties).await,
            Kind::Queue => queue::create(work, name, properties).await,
            Kind::QueuePolicy => queue_policy::create(work, name, properties).await,
            Kind::Role => role::create(work, name, properties).await,
            Kind::RolePolicy => role_policy::create(work, name, properties).await,
            Kind::Subscription => subscription::create(work, properties).await,
            Kind::Topic => topic::create(work, name, properties).await,
            Kind::TopicPolicy => topic_policy::create(work, name, properties).await,
        }
    }

    /// Changes a resource in place.
    pub async fn update(
        &self,
        work: &Work<'_>,
        id: &str,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Done<()> {
        match self.kind {
            Kind::Bucket => bucket::update(work, id, old, new).await,
            Kind::BucketPolicy => bucket_policy::update(work, id, new).await,
            Kind::DeliveryStream => delivery_stream::update(work, id, old, new).await,
            Kind::ManagedPolicy => managed_policy::update(work, id, old, new).await,
            Kind::Queue => queue::update(work, id, old, new).await,
            Kind::QueuePolicy => queue_policy::update(work, old, new).await,
            Kind::Role => role::update(work, id, old, new).await,
            Kind::RolePolicy => role_policy::update(work, old, new).await,
            Kind::Subscription => subscription::update(work, id, old, new).await,
            Kind::Topic => topic::update(work, id, old, new).await,
            Kind::TopicPolicy => topic_policy::update(work, old, new).await,
        }
    }

    /// Deletes a resource; one that is gone already is as good as deleted.
    pub async fn delete(&self, work: &Work<'_>, id: &str, properties: &Map<String, Value>) -> Done<()> {
        match self.kind {
            Kind::Bucket => bucket::delete(work, id).await,
            Kind::BucketPolicy => bucket_policy::delete(work, id).await,
            Kind::DeliveryStream => delivery_stream::delete(work, id).await,
            Kind::ManagedPolicy => managed_policy::delete(work, id, properties).await,
            Kind::Queue => queue::delete(work, id).await,
            Kind::QueuePolicy => queue_policy::delete(work, properties).await,
            Kind::Role => role::delete(work, id, properties).await,
            Kind::RolePolicy => role_policy::delete(work, properties).await,
            Kind::Subscription => subscription::delete(work, id, properties).await,
            Kind::Topic => topic::delete(work, id).await,
            Kind::TopicPolicy => topic_policy::delete(work, properties).await,
        }
    }
}
