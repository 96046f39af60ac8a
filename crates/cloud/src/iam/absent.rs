//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
    AcceptDelegationRequest AssociateDelegationRequest ChangePassword CreateAccountAlias CreateDelegationRequest \
    CreateSAMLProvider CreateServiceSpecificCredential CreateVirtualMFADevice DeactivateMFADevice DeleteAccountAlias \
    DeleteAccountPasswordPolicy DeleteSAMLProvider DeleteSSHPublicKey DeleteServerCertificate \
    DeleteServiceSpecificCredential DeleteSigningCertificate DeleteVirtualMFADevice \
    DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions \
    DisableOutboundWebIdentityFederation EnableMFADevice EnableOrganizationsRootCredentialsManagement \
    EnableOrganizationsRootSessions EnableOutboundWebIdentityFederation GenerateCredentialReport \
    GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails GetAccountAuthorizationDetails \
    GetAccountPasswordPolicy GetAccountSummary GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy \
    GetCredentialReport GetDelegationRequest GetHumanReadableSummary GetMFADevice GetOrganizationsAccessReport \
    GetOutboundWebIdentityFederationInfo GetSAMLProvider GetSSHPublicKey GetServerCertificate \
    GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities ListAccountAliases \
    ListDelegationRequests ListMFADeviceTags ListMFADevices ListOrganizationsFeatures \
    ListPoliciesGrantingServiceAccess ListSAMLProviderTags ListSAMLProviders ListSSHPublicKeys \
    ListServerCertificateTags ListServerCertificates ListServiceSpecificCredentials ListSigningCertificates \
    ListVirtualMFADevices RejectDelegationRequest ResetServiceSpecificCredential ResyncMFADevice SendDelegationToken \
    SetSecurityTokenServicePreferences SimulateCustomPolicy SimulatePrincipalPolicy TagMFADevice TagSAMLProvider \
    TagServerCertificate UntagMFADevice UntagSAMLProvider UntagServerCertificate UpdateAccountPasswordPolicy \
    UpdateDelegationRequest UpdateSAMLProvider UpdateSSHPublicKey UpdateServerCertificate \
    UpdateServiceSpecificCredential UpdateSigningCertificate UploadSSHPublicKey UploadServerCertificate \
    UploadSigningCertificate";
