//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
    ActivateOrganizationsAccess ActivateType BatchDescribeTypeConfigurations CreateGeneratedTemplate \
    CreateStackInstances CreateStackRefactor CreateStackSet DeactivateOrganizationsAccess DeactivateType \
    DeleteGeneratedTemplate DeleteStackInstances DeregisterType DescribeAccountLimits DescribeChangeSetHooks \
    DescribeGeneratedTemplate DescribeOrganizationsAccess DescribePublisher DescribeResourceScan \
    DescribeStackDriftDetectionStatus DescribeStackRefactor DescribeStackResourceDrifts DescribeType \
    DescribeTypeRegistration DetectStackDrift DetectStackResourceDrift DetectStackSetDrift EstimateTemplateCost \
    ExecuteStackRefactor GetGeneratedTemplate GetHookResult ImportStacksToStackSet ListGeneratedTemplates \
    ListHookResults ListResourceScanRelatedResources ListResourceScanResources ListResourceScans \
    ListStackInstanceResourceDrifts ListStackRefactorActions ListStackRefactors ListStackSetAutoDeploymentTargets \
    ListTypeRegistrations ListTypeVersions ListTypes PublishType RecordHandlerProgress RegisterPublisher \
    RegisterType SetTypeConfiguration SetTypeDefaultVersion SignalResource StartResourceScan StopStackSetOperation \
    TestType UpdateGeneratedTemplate UpdateStackInstances UpdateStackSet";
