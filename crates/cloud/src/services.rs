//! The registry: which code answers for which service.

use crate::request::Services;
use crate::{cloudformation, ecr, firehose, iam, kms, logs, sns, sqs, ssm, sts};

/// All services with a table of operations.
pub(crate) static SERVICES: Services = Services(&[
    &sqs::SERVICE,
    &sns::SERVICE,
    &firehose::SERVICE,
    &cloudformation::SERVICE,
    &iam::SERVICE,
    &sts::SERVICE,
    &logs::SERVICE,
    &ssm::SERVICE,
    &ecr::SERVICE,
    &kms::SERVICE,
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_every_operation_is_found() {
        for service in SERVICES.iter() {
            assert!(service.operations.is_sorted_by(|a, b| a.name < b.name), "{service:?}");
            for operation in service.operations {
                assert_eq!(service.operation(operation.name).map(|it| it.name), Some(operation.name));
            }
        }
    }

    #[test]
    fn what_is_absent_is_told_from_what_is_unknown() {
        let refusal = cloudformation::SERVICE.refuse_absent("CreateStackSet").expect("an operation of AWS's");
        assert_eq!((refusal.status, &*refusal.code), (501, "NotImplemented"));
        assert_eq!(
            refusal.message,
            "CreateStackSet is an operation of CloudFormation that this cloud does not simulate."
        );
        assert!(cloudformation::SERVICE.refuse_absent("MakeCoffee").is_none());
        for service in SERVICES.iter() {
            for operation in service.operations {
                assert!(
                    service.refuse_absent(operation.name).is_none(),
                    "{} is answered, and listed as absent",
                    operation.name
                );
            }
        }
    }

    /// Whoever reads the page must find every operation, answered or not.
    #[test]
    fn the_page_of_operations_is_whole() {
        let page = include_str!("../../../docs/operations.md");
        let words: std::collections::HashSet<&str> = page.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let here = SERVICES
            .iter()
            .flat_map(|it| it.operations.iter().map(|o| o.name).chain(it.absent.split_ascii_whitespace()));
        let missing: Vec<_> = here.filter(|name| !words.contains(name)).collect();
        assert!(missing.is_empty(), "docs/operations.md doesn't tell of {missing:?}");
    }
}
