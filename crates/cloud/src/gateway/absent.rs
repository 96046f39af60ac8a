//! What AWS has and this cloud has not, by name: it is refused as such, not as if nobody had heard of it.

use super::Service;
use wire::AwsError;

/// The refusal of an operation of AWS's that isn't simulated; `None` for a name that AWS doesn't know either.
pub fn refuse(service: Service, operation: &str) -> Option<AwsError> {
    names(service).any(|name| name == operation).then(|| {
        let message = format!("{operation} is an operation of {} that this cloud does not simulate.", service.title());
        AwsError::new(501, "NotImplemented", message)
    })
}

/// The names of a service's operations that aren't simulated.
fn names(service: Service) -> impl Iterator<Item = &'static str> {
    let list = match service {
        Service::Sqs | Service::Sns | Service::Firehose => "",
        Service::CloudFormation => CLOUDFORMATION,
        Service::Iam => IAM,
        Service::Sts => STS,
    };
    list.split_ascii_whitespace()
}

const CLOUDFORMATION: &str = "\
    ActivateOrganizationsAccess ActivateType BatchDescribeTypeConfigurations CreateGeneratedTemplate \
    CreateStackInstances CreateStackRefactor CreateStackSet DeactivateOrganizationsAccess DeactivateType \
    DeleteGeneratedTemplate DeleteStackInstances DeleteStackSet DeregisterType DescribeAccountLimits DescribeChangeSetHooks DescribeEvents \
    DescribeGeneratedTemplate DescribeOrganizationsAccess DescribePublisher DescribeResourceScan \
    DescribeStackDriftDetectionStatus DescribeStackInstance DescribeStackRefactor DescribeStackResourceDrifts \
    DescribeStackSet DescribeStackSetOperation DescribeType DescribeTypeRegistration DetectStackDrift \
    DetectStackResourceDrift DetectStackSetDrift EstimateTemplateCost ExecuteStackRefactor GetGeneratedTemplate \
    GetHookResult ImportStacksToStackSet ListGeneratedTemplates ListHookResults ListResourceScanRelatedResources \
    ListResourceScanResources ListResourceScans ListStackInstanceResourceDrifts ListStackInstances \
    ListStackRefactorActions ListStackRefactors ListStackSetAutoDeploymentTargets ListStackSetOperationResults \
    ListStackSetOperations ListStackSets ListTypeRegistrations ListTypeVersions ListTypes PublishType \
    RecordHandlerProgress RegisterPublisher RegisterType SetTypeConfiguration SetTypeDefaultVersion SignalResource \
    StartResourceScan StopStackSetOperation TestType UpdateGeneratedTemplate UpdateStackInstances UpdateStackSet";

const IAM: &str = "\
    AcceptDelegationRequest AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AddUserToGroup \
    AssociateDelegationRequest AttachGroupPolicy AttachUserPolicy ChangePassword CreateAccessKey CreateAccountAlias \
    CreateDelegationRequest CreateGroup CreateInstanceProfile CreateLoginProfile CreateOpenIDConnectProvider \
    CreateSAMLProvider CreateServiceLinkedRole CreateServiceSpecificCredential CreateUser CreateVirtualMFADevice \
    DeactivateMFADevice DeleteAccessKey DeleteAccountAlias DeleteAccountPasswordPolicy DeleteGroup DeleteGroupPolicy \
    DeleteInstanceProfile DeleteLoginProfile DeleteOpenIDConnectProvider DeletePolicyVersion DeleteSAMLProvider \
    DeleteSSHPublicKey DeleteServerCertificate DeleteServiceLinkedRole DeleteServiceSpecificCredential \
    DeleteSigningCertificate DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DeleteVirtualMFADevice \
    DetachGroupPolicy DetachUserPolicy DisableOrganizationsRootCredentialsManagement \
    DisableOrganizationsRootSessions DisableOutboundWebIdentityFederation EnableMFADevice \
    EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions EnableOutboundWebIdentityFederation \
    GenerateCredentialReport GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails \
    GetAccessKeyLastUsed GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary \
    GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy GetCredentialReport GetDelegationRequest GetGroup \
    GetGroupPolicy GetHumanReadableSummary GetInstanceProfile GetLoginProfile GetMFADevice GetOpenIDConnectProvider \
    GetOrganizationsAccessReport GetOutboundWebIdentityFederationInfo GetSAMLProvider GetSSHPublicKey \
    GetServerCertificate GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities \
    GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy ListAccessKeys ListAccountAliases \
    ListAttachedGroupPolicies ListAttachedUserPolicies ListDelegationRequests ListEntitiesForPolicy \
    ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfileTags ListInstanceProfiles \
    ListInstanceProfilesForRole ListMFADeviceTags ListMFADevices ListOpenIDConnectProviderTags \
    ListOpenIDConnectProviders ListOrganizationsFeatures ListPoliciesGrantingServiceAccess ListPolicyTags \
    ListSAMLProviderTags ListSAMLProviders ListSSHPublicKeys ListServerCertificateTags ListServerCertificates \
    ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUserTags ListUsers \
    ListVirtualMFADevices PutGroupPolicy PutUserPermissionsBoundary PutUserPolicy RejectDelegationRequest \
    RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile RemoveUserFromGroup \
    ResetServiceSpecificCredential ResyncMFADevice SendDelegationToken SetDefaultPolicyVersion \
    SetSecurityTokenServicePreferences SimulateCustomPolicy SimulatePrincipalPolicy TagInstanceProfile TagMFADevice \
    TagOpenIDConnectProvider TagPolicy TagSAMLProvider TagServerCertificate TagUser UntagInstanceProfile \
    UntagMFADevice UntagOpenIDConnectProvider UntagPolicy UntagSAMLProvider UntagServerCertificate UntagUser \
    UpdateAccessKey UpdateAccountPasswordPolicy UpdateDelegationRequest UpdateGroup UpdateLoginProfile \
    UpdateOpenIDConnectProviderThumbprint UpdateSAMLProvider UpdateSSHPublicKey UpdateServerCertificate \
    UpdateServiceSpecificCredential UpdateSigningCertificate UpdateUser UploadSSHPublicKey UploadServerCertificate \
    UploadSigningCertificate";

const STS: &str = "\
    AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage \
    GetDelegatedAccessToken GetFederationToken GetWebIdentityToken";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_told_from_what_is_unknown() {
        let refusal = refuse(Service::CloudFormation, "CreateStackSet").expect("an operation of AWS's");
        assert_eq!((refusal.status, &*refusal.code), (501, "NotImplemented"));
        assert_eq!(
            refusal.message,
            "CreateStackSet is an operation of CloudFormation that this cloud does not simulate."
        );
        assert!(refuse(Service::CloudFormation, "MakeCoffee").is_none());
        for service in Service::ALL {
            for operation in service.operations() {
                assert!(
                    refuse(service, operation.name).is_none(),
                    "{} is answered, and listed as absent",
                    operation.name
                );
            }
        }
    }

    /// Whoever reads the page must find every operation, answered or not.
    #[test]
    fn the_page_of_operations_is_whole() {
        let page = include_str!("../../../../docs/operations.md");
        let words: std::collections::HashSet<&str> = page.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let here = Service::ALL.into_iter().flat_map(|it| it.operations().iter().map(|o| o.name).chain(names(it)));
        let missing: Vec<_> = here.filter(|name| !words.contains(name)).collect();
        assert!(missing.is_empty(), "docs/operations.md doesn't tell of {missing:?}");
    }
}
