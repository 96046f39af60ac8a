//! Which parameters a listing shows: `ParameterFilters`, and the older `Filters`.
//!
//! Source: "ParameterStringFilter" (AWS Systems Manager API Reference).

use serde::Deserialize;

use super::error::{VALIDATION, invalid, required};
use super::name::check_path;
use super::store::Parameter;
use wire::{AwsError, check};

/// Filters of a request: more than there are keys. Each tag counts as a key.
const MAX_FILTERS: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FilterInput {
    key: Option<String>,
    option: Option<String>,
    values: Option<Vec<String>>,
}

/// Which listing is filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    ByPath,
    Describe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    BeginsWith,
    Contains,
    OneLevel,
    Recursive,
}

/// A filter that is right.
#[derive(Debug)]
pub(super) struct Filter {
    key: String,
    comparison: Comparison,
    values: Vec<String>,
}

fn bad_key(message: String) -> AwsError {
    AwsError::bad("InvalidFilterKey", message)
}

/// Reads filters.
///
/// # Errors
/// `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`, `ValidationException`.
pub(super) fn read(given: Vec<FilterInput>, listing: Listing) -> Result<Vec<Filter>, AwsError> {
    if given.len() > MAX_FILTERS {
        let constraint = format_args!("Member must have length less than or equal to {MAX_FILTERS}");
        return Err(check::failed_untold(VALIDATION, "parameterFilters", constraint));
    }
    let mut filters: Vec<Filter> = Vec::new();
    for input in given {
        let filter = read_one(input, listing)?;
        if filters.iter().any(|other| other.key == filter.key) {
            return Err(bad_key(format!(
                "The following filter is duplicated in the request: {}. A request can contain only one occurrence of a specific \
                 filter.",
                filter.key
            )));
        }
        filters.push(filter);
    }
    Ok(filters)
}

fn read_one(input: FilterInput, listing: Listing) -> Result<Filter, AwsError> {
    use Comparison::{BeginsWith, Contains, Equals, OneLevel, Recursive};
    let key = required(input.key, "parameterFilters.1.member.key")?;
    let (valid, default): (&[Comparison], _) = match (key.as_str(), listing) {
        ("Label", Listing::ByPath) | ("Type" | "KeyId", _) => (&[BeginsWith, Equals], Equals),
        ("Tier" | "DataType", Listing::Describe) => (&[BeginsWith, Equals], Equals),
        ("Name", Listing::Describe) => (&[BeginsWith, Contains, Equals], Equals),
        ("Path", Listing::Describe) => (&[OneLevel, Recursive], OneLevel),
        (tag, Listing::Describe) if tag.starts_with("tag:") && tag.len() > 4 => (&[Equals], Equals),
        (other, _) => {
            let keys = match listing {
                Listing::ByPath => "Type, KeyId, Label",
                Listing::Describe => "Path, Name, Type, KeyId, Tier, DataType, tag:KEY",
            };
            return Err(bad_key(format!(
                "The following filter key is not valid: {other}. Valid filter keys include: [{keys}]."
            )));
        }
    };
    let comparison = match input.option.as_deref() {
        None => Some(default),
        Some("Equals") => Some(Equals),
        Some("BeginsWith") => Some(BeginsWith),
        Some("Contains") => Some(Contains),
        Some("OneLevel") => Some(OneLevel),
        Some("Recursive") => Some(Recursive),
        Some(_) => None,
    };
    let comparison = comparison.filter(|comparison| valid.contains(comparison)).ok_or_else(|| {
        let message = format!(
            "The following filter option is not valid: {}. Valid options include: {valid:?}.",
            input.option.unwrap_or_default()
        );
        AwsError::bad("InvalidFilterOption", message)
    })?;
    let mut values = input.values.unwrap_or_default();
    // A tag without values means whoever has the tag.
    if values.is_empty() && !key.starts_with("tag:") {
        let message = "The following filter values are missing : null for filter key ".to_owned() + &key;
        return Err(AwsError::bad("InvalidFilterValue", message));
    }
    if key == "Path" {
        values = values.iter().map(|path| check_path(path)).collect::<Result<_, _>>()?;
    }
    Ok(Filter { key, comparison, values })
}

/// The older `Filters`: names begin with the values, all else equals one.
///
/// # Errors
/// `InvalidFilterKey`, `InvalidFilterValue`.
pub(super) fn read_older(given: Vec<FilterInput>) -> Result<Vec<Filter>, AwsError> {
    let newer = given.into_iter().map(|filter| {
        let option = (filter.key.as_deref() == Some("Name")).then(|| "BeginsWith".to_owned());
        FilterInput { option, ..filter }
    });
    read(newer.collect(), Listing::Describe)
}

/// Refuses both kinds of filters in one request.
pub(super) fn refuse_both(older: bool, newer: bool) -> Result<(), AwsError> {
    if older && newer {
        return Err(invalid("You can use either Filters or ParameterFilters in a single request."));
    }
    Ok(())
}

/// Whether a name lies below a path that ends with a slash; a name without a slash lies at the root.
pub(super) fn lies_below(name: &str, path: &str, recursive: bool) -> bool {
    let rest = match name.strip_prefix(path) {
        Some(rest) => rest,
        None if path == "/" => name,
        None => return false,
    };
    recursive || !rest.contains('/')
}

impl Filter {
    /// Whether a parameter passes.
    pub(super) fn takes(&self, parameter: &Parameter) -> bool {
        let any = |what: &str| self.values.iter().any(|value| self.compares(what, value));
        match self.key.as_str() {
            // `name` and `/name` are found by either.
            "Name" if self.comparison == Comparison::Contains => any(&parameter.name),
            "Name" => self
                .values
                .iter()
                .any(|value| self.compares(parameter.name.trim_start_matches('/'), value.trim_start_matches('/'))),
            "Path" => any(&parameter.name),
            "Type" => any(parameter.kind.as_str()),
            "KeyId" => parameter.now.key_id.as_deref().is_some_and(any),
            "Tier" => any(parameter.now.tier.as_str()),
            "DataType" => any("text"),
            "Label" => parameter.labels.iter().any(|(label, on)| *on == parameter.now.number && any(label)),
            tag => {
                let tag = tag.strip_prefix("tag:").unwrap_or(tag);
                parameter.tags.get(tag).is_some_and(|value| self.values.is_empty() || any(value))
            }
        }
    }

    fn compares(&self, what: &str, value: &str) -> bool {
        match self.comparison {
            Comparison::Equals => what == value,
            Comparison::BeginsWith => what.starts_with(value),
            Comparison::Contains => what.contains(value),
            Comparison::OneLevel => lies_below(what, value, false),
            Comparison::Recursive => lies_below(what, value, true),
        }
    }
}
