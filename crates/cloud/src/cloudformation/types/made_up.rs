//! What placeholders say of themselves: ARNs, host names and other values, of the shapes that AWS's have.

use serde_json::{Value, json};

use super::catalogue::Kind;

/// Where a placeholder stands, and for what.
pub(super) struct Place<'a> {
    pub type_name: &'a str,
    pub region: &'a str,
    pub account: &'a str,
}

/// The service's name in ARNs where it isn't the type's in small letters ("Service Authorization Reference").
const SERVICES: &[(&str, &str)] = &[
    ("ApiGatewayV2", "apigateway"),
    ("ApplicationAutoScaling", "application-autoscaling"),
    ("CertificateManager", "acm"),
    ("Cognito", "cognito-idp"),
    ("DocDB", "rds"),
    ("ElasticLoadBalancing", "elasticloadbalancing"),
    ("ElasticLoadBalancingV2", "elasticloadbalancing"),
    ("Elasticsearch", "es"),
    ("EFS", "elasticfilesystem"),
    ("EventSchemas", "schemas"),
    ("KinesisAnalyticsV2", "kinesisanalytics"),
    ("KinesisFirehose", "firehose"),
    ("Neptune", "rds"),
    ("OpenSearchService", "es"),
    ("StepFunctions", "states"),
    ("WAFv2", "wafv2"),
];
/// What stands before the name in the ARNs of the types that meet queues, topics and streams most, by the services' own
/// pages in the "Service Authorization Reference". Other types have their own name in small letters there.
const RESOURCES: &[(&str, &str)] = &[
    ("AWS::ApiGatewayV2::Api", "/apis/"),
    ("AWS::Batch::JobDefinition", "job-definition/"),
    ("AWS::Batch::JobQueue", "job-queue/"),
    ("AWS::CloudWatch::Alarm", "alarm:"),
    ("AWS::DynamoDB::GlobalTable", "table/"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "loadbalancer/app/"),
    ("AWS::Events::EventBus", "event-bus/"),
    ("AWS::Lambda::Function", "function:"),
    ("AWS::Logs::LogGroup", "log-group:"),
    ("AWS::RDS::DBCluster", "cluster:"),
    ("AWS::RDS::DBInstance", "db:"),
    ("AWS::SecretsManager::ResourcePolicy", "secret:"),
    ("AWS::SecretsManager::RotationSchedule", "secret:"),
    ("AWS::SecretsManager::Secret", "secret:"),
    ("AWS::SecretsManager::SecretTargetAttachment", "secret:"),
    ("AWS::StepFunctions::Activity", "activity:"),
    ("AWS::StepFunctions::StateMachine", "stateMachine:"),
];

/// Whether an attribute or identifier of this name is an ARN.
pub(super) fn is_arn(name: &str) -> bool {
    name.ends_with("Arn") || name.ends_with("ARN")
}

impl Place<'_> {
    /// The ARN of a resource of this name.
    pub(super) fn arn(&self, name: &str) -> String {
        let (service, kind) = self.service_and_kind();
        let lower = kind.to_ascii_lowercase();
        let before = RESOURCES.iter().find(|(type_name, _)| *type_name == self.type_name);
        let before = before.map_or_else(|| format!("{lower}/"), |(_, before)| (*before).to_owned());
        format!("arn:aws:{service}:{}:{}:{before}{name}", self.region, self.account)
    }

    /// A value for an attribute of a resource of this name.
    pub(super) fn attribute(&self, name: &str, attribute: &str, kind: Kind) -> Value {
        match kind {
            Kind::Number => json!(1),
            Kind::Boolean => json!(false),
            Kind::Object => json!({}),
            // Templates take the first or the second.
            Kind::List => json!([self.text(name, attribute), self.text(name, attribute)]),
            Kind::Text => self.text(name, attribute).into(),
        }
    }

    fn text(&self, name: &str, attribute: &str) -> String {
        let last = attribute.rsplit('.').next().unwrap_or(attribute);
        let (_, kind) = self.service_and_kind();
        let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
        if is_arn(last) {
            let own = last.len() == 3 || last[..last.len() - 3].eq_ignore_ascii_case(kind);
            return if own { self.arn(name) } else { format!("{}/{}", self.arn(name), &last[..last.len() - 3]) };
        }
        if ends(&["Port"]) {
            return "443".to_owned();
        }
        if ends(&["Url", "URL", "Uri", "URI"]) {
            return format!("https://{}", self.host(name));
        }
        if ends(&["DomainName", "DNSName", "DnsName", "Endpoint", "Address", "HostName", "Hostname"]) {
            return self.host(name);
        }
        if ends(&["CidrBlock", "CidrBlocks"]) {
            // "RFC 5737", "RFC 3849": addresses of examples, which are nobody's.
            let example = if last.contains("6") { "2001:db8:1234:1a00::/56" } else { "192.0.2.0/24" };
            return example.to_owned();
        }
        if last == "Name" || last.strip_suffix("Name").is_some_and(|of| of == kind) {
            return name.to_owned();
        }
        format!("{name}-{last}")
    }

    /// A host name that is nobody's ("RFC 2606").
    fn host(&self, name: &str) -> String {
        let (service, _) = self.service_and_kind();
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = name.chars().take(63).map(letter).collect();
        let dot = if self.region.is_empty() { "" } else { "." };
        format!("{}.{service}.{}{dot}example", name.trim_matches('-'), self.region)
    }

    /// As ARNs name the service, and the type's own name within it.
    fn service_and_kind(&self) -> (String, &str) {
        let mut parts = self.type_name.split("::");
        let first = parts.next().unwrap_or_default();
        let service = if first == "AWS" { parts.next().unwrap_or_default() } else { first };
        let known = SERVICES.iter().find(|(name, _)| *name == service);
        let kind = parts.last().filter(|kind| *kind != "*").unwrap_or("resource");
        (known.map_or_else(|| service.to_ascii_lowercase(), |(_, name)| (*name).to_owned()), kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(type_name: &str, attribute: &str) -> Value {
        Place { type_name, region: "eu-west-1", account: "111122223333" }.attribute("n", attribute, Kind::Text)
    }

    #[test]
    fn attributes_have_the_shapes_of_awss() {
        for (type_name, attribute, expected) in [
            ("AWS::Lambda::Function", "Arn", "arn:aws:lambda:eu-west-1:111122223333:function:n"),
            ("AWS::StepFunctions::StateMachine", "Arn", "arn:aws:states:eu-west-1:111122223333:stateMachine:n"),
            ("AWS::DynamoDB::Table", "Arn", "arn:aws:dynamodb:eu-west-1:111122223333:table/n"),
            ("AWS::DynamoDB::Table", "StreamArn", "arn:aws:dynamodb:eu-west-1:111122223333:table/n/Stream"),
            ("AWS::ECS::Service", "ServiceArn", "arn:aws:ecs:eu-west-1:111122223333:service/n"),
            ("AWS::RDS::DBInstance", "Endpoint.Address", "n.rds.eu-west-1.example"),
            ("AWS::RDS::DBInstance", "Endpoint.Port", "443"),
            ("AWS::ApiGatewayV2::Api", "ApiEndpoint", "n.apigateway.eu-west-1.example"),
            ("AWS::Lambda::Url", "FunctionUrl", "https://n.lambda.eu-west-1.example"),
            ("AWS::ECS::Service", "Name", "n"),
            ("AWS::EC2::Instance", "AvailabilityZone", "n-AvailabilityZone"),
            ("Custom::*", "BucketArn", "arn:aws:custom:eu-west-1:111122223333:resource/n/Bucket"),
        ] {
            assert_eq!(value(type_name, attribute), expected, "{type_name} {attribute}");
        }
    }
}
