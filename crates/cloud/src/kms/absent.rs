//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
    ConnectCustomKeyStore CreateCustomKeyStore CreateGrant Decapsulate Decrypt DeleteCustomKeyStore \
    DeleteImportedKeyMaterial DeriveSharedSecret DescribeCustomKeyStores DisconnectCustomKeyStore Encapsulate \
    Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext \
    GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyLastUsage GetParametersForImport GetPublicKey \
    ImportKeyMaterial ListGrants ListKeyRotations ListRetirableGrants ReEncrypt ReplicateKey RetireGrant \
    RevokeGrant RotateKeyOnDemand Sign UpdateCustomKeyStore UpdatePrimaryRegion Verify VerifyMac";
