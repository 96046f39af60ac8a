//! What a change set says of resources. Stacks keep these in their records: fields keep their order and types.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether a change of a property makes a new resource ("Update behaviors of stack resources").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recreation {
    /// The resource is changed in its place.
    Never,
    /// It depends on the values.
    Conditionally,
    /// A new resource takes its place.
    Always,
}

/// What will happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It is made.
    Add,
    /// It is changed, or a new one takes its place.
    Modify,
    /// It leaves the stack.
    Remove,
}

/// Whether a resource that is modified becomes a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replacement {
    /// It does.
    True,
    /// It stays the one it is.
    False,
    /// That is known only when it happens.
    Conditional,
}

/// One line of a change set: what will happen to one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What will happen.
    pub action: Action,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's own id, if it exists.
    pub physical_id: Option<String>,
    /// Its type, e.g. `AWS::SQS::Queue`.
    pub kind: String,
    /// For [`Action::Modify`].
    pub replacement: Option<Replacement>,
    /// `Delete`, `Retain`, `ReplaceAndDelete` or `ReplaceAndRetain`: what becomes of a resource that isn't needed any more.
    pub policy_action: Option<String>,
    /// Which of its attributes change: `Properties`, `Metadata` or a policy's name.
    pub scope: Vec<String>,
    /// Why they change.
    pub details: Vec<Detail>,
    /// The resource before the change, as AWS shows it: an object with `Properties` and perhaps `Metadata`.
    pub before: Option<Value>,
    /// The resource after the change, likewise.
    pub after: Option<Value>,
    /// Whether it may turn out that nothing changes: not shown where values are.
    pub tentative: bool,
}

/// Why an attribute of a resource changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// `DirectModification`, `ParameterReference`, `ResourceReference` or `ResourceAttribute`.
    pub source: String,
    /// The parameter, resource or attribute that is referred to.
    pub causing_entity: Option<String>,
    /// Whether it is certain now; AWS says `Static`, else `Dynamic`.
    pub certain: bool,
    /// `Properties`, `Metadata` or a policy's name.
    pub attribute: String,
    /// The property's name.
    pub name: Option<String>,
    /// Whether the change makes a new resource.
    pub recreation: Recreation,
    /// The value before, on one line; none if there was none.
    pub before: Option<String>,
    /// The value after, likewise.
    pub after: Option<String>,
    /// Shown only with the values ("IncludePropertyValues").
    pub with_values_only: bool,
}

/// The changes of an update, and what could not be worked out yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// By logical id.
    pub changes: Vec<Change>,
    /// Resource and reason, for values that depend on what is known only later.
    pub warnings: Vec<(String, String)>,
}
