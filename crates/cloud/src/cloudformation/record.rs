//! What is kept of a stack: its state, its resources, its events, its change sets. All of it is JSON documents in the log.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::request::Context;
use engine::Millis;
use template::Policy;
use template::diff::Changes;
use template::parameters::Texts;

macro_rules! status {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// The status of a stack or a resource, by AWS's names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum Status {
            $(#[serde(rename = $text)] $name),*
        }

        impl Status {
            /// Every status, for filters.
            pub(crate) const ALL: &[Status] = &[$(Status::$name),*];

            /// AWS's name, e.g. `CREATE_COMPLETE`.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Status::$name => $text),*
                }
            }
        }
    };
}

status! {
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateComplete = "CREATE_COMPLETE",
    CreateFailed = "CREATE_FAILED",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackComplete = "ROLLBACK_COMPLETE",
    RollbackFailed = "ROLLBACK_FAILED",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateCleanup = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateFailed = "UPDATE_FAILED",
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    UpdateRollbackCleanup = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteComplete = "DELETE_COMPLETE",
    DeleteFailed = "DELETE_FAILED",
    DeleteSkipped = "DELETE_SKIPPED",
}

impl Status {
    /// Whether an operation runs, which has to end before the next.
    pub(super) fn running(self) -> bool {
        self.as_str().ends_with("_IN_PROGRESS") && self != Status::ReviewInProgress
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an operation does ("OperationEntry").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OperationKind {
    #[serde(rename = "CREATE_STACK")]
    CreateStack,
    #[serde(rename = "UPDATE_STACK")]
    UpdateStack,
    #[serde(rename = "DELETE_STACK")]
    DeleteStack,
    #[serde(rename = "CONTINUE_ROLLBACK")]
    ContinueRollback,
    #[serde(rename = "ROLLBACK")]
    Rollback,
    #[serde(rename = "CREATE_CHANGESET")]
    CreateChangeSet,
}

impl OperationKind {
    /// AWS's name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::CreateStack => "CREATE_STACK",
            Self::UpdateStack => "UPDATE_STACK",
            Self::DeleteStack => "DELETE_STACK",
            Self::ContinueRollback => "CONTINUE_ROLLBACK",
            Self::Rollback => "ROLLBACK",
            Self::CreateChangeSet => "CREATE_CHANGESET",
        }
    }
}

/// An operation on a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OperationEntry {
    pub id: String,
    pub kind: OperationKind,
}

/// What is wrong with a resource of a change set, seen before that is executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Finding {
    /// Of its event.
    pub id: String,
    pub logical_id: String,
    /// The resource's type.
    pub kind: String,
    /// AWS's name of the validation.
    pub validation: String,
    pub reason: String,
    /// Where in the template.
    pub path: String,
}

/// What becomes of a stack whose creation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OnFailure {
    Nothing,
    Rollback,
    Delete,
}

/// A stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stack {
    /// The ARN, whose last part is `uuid`.
    pub id: String,
    pub uuid: String,
    pub name: String,
    pub account: String,
    pub region: String,
    /// How the client that began the last operation addressed the server; queue URLs begin with it.
    pub host: String,
    /// The port that the server listened on then; none for stacks of before it was kept.
    #[serde(default)]
    pub port: Option<u16>,
    pub status: Status,
    pub reason: Option<String>,
    pub created: Millis,
    pub updated: Option<Millis>,
    pub deleted: Option<Millis>,
    /// What it was deployed from; while an update runs, what it is updated to.
    pub now: Definition,
    /// What it was before the update that runs.
    pub before: Option<Definition>,
    pub on_failure: OnFailure,
    pub timeout_minutes: Option<u32>,
    pub protected: bool,
    /// The change set that was executed last.
    pub change_set: Option<String>,
    /// The stack policy.
    pub policy: Option<String>,
    /// The policy that replaces it while an update runs.
    pub policy_during_update: Option<String>,
    /// The number of its events so far.
    pub events: u64,
    /// When the last of them was: no two events of a stack share a time.
    pub last_event: Millis,
    /// `ClientRequestToken` of the operation that runs.
    pub token: Option<String>,
    /// Resources to keep when it is deleted.
    pub retain: Vec<String>,
    /// The caller asked that the update that runs be given up.
    pub cancelled: bool,
    /// The last operations on it, the newest first.
    #[serde(default)]
    pub operations: Vec<OperationEntry>,
}

/// Operations that a stack remembers. AWS names no number.
const OPERATIONS_KEPT: usize = 10;

impl Stack {
    /// Notes how a client addresses the server.
    pub(super) fn addressed(&mut self, cx: &Context) {
        self.host = cx.host.to_string();
        self.port = cx.cloud.port();
    }

    /// Notes that an operation begins.
    pub(super) fn begin(&mut self, id: String, kind: OperationKind) {
        self.operations.insert(0, OperationEntry { id, kind });
        self.operations.truncate(OPERATIONS_KEPT);
    }

    /// The id of the last operation.
    pub(super) fn operation_id(&self) -> Option<String> {
        self.operations.first().map(|operation| operation.id.clone())
    }
}

/// What a stack is deployed from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Definition {
    /// The document that holds the template's text.
    pub template: String,
    pub description: Option<String>,
    /// What was given for the parameters.
    pub parameters: Texts,
    /// The values of those parameters that the Parameter Store had when this definition was made.
    #[serde(default)]
    pub resolved: Texts,
    /// What the template's dynamic references stood for when this definition was deployed.
    #[serde(default)]
    pub dynamic: Texts,
    pub tags: Vec<Tag>,
    pub capabilities: Vec<String>,
    pub role: Option<String>,
    pub notifications: Vec<String>,
    pub outputs: Vec<StackOutput>,
    /// Names of the exports that it imports.
    pub imports: Vec<String>,
}

impl Definition {
    /// The texts of the parameters' values.
    pub(super) fn texts(&self) -> Texts {
        let mut texts = self.parameters.clone();
        texts.extend(self.resolved.iter().map(|(name, value)| (name.clone(), value.clone())));
        texts
    }
}

/// A tag of a stack, as clients write it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    #[serde(rename = "Key")]
    pub key: String,
    #[serde(rename = "Value")]
    pub value: String,
}

/// An output of a stack, its value known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StackOutput {
    pub key: String,
    pub value: String,
    pub description: Option<String>,
    pub export: Option<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Resource {
    pub logical_id: String,
    pub kind: String,
    pub status: Status,
    pub reason: Option<String>,
    pub updated: Millis,
    /// What it is; nothing while it doesn't exist.
    pub live: Option<Live>,
    /// The creation under way, or one that failed on the way and may have left something.
    pub intent: Option<Intent>,
    /// What it was before the update that runs.
    pub before: Option<Live>,
    /// Touched by the update that runs.
    pub touched: bool,
    /// Physical resources that were replaced and go when the operation has succeeded (or been rolled back).
    pub retired: Vec<Live>,
}

impl Resource {
    /// A resource of which nothing exists yet. `now` is in milliseconds since 1970.
    pub(super) fn new(logical_id: &str, kind: &str, now: Millis) -> Self {
        Self {
            logical_id: logical_id.to_owned(),
            kind: kind.to_owned(),
            status: Status::CreateInProgress,
            reason: None,
            updated: now,
            live: None,
            intent: None,
            before: None,
            touched: false,
            retired: Vec::new(),
        }
    }
}

/// What a creation settles on before it makes anything: what is found by this name after a restart is this stack's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Intent {
    pub name: String,
    pub properties: Map<String, Value>,
}

/// A physical resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Live {
    pub physical_id: String,
    /// The values that it was made with.
    pub properties: Map<String, Value>,
    /// Where there are secrets in them, which nobody is told.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub hidden: Map<String, Value>,
    /// What `Fn::GetAtt` gives beside its properties.
    pub attributes: Map<String, Value>,
    pub metadata: Option<Value>,
    /// As declared; without a declaration it is deleted.
    pub deletion_policy: Option<Policy>,
    pub update_replace_policy: Option<Policy>,
    /// The resources that it was made after.
    pub needs: Vec<String>,
}

/// Something that happened to a stack or to one of its resources.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Event {
    pub id: String,
    pub logical_id: String,
    pub physical_id: String,
    pub kind: String,
    pub at: Millis,
    pub status: Status,
    pub reason: Option<String>,
    /// JSON.
    pub properties: Option<String>,
    /// `ClientRequestToken` of the operation.
    pub token: Option<String>,
    #[serde(default)]
    pub operation: Option<OperationEntry>,
}

/// A change set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ChangeSet {
    pub id: String,
    pub name: String,
    pub stack: String,
    pub stack_name: String,
    pub description: Option<String>,
    pub created: Millis,
    /// It makes the stack; else it updates it.
    pub creates: bool,
    /// Nothing to change, or a mistake: the reason.
    pub failed: Option<String>,
    pub execution: Execution,
    pub definition: Definition,
    pub changes: Changes,
    pub on_failure: OnFailure,
    /// `IncludeNestedStacks`, which is only shown again: no template here has nested stacks.
    #[serde(default)]
    pub include_nested: bool,
    /// `ImportExistingResources`, which is only shown again: what there would be to import is refused.
    #[serde(default)]
    pub import_existing: bool,
    /// The id of the operation that made it.
    #[serde(default)]
    pub operation: Option<String>,
    /// What was seen to be wrong with it.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// Whether a change set can be executed ("DescribeChangeSet", ExecutionStatus).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Execution {
    #[serde(rename = "AVAILABLE")]
    Available,
    #[serde(rename = "UNAVAILABLE")]
    Unavailable,
    #[serde(rename = "EXECUTE_COMPLETE")]
    Complete,
    #[serde(rename = "OBSOLETE")]
    Obsolete,
}

/// Resources by logical id.
pub(super) type Resources = BTreeMap<String, Resource>;
