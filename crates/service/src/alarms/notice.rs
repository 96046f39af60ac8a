//! What is published of an alarm that changes, shaped as CloudWatch's notifications are.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Alarm, Watch};

/// A change of an alarm's state.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    /// The message's subject.
    pub subject: String,
    /// The message.
    pub json: Value,
}

impl Notice {
    pub(super) fn new(watch: &Watch, alarm: &Alarm, is_over: bool, sum: u64, now: Timestamp) -> Self {
        let (new, old) = if is_over { ("ALARM", "OK") } else { ("OK", "ALARM") };
        let relation = if is_over { "at or above" } else { "below" };
        let seconds = watch.period.as_secs_f64();
        // `arn:aws:sns:REGION:ACCOUNT:NAME`.
        let mut arn = watch.topic.split(':').skip(1);
        let (partition, account) = (arn.next().unwrap_or("aws"), arn.nth(2).unwrap_or_default());
        let dimensions: Vec<Value> =
            alarm.dimension.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let json = json!({
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.about,
            "AWSAccountId": account,
            "NewStateValue": new,
            "NewStateReason": format!(
                "The sum of {} over {seconds} s is {sum}: {relation} the threshold {}.", alarm.metric, alarm.threshold
            ),
            "StateChangeTime": now.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
            "Region": watch.region,
            "AlarmArn": format!("arn:{partition}:cloudwatch:{}:{account}:alarm:{}", watch.region, alarm.name),
            "OldStateValue": old,
            "OKActions": [watch.topic],
            "AlarmActions": [watch.topic],
            "InsufficientDataActions": [],
            "Trigger": {
                "MetricName": alarm.metric,
                "Namespace": watch.namespace,
                "StatisticType": "Statistic",
                "Statistic": "SUM",
                "Unit": null,
                "Dimensions": dimensions,
                "Period": seconds,
                "EvaluationPeriods": 1,
                "DatapointsToAlarm": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "Threshold": alarm.threshold,
                "TreatMissingData": "notBreaching",
                "EvaluateLowSampleCountPercentile": "",
            },
        });
        Self { subject: format!("{new}: \"{}\" in {}", alarm.name, watch.region), json }
    }

    /// It as a line for people.
    pub(super) fn line(&self) -> String {
        let text = |name: &str| self.json[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}: {}", text("NewStateValue"), text("AlarmName"), text("NewStateReason"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::record::Tell;

    #[test]
    fn a_notice_says_what_cloudwatchs_says() {
        let config = aws_sdk_sns::Config::builder().behavior_version(aws_sdk_sns::config::BehaviorVersion::latest());
        let watch = Watch {
            alarms: &[],
            namespace: "messaging/jobs",
            period: Duration::from_secs(60),
            topic: "arn:aws:sns:eu-west-1:123456789012:alarms".into(),
            region: "eu-west-1".into(),
            sns: aws_sdk_sns::Client::from_conf(config.build()),
            tell: Tell::nobody(),
        };
        let alarm = Alarm {
            name: "jobs-api-errors",
            about: "The API failed.",
            metric: "Errors",
            dimension: Some(("Part", "api")),
            threshold: 1,
        };
        let notice = Notice::new(&watch, &alarm, true, 3, "2026-01-02T03:04:05.678Z".parse().unwrap());
        assert_eq!(notice.subject, "ALARM: \"jobs-api-errors\" in eu-west-1");
        let json = &notice.json;
        assert_eq!((&json["NewStateValue"], &json["OldStateValue"]), (&json!("ALARM"), &json!("OK")));
        assert_eq!(json["StateChangeTime"], "2026-01-02T03:04:05.678+0000");
        assert_eq!(json["AWSAccountId"], "123456789012");
        assert_eq!(json["AlarmArn"], "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:jobs-api-errors");
        assert_eq!(json["Trigger"]["Dimensions"], json!([{ "name": "Part", "value": "api" }]));
        assert_eq!(
            notice.line(),
            "ALARM jobs-api-errors: The sum of Errors over 60 s is 3: at or above the threshold 1."
        );
    }
}
