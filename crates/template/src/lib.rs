//! CloudFormation's template language, from a template's text to the values of its resources.
//!
//! Pure: it knows no stack, no clock and no resource type. Whoever evaluates a template says what its references stand for
//! ([`Scope::known`]), and whoever compares two says which changes make a new resource ([`diff::Rules`]).
//!
//! ```text
//! text --parse--> tree --transform--> tree without loops --structure--> Template --check--> all that it refers to exists
//! Template + given parameters --parameters--> values --conditions--> which resources and outputs exist
//! Template + values --rules--> whether the values may be so
//! Template + values + conditions --computed--> Template in which names and policies stand as they are
//! Template + values + what is known of resources --evaluate--> properties and outputs
//! Template --references, graph--> the order of its resources
//! two evaluated templates --diff--> what a change set shows
//! Template --summary--> what it asks of the caller
//! ```
//!
//! Supported are JSON and YAML with short forms (no aliases); parameters, rules, mappings, conditions, resources and outputs;
//! all intrinsic functions; the transform `AWS::LanguageExtensions` with its loops, `AWS::Include`, and SAM's as far as
//! nothing is serverless; parameters and dynamic references (`{{resolve:ssm:..}}`) whose values lie in the Parameter Store. Not
//! supported, and refused by name: other transforms and macros, `Hooks`, dynamic references to secrets, creation and update
//! policies. Messages are AWS's where AWS has one.
//!
//! A template comes from anybody, so its cost is bounded: how deep it is nested by `parse`; what its loops and functions make,
//! and what the patterns of its parameters cost, by `budget`. (A template of some hundred bytes could ask for gigabytes.) How
//! long its text may be, [`MAX_BYTES`], is for the caller to check. The language is written anew here because it has to count
//! what it spends, and to say what is wrong in AWS's words.
//!
//! ```text
//! error       what is wrong, in AWS's words          value       scalars, function calls, the value not known yet
//! budget      what a template may cost               extensions  the transforms, and what they add
//! parse       text to tree                           indentation lines within brackets and quotes
//! transform   what the transform makes of the tree   foreach/    loops unrolled
//! include     files of S3 put into the text
//! declared    what is known by then                  literals    names that functions give where only names may be
//! partial     values as far as they are known then   unresolvable what isn't, and has to be
//! structure   tree to Template                       model       Template and its parts
//! nulls       which no template may have
//! parameters/ declarations, texts, rules             pseudo      AWS::Region and the like
//! references  what a value refers to                 sub         the text of a Fn::Sub
//! dynamic     {{resolve:ssm:..}}
//! check       that it exists                         read        all of the above in order: Template::read
//! rules       what parameters have to be             computed    names and policies that functions give
//! conditions  which hold                             graph       order and circles
//! evaluate/   values, by family of functions         network     Fn::Cidr and Fn::GetAZs
//! diff/       what an update would change            summary     capabilities and types
//! hidden      what is told in the place of secrets
//! ```

mod budget;
mod check;
mod computed;
pub mod conditions;
mod declared;
pub mod diff;
pub mod dynamic;
mod error;
mod evaluate;
mod extensions;
mod foreach;
pub mod graph;
pub mod hidden;
mod include;
mod indentation;
mod literals;
mod model;
mod network;
mod nulls;
pub mod parameters;
mod parse;
mod partial;
mod pseudo;
mod read;
pub mod references;
pub mod rules;
mod structure;
mod sub;
pub mod summary;
mod transform;
mod unresolvable;
mod value;

pub use budget::{Budget, MAX_BYTES, too_large};
pub use check::one_of_each;
pub use error::{Invalid, Result};
pub use evaluate::{Reference, Scope};
pub use include::{include, include_failed, included};
pub use model::{Output, Policy, Resource, Template};
pub use parse::parse;
pub use pseudo::Pseudo;
pub use structure::{MAX_LOGICAL_ID, MAX_RESOURCES};
pub use transform::processed;
pub use value::{KNOWN_AFTER_APPLY, is_unknown, scalar_text};
