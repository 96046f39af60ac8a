//! What is known of service-linked roles: roles that a client has made for a service, which alone may change them.

/// How the paths of these roles begin.
pub(super) const PATH: &str = "/aws-service-role/";

/// A service with a role of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServiceRole {
    /// Before `.amazonaws.com`.
    pub service: &'static str,
    /// Behind `AWSServiceRoleFor`.
    pub role: &'static str,
    /// The policy of AWS's that the role gets.
    pub policy: &'static str,
    /// Whether an account may have several, told apart by a suffix.
    pub several: bool,
}

const fn one(service: &'static str, role: &'static str, policy: &'static str) -> ServiceRole {
    ServiceRole { service, role, policy, several: false }
}

const fn several(service: &'static str, role: &'static str, policy: &'static str) -> ServiceRole {
    ServiceRole { service, role, policy, several: true }
}

/// "AWS services that work with IAM" links to each service's page of its role.
const KNOWN: &[ServiceRole] = &[
    one("access-analyzer", "AccessAnalyzer", "AccessAnalyzerServiceRolePolicy"),
    several("autoscaling", "AutoScaling", "AutoScalingServiceRolePolicy"),
    one("batch", "Batch", "BatchServiceRolePolicy"),
    one("cloudtrail", "CloudTrail", "CloudTrailServiceRolePolicy"),
    one("config", "Config", "AWSConfigServiceRolePolicy"),
    one("config-conforms", "ConfigConforms", "ConfigConformsServiceRolePolicy"),
    one("config-multiaccountsetup", "ConfigMultiAccountSetup", "AWSConfigMultiAccountSetupPolicy"),
    one("detective", "Detective", "AmazonDetectiveServiceLinkedRolePolicy"),
    one(
        "dynamodb.application-autoscaling",
        "ApplicationAutoScaling_DynamoDBTable",
        "AWSApplicationAutoscalingDynamoDBTablePolicy",
    ),
    one("ecs", "ECS", "AmazonECSServiceRolePolicy"),
    one(
        "ecs.application-autoscaling",
        "ApplicationAutoScaling_ECSService",
        "AWSApplicationAutoscalingECSServicePolicy",
    ),
    one("eks", "AmazonEKS", "AmazonEKSServiceRolePolicy"),
    one("eks-nodegroup", "AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    one("elasticache", "ElastiCache", "ElastiCacheServiceRolePolicy"),
    one("elasticbeanstalk", "ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    one("elasticloadbalancing", "ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    one("es", "AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    one("events", "CloudWatchEvents", "CloudWatchEventsServiceRolePolicy"),
    one("fms", "FMS", "FMSServiceRolePolicy"),
    one("guardduty", "AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    one("inspector2", "AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    one("kafka", "Kafka", "KafkaServiceRolePolicy"),
    one(
        "lambda.application-autoscaling",
        "ApplicationAutoScaling_LambdaConcurrency",
        "AWSApplicationAutoscalingLambdaConcurrencyPolicy",
    ),
    one("lakeformation", "LakeFormationDataAccess", "LakeFormationDataAccessServiceRolePolicy"),
    one("macie", "AmazonMacie", "AmazonMacieServiceRolePolicy"),
    one("opensearchservice", "AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    one("ops.apigateway", "APIGateway", "APIGatewayServiceRolePolicy"),
    one("organizations", "Organizations", "AWSOrganizationsServiceTrustPolicy"),
    one("rds", "RDS", "AmazonRDSServiceRolePolicy"),
    one("redshift", "Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
    one("remediation.config", "ConfigRemediation", "AWSConfigRemediationServiceRolePolicy"),
    one("replication.dynamodb", "DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    one("replicator.lambda", "LambdaReplicator", "AWSLambdaReplicator"),
    one(
        "resource-management.securitylake",
        "SecurityLakeResourceManagement",
        "SecurityLakeResourceManagementServiceRolePolicy",
    ),
    one("securityhub", "SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    one("securitylake", "SecurityLake", "SecurityLakeServiceLinkedRole"),
    one("spot", "EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    one("spotfleet", "EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    one("ssm", "AmazonSSM", "AmazonSSMServiceRolePolicy"),
    one("support", "Support", "AWSSupportServiceRolePolicy"),
    one("trustedadvisor", "TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    one("wafv2", "WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
];

impl ServiceRole {
    /// By the service's principal, `ecs.amazonaws.com`.
    pub(super) fn of(principal: &str) -> Option<&'static ServiceRole> {
        let service = principal.strip_suffix(".amazonaws.com")?;
        KNOWN.iter().find(|known| known.service == service)
    }

    /// The role's name.
    pub(super) fn name(&self, suffix: Option<&str>) -> String {
        let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
        format!("AWSServiceRoleFor{}{suffix}", self.role)
    }

    /// The ARN of its policy.
    pub(super) fn policy_arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{PATH}{}", self.policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::AwsPolicy;

    #[test]
    fn every_service_role_has_a_policy_of_aws() {
        let missing: Vec<_> = KNOWN.iter().filter(|it| AwsPolicy::find(&it.policy_arn()).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
