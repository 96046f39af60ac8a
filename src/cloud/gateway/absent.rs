//! What AWS has and this cloud has not, by name: it is refused as such, not as if nobody had heard of it.

use super::Service;
use crate::cloud::wire::AwsError;

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
        Service::Sqs | Service::Firehose => "",
        Service::Sns => SNS,
        Service::CloudFormation => CLOUDFORMATION,
        Service::Iam => IAM,
        Service::Sts => STS,
    };
    list.split_ascii_whitespace()
}

const SNS: &str = "\
    CreateSMSSandboxPhoneNumber DeleteSMSSandboxPhoneNumber ListOriginationNumbers ListSMSSandboxPhoneNumbers \
    VerifySMSSandboxPhoneNumber";

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
    AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage \
    GetDelegatedAccessToken GetFederationToken GetSessionToken GetWebIdentityToken";

