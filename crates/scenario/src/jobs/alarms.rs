//! The alarms, each over a minute: the one table that this service evaluates where there is no CloudWatch, and that the
//! alarms of the AWS template are compared with.

use service::alarms::Alarm;

/// The namespace of all metrics.
pub(super) const NAMESPACE: &str = "messaging/jobs";
/// The metrics' dimension.
pub(super) const PART: &str = "Part";
/// Calls that a part couldn't do.
pub(super) const ERRORS: &str = "Errors";
/// Calls that were too many.
pub(super) const THROTTLES: &str = "Throttles";

const fn errors(name: &'static str, part: &'static str, about: &'static str) -> Alarm {
    Alarm { name, about, metric: ERRORS, dimension: Some((PART, part)), threshold: 1 }
}

/// All of them.
pub(super) const ALARMS: &[Alarm] = &[
    errors("jobs-api-errors", "api", "The API answered with a status of 500 or more."),
    errors("jobs-authorizer-errors", "authorizer", "The authorizer couldn't decide: the keys aren't to be had."),
    errors("jobs-processor-errors", "processor", "The processor failed at a job."),
    errors("jobs-simulator-errors", "simulator", "The simulator couldn't write a job's result."),
    errors("jobs-status-errors", "status", "A job's status couldn't be told."),
    Alarm {
        name: "jobs-throttles",
        about: "A caller made too many requests, or one of AWS's services was asked too much.",
        metric: THROTTLES,
        dimension: None,
        threshold: 1,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_for_aws_has_the_same_alarms() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/jobs.aws.yaml");
        let Ok(template) = std::fs::read_to_string(path) else { return };
        // Others of its alarms are over AWS's own metrics.
        let ours = format!("Namespace: {NAMESPACE}");
        let blocks = template.split("Type: AWS::CloudWatch::Alarm").skip(1).filter(|block| block.contains(&ours));
        let blocks: Vec<&str> = blocks.collect();
        assert_eq!(blocks.len(), ALARMS.len());
        for alarm in ALARMS {
            // `!Sub "${AWS::StackName}-api-errors"`: a name of the stack's own, since alarms are named per account and region.
            let name = alarm.name.trim_start_matches("jobs");
            let block = blocks.iter().find(|block| {
                block.lines().any(|line| line.contains("AlarmName:") && line.trim_end_matches('"').ends_with(name))
            });
            let block = block.unwrap_or_else(|| panic!("there is no alarm {}", alarm.name));
            let has = |text: &str| block.contains(text);
            assert!(
                has(&format!("Namespace: {NAMESPACE}")) && has(&format!("MetricName: {}", alarm.metric)),
                "{block}"
            );
            assert!(has("Period: 60") && has("Statistic: Sum") && has(&format!("Threshold: {}", alarm.threshold)));
            assert!(has("ComparisonOperator: GreaterThanOrEqualToThreshold") && has("TreatMissingData: notBreaching"));
            assert_eq!(alarm.dimension.is_some(), has("Dimensions:"), "{}", alarm.name);
            if let Some((dimension, value)) = alarm.dimension {
                assert!(has(&format!("Name: {dimension}")) && has(&format!("Value: {value}")), "{block}");
            }
        }
    }
}
