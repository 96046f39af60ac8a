//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
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
